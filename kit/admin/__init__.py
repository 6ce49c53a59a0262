"""What the admin site of every app is made of: pages that show, and pages that change by calling services."""
