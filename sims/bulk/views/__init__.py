"""The dialogs of bulk actions, and their reports."""
