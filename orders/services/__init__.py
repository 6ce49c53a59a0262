"""What can be done in the shop: by customers, and by the operator's staff."""
