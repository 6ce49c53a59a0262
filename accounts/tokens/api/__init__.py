"""Authentication and application tokens over the API (`api_contract.md` sections 1 and 2)."""
