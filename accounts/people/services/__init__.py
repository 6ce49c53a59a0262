"""What can be done to people; one keyword-only function per action."""
