"""One module for each app whose signals the log turns into rows."""
