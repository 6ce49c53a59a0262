"""Users over the API (`api_contract.md` sections 8 and 9)."""
