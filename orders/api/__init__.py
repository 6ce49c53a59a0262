"""The SIM shop over the API (`api_contract.md` section 11)."""
