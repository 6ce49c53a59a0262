"""Management commands of the root."""
