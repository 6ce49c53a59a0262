"""Rules that several doors keep: one file a rule, and in it one table that tries every door."""
