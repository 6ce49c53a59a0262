"""Users, workspaces and their rights."""
