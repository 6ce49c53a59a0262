"""Signing in: passwords, second factors, trusted devices, sessions, the lock-out."""
