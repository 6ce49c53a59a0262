"""Replay: what the events alone say is so, and whether the tables say the same (`docs/trust.md`)."""
