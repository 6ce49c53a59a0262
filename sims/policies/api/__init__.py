"""Policies over the API, on the wire profiles, with networks and countries (`docs/api.md` section 6)."""
