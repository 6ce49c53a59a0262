"""Who may do what over the API: customers in their workspace, staff in the operator's workspace for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.actors import staff_actor
from accounts.models import Workspace
from accounts.tokens.bearer import ApiRequest
from kit.context import acting_within


@contextmanager
def as_staff(request: ApiRequest, right: str) -> Iterator[bool]:
    """Let a member of the operator's staff act as such, and tell whether they do.

    It takes a person of the staff, signed in to the operator's own workspace by their own credentials, with the same
    right that the admin site asks for. Application tokens and everybody else act as what they are.

    Args:
        request: who has authenticated.
        right: Django's permission, such as "orders.change_order".
    """
    user = request.auth.user
    if (
        user is not None
        and user.is_staff
        and user.is_active
        and request.auth.workspace.type == Workspace.Type.OPERATOR
        and user.has_perm(right)
    ):
        with acting_within(staff_actor(user)):
            yield True
    else:
        yield False
