"""Random operations through all doors, from a seed; `play` begins them."""
