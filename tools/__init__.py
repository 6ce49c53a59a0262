"""What those who develop the portal run by hand; nothing that runs imports it."""
