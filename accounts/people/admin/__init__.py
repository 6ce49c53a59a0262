"""Users in the admin site."""
