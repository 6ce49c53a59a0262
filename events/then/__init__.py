"""As it was: what the log says was true at a moment, each value with the event that made it so."""
