"""What can be done to devices; one keyword-only function per action."""
