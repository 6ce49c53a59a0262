"""Names under which a session keeps where somebody is."""

from __future__ import annotations

LAST_WORKSPACE = "workspace_id"
"""Session key: the workspace whose page was opened last."""


SUPPORT_ACCESS = "support_access_id"
"""Session key: the support access that a member of staff is in."""
