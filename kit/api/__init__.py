"""What the REST API of every app is made of: its error object, its types, its lists and their filters."""
