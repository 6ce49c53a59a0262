"""Making an account and a workspace for oneself."""
