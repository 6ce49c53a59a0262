"""Connectivity, blocked networks and SMS over the API (`docs/api.md` section 5)."""
