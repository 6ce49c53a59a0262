"""Usage records and statistics over the API (`api_contract.md` sections 4, 5 and 7)."""
