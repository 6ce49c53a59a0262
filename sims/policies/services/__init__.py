"""What can be done to policies; one keyword-only function per action."""
