"""Connectivity, blocked networks and SMS over the API (`api_contract.md` section 5)."""
