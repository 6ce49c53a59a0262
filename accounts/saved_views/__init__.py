"""Saved views of lists: named, of one person or shared with a workspace (`docs/rules.md` section 13)."""
