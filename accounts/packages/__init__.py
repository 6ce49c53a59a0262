"""What workspaces subscribe to: platform packages and data plans."""
