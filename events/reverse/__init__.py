"""Reversing events: the opposite action, asked for by the ordinary dialogs, told by ordinary events."""
