"""How devices are connected, what networks they are kept off, and messages to them."""
