"""Authentication and application tokens over the API (`docs/api.md` sections 1 and 2)."""
