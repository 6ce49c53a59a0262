"""Workspaces and requests for them in the admin site."""
