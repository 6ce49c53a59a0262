"""Pages of connected devices."""
