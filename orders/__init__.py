"""The SIM shop."""
