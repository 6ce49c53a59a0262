"""Devices: created, changed, enabled and disabled, tagged."""
