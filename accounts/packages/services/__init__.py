"""What can be done to packages and data plans, and to what a workspace subscribes to."""
