"""What can be done to workspaces; one keyword-only function per action."""
