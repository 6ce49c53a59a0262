"""The event log: what happened, and who did it."""
