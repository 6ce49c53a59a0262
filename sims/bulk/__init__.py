"""Doing something to many: what is selected, what would happen, carrying it out once, the report."""
