"""What can be done about a device's connection; one keyword-only function per action."""
