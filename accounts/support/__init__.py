"""Support access: operator staff in a customer's workspace, in place of one of its users."""
