"""The search over a whole workspace: what is typed leads to an object, a person, a page or an action."""
