"""SIMs, devices and policies."""
