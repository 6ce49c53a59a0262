"""Operator staff in a customer's workspace, in place of one of its users (`docs/rules.md` section 11; 13 and 10042)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import signals
from accounts.actors import Access, support_actor
from accounts.locking import lock_user
from accounts.models import SupportAccess, User, Workspace
from accounts.permissions import authorise_staff
from accounts.selectors import entries_of, operator_workspace_id, person_of
from accounts.staff_roles import SUPPORT_RIGHT
from kit.action import action, retried
from kit.context import acting_within, current_context
from kit.errors import Forbidden, Invalid, NotFound
from kit.text import one_line

REASON_LENGTH: Final = (5, 300)


def lifetime() -> timedelta:
    """Return how long support access lasts at most: setting `SUPPORT_ACCESS_MINUTES`."""
    return timedelta(minutes=settings.SUPPORT_ACCESS_MINUTES)


@retried
def start_support_access(*, workspace_id: int, user_id: int, reason: str) -> SupportAccess:
    """Let the acting member of staff into a workspace in place of a user (event 13 there, at once).

    Args:
        workspace_id: the workspace visited.
        user_id: the user acted for; only an active one of this workspace.
        reason: why; the customer reads it.

    Raises:
        Forbidden: somebody else than a member of staff asks.
        NotFound: the user is not in this workspace, or there is none of this id.
        Invalid: no reason, or too long a one.
    """
    staff = authorise_staff(SUPPORT_RIGHT)
    if staff.person is None or staff.acted_for is not None:
        raise Forbidden(_("Only a member of the operator's staff can enter a workspace."), permission="support_access")
    why = one_line(reason, most=REASON_LENGTH[1], field="reason", required=False)
    if len(why) < REASON_LENGTH[0]:
        raise Invalid(_("Say why, in 5 to 300 characters. The customer reads it."), field="reason")
    now = current_context().now()
    with action():
        acting = lock_user(staff.person.user_id)
        if not (acting.is_active and acting.is_staff):
            raise Forbidden(
                _("Only a member of the operator's staff can enter a workspace."), permission="support_access"
            )
        user = User.objects.filter(pk=user_id, is_staff=False, status=User.Status.ACTIVE).first()
        entry = next((entry for entry in entries_of(user_id) if entry.id == workspace_id), None) if user else None
        if user is None or entry is None:
            raise NotFound(_("There is no such user in this workspace."), field="user")
        end_accesses_of(acting.pk)
        access = SupportAccess.objects.create(
            workspace=entry.workspace,
            staff=acting,
            acted_for=user,
            reason=why,
            started=now,
            expires=now + lifetime(),
        )
        with acting_within(access_under(access).actor):
            signals.support_started.send(
                sender=SupportAccess,
                workspace=entry.workspace,
                operator=Workspace.objects.get(pk=operator_workspace_id()),
                subject=person_of(user),
                reason=why,
                access_id=access.pk,
            )
    return access


@retried
def end_support_access(*, access_id: int, timed_out: bool = False) -> None:
    """End support access (event 10042); one that is over already stays as it is.

    Args:
        access_id: which one.
        timed_out: whether its time ran out.
    """
    with action():
        access = SupportAccess.objects.select_for_update(of=("self",)).filter(pk=access_id, ended__isnull=True).first()
        if access is None:
            return
        access.ended = access.expires if timed_out else current_context().now()
        access.save(update_fields=["ended"])
        with acting_within(access_under(access).actor):
            signals.support_ended.send(
                sender=SupportAccess,
                workspace_id=access.workspace_id,
                subject=person_of(access.acted_for),
                reason=access.reason,
                access_id=access.pk,
                timed_out=timed_out,
            )


def end_accesses_of(staff_id: int) -> None:
    """End the support access that a locked member of staff is in, by pages or by a token (event 10042)."""
    found = SupportAccess.objects.filter(staff_id=staff_id, ended__isnull=True)
    for access_id in list(found.values_list("pk", flat=True)):
        end_support_access(access_id=access_id)


def end_overdue() -> int:
    """End every support access whose time is over, for those whose staff never came back. Returns how many."""
    overdue = SupportAccess.objects.filter(ended__isnull=True, expires__lte=current_context().now())
    ids = list(overdue.values_list("pk", flat=True))
    for access_id in ids:
        end_support_access(access_id=access_id, timed_out=True)
    return len(ids)


def access_under(access: SupportAccess) -> Access:
    """Return the door that support access opens: the one workspace, with the rights of the user acted for."""
    entries = [entry for entry in entries_of(access.acted_for_id) if entry.id == access.workspace_id]
    return Access(actor=support_actor(access, entries), entries=entries)
