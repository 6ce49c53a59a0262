"""Service policies and coverage policies."""
