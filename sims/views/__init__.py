"""Pages of SIMs, devices and policies."""
