"""Rights hold while an action runs: who loses one acts before that, or not at all (`docs/rules.md` section 9).

What somebody may do is found before rows are locked, and waiting for them can take long. So an action begins by locking
what its rights rest on, shared, and by reading them anew; whoever takes rights away locks the same for itself alone.
One of the two waits for the other: the action is in the log before the loss, or it is refused.

On PostgreSQL these are advisory locks of the transaction. Rows would do as well, but signing in and noting the last use
write the rows of people and tokens all the time, and must not wait for an action. SQLite lets one writer in at a time.
They come before all locks of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection
from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts import signals
from accounts.queued_actors import as_of_now
from accounts.signals import SettingChange, TokenRow
from kit.context import PERSON_KINDS, Actor, ActorKind, Person, bind_actor, current_actor, current_context
from kit.errors import DomainError

_REVOCABLE: Final = PERSON_KINDS | {ActorKind.APPLICATION_TOKEN}
_USER, _TOKEN, _WORKSPACE = 0x52_01, 0x52_02, 0x52_03
"""What a lock is about; the first of the two numbers that PostgreSQL knows one by."""
_LOSES: Final = frozenset({"status", "is_staff", "is_superuser", "staff_role"})
"""Fields of an account that rights rest on."""
CLOSES: Final = frozenset({"status", "mfa_required", "main_id"})
"""Settings of a workspace that the rights of its people rest on."""


class AccessEnded(DomainError):
    """Whoever acts was revoked, suspended or taken out while the call waited; nothing was done."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            _("Your access ended before this could be done, so nothing was changed."), code="invalid_token"
        )


def require_standing() -> None:
    """Check that the current actor may still act as was found before this action; its gate. Runs at most seven queries.

    What was asked for since the last action is asked for again where the actor's rights are others by now.

    Raises:
        AccessEnded: the person, token or support access is no more, or is not in the workspace any more.
        Forbidden: a right that was found is gone.
    """
    actor = current_actor()
    if actor.kind not in _REVOCABLE:
        return
    asked = current_context().asked
    places = {workspace_id for workspace_id, _right in asked if workspace_id is not None}
    _lock("pg_advisory_xact_lock_shared", [*_grounds(actor), *((_WORKSPACE, pk) for pk in places)])
    now = as_of_now(actor)
    if now is None or any(pk in actor.roles and pk not in now.roles for pk in places):
        raise AccessEnded
    if now == actor and actor.kind != ActorKind.STAFF:
        return
    bind_actor(now)
    for again in list(asked.values()):
        again()


def withhold(*, users: Iterable[int] = (), tokens: Iterable[int] = (), workspaces: Iterable[int] = ()) -> None:
    """Let nobody of these begin an action, and wait for those that run, until the present transaction ends.

    Services that take rights away call it before they lock rows. What they state afterwards calls it again, so that one
    that forgot it still is in the right order, and risks no more than to be broken off by a deadlock and done again.

    Args:
        users: whose role, state or support access ends.
        tokens: application tokens that are revoked or lowered.
        workspaces: those that close to people who are in them.
    """
    _lock(
        "pg_advisory_xact_lock",
        [
            *((_USER, pk) for pk in users),
            *((_TOKEN, pk) for pk in tokens),
            *((_WORKSPACE, pk) for pk in workspaces),
        ],
    )


def _grounds(actor: Actor) -> list[tuple[int, int]]:
    if actor.kind == ActorKind.APPLICATION_TOKEN:
        return [(_TOKEN, actor.id)]
    acted_for = [(_USER, actor.acted_for.user_id)] if actor.acted_for is not None else []
    return [(_USER, actor.id), *acted_for]


def _lock(function: str, grounds: Iterable[tuple[int, int]]) -> None:
    """Take advisory locks, in one order. One query on PostgreSQL, none on SQLite."""
    ordered = sorted(set(grounds))
    if connection.vendor != "postgresql" or not ordered:
        return
    calls = ", ".join(f"{function}(%s, %s)" for _each in ordered)
    # The second number has 31 bits: two ids that share one wait for each other without need, and no more.
    numbers = [number for kind, pk in ordered for number in (kind, pk & 0x7FFF_FFFF)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", numbers)


@receiver(
    [
        signals.role_changed,
        signals.member_removed,
        signals.user_deleted,
        signals.mfa_removed,
        signals.password_changed,
        signals.support_ended,
    ],
    dispatch_uid="accounts.standing.person",
)
def _person_lost(subject: Person, **_facts: Any) -> None:
    withhold(users=[subject.user_id])


@receiver(signals.user_updated, dispatch_uid="accounts.standing.account")
def _account_changed(subject: Person, changes: signals.Changes, **_facts: Any) -> None:
    if _LOSES & changes.keys():
        withhold(users=[subject.user_id])


@receiver(signals.user_erased, dispatch_uid="accounts.standing.erased")
def _person_erased(user_id: int, **_facts: Any) -> None:
    withhold(users=[user_id])


@receiver(
    [signals.application_token_revoked, signals.application_token_lowered], dispatch_uid="accounts.standing.token"
)
def _token_lost(token: TokenRow, **_facts: Any) -> None:
    withhold(tokens=[token.id])


@receiver(signals.workspace_settings_changed, dispatch_uid="accounts.standing.workspace")
def _workspace_closed(workspace_id: int, changes: list[SettingChange], **_facts: Any) -> None:
    if any(change.field in CLOSES for change in changes):
        withhold(workspaces=[workspace_id])
