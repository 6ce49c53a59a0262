"""Taking in usage, and ending factory tests."""
