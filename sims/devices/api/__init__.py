"""Devices, on the wire endpoints, over the API (`api_contract.md` section 5)."""
