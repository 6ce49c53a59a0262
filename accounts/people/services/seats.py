"""How many people a platform package lets a workspace have."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Invitation, Workspace
from accounts.selectors import seats_held
from kit.context import current_context
from kit.errors import Conflict


def seat_taken(workspace: Workspace, *, besides: Invitation | None = None) -> None:
    """Check that a locked workspace has room for one more person; open invitations count.

    Args:
        workspace: with its package.
        besides: the invitation whose person is about to sit down.

    Raises:
        Conflict: the package's number of users is reached.
    """
    limit = workspace.package.max_users
    if limit is None:
        return
    if seats_held(workspace, current_context().now(), besides=besides) >= limit:
        raise Conflict(
            _("The package %(package)s allows %(limit)s users. Choose another package first.")
            % {"package": workspace.package.name, "limit": limit},
            code="limit_reached",
        )
