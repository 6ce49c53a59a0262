"""The users of a workspace, and the way in by an invitation."""
