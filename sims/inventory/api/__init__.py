"""SIMs and batches over the API (`docs/api.md` section 4)."""
