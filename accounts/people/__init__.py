"""People in workspaces: members, invitations, accounts, erasure."""
