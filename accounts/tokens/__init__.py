"""How programs come in: application tokens, and the JWTs they and people get."""
