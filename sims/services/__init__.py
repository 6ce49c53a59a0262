"""One function per action; every surface calls these and nothing else writes."""
