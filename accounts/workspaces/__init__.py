"""Workspaces: their settings, company, links and requests."""
