"""SIMs and batches over the API (`api_contract.md` section 4)."""
