"""What can be done to SIMs; one keyword-only function per action."""
