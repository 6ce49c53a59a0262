"""Batches, SIMs and SIM models in the admin site."""
