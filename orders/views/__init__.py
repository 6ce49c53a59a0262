"""Pages of the SIM shop."""
