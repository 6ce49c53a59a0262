"""Users over the API (`docs/api.md` sections 8 and 9)."""
