"""Policies over the API, on the wire profiles, with networks and countries (`api_contract.md` section 6)."""
