"""Pages of the SIM inventory."""
