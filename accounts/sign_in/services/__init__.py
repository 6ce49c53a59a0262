"""What somebody can do about the way they sign in; one keyword-only function per action."""
