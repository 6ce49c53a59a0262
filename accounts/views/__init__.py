"""Pages about people, workspaces and one's own account."""
