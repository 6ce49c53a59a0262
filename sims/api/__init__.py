"""SIMs, batches, endpoints (devices) and profiles (policies) over the API; `api_contract.md` sections 4 to 6."""
