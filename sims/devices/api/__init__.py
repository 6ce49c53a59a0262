"""Devices, on the wire endpoints, over the API (`docs/api.md` section 5)."""
