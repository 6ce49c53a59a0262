"""Usage records and statistics over the API (`docs/api.md` sections 4, 5 and 7)."""
