"""The SIM shop over the API (`docs/api.md` section 11)."""
