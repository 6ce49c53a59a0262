"""Who acts: from a user or an application token to the actor that services see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.functional import cached_property

from accounts.models import ApplicationToken, SupportAccess, User, Workspace
from accounts.permissions import Permission, Role, actor_may
from accounts.selectors import Enterable, entries_of, person_of
from kit.context import Actor, ActorKind, Person

STAFF_LABEL = "Operator staff"
"""What customers read of a member of the operator's staff: beside the person, or in place of the name."""


def staff_are_named(*, staff: bool) -> bool:
    """Tell whether a reader may know the operator's staff by name (`docs/rules.md` section 11).

    Args:
        staff: whether the reader is on the staff too, and knows colleagues whatever the setting says.
    """
    return staff or settings.STAFF_SHOWN_AS == "person"


def staff_seen(person: Person, *, staff: bool) -> Person:
    """Return a member of the operator's staff as a reader may know them. Arguments as `staff_are_named`."""
    return person if staff_are_named(staff=staff) else Person(person.user_id, STAFF_LABEL, STAFF_LABEL)


@dataclass(frozen=True)
class Access:
    """A person at the door.

    Args:
        actor: who acts.
        entries: the workspaces they may enter, by name; none for staff in the admin site.
    """

    actor: Actor
    entries: list[Enterable]

    @cached_property
    def by_id(self) -> dict[int, Enterable]:
        """The entries by workspace id."""
        return {entry.id: entry for entry in self.entries}


@dataclass(frozen=True, slots=True)
class StaffRights:
    """The rights of a member of staff: those of the staff role, and those that Django knows besides.

    They are read when the first one is asked for (two queries, none for superusers) and kept with the account's object.
    """

    user: User

    def __contains__(self, right: object) -> bool:
        return isinstance(right, str) and self.user.has_perm(right)


class Rights(frozenset[str]):
    """Names of the permissions somebody has in one workspace; `rights.SIM_UPDATE` in templates.

    A name that is no permission is an error in Python and in Jinja2, so that a misspelt one does not hide a button.
    """

    def __getitem__(self, name: str) -> bool:
        return Permission[name].name in self


NO_RIGHTS = Rights()


def rights_of(actor: Actor, workspace_id: int) -> Rights:
    """Return what an actor may do in a workspace. Runs no query."""
    return Rights(permission.name for permission in Permission if actor_may(actor, workspace_id, permission))


def effective_role(role: Role, workspace: Workspace) -> str:
    """Return the role that counts: in a suspended workspace everybody may look and nobody may change."""
    return Role.OBSERVER.value if workspace.status == Workspace.Status.SUSPENDED else role.value


def _roles(entries: Iterable[Enterable]) -> dict[int, str]:
    return {entry.id: effective_role(entry.role, entry.workspace) for entry in entries}


def _closed(entries: Iterable[Enterable]) -> frozenset[int]:
    return frozenset(entry.id for entry in entries if entry.closed)


def _sim_limits(entries: Iterable[Enterable]) -> dict[int, int | None]:
    return {entry.id: entry.workspace.package.max_active_sims for entry in entries}


def _trials(entries: Iterable[Enterable]) -> dict[int, datetime | None]:
    return {entry.id: entry.workspace.trial_ends for entry in entries}


def access_of(user: User) -> Access:
    """Return a customer's actor and workspaces. One query, whatever their number.

    Staff in the portal are treated the same: they see the workspaces they are a member of, and no other.
    """
    entries = entries_of(user.pk)
    actor = Actor(
        kind=ActorKind.USER,
        id=user.pk,
        label=f"User {user.pk}",
        person=person_of(user),
        roles=_roles(entries),
        sim_limits=_sim_limits(entries),
        trials=_trials(entries),
        closed=_closed(entries),
        epoch=user.token_epoch,
    )
    return Access(actor=actor, entries=entries)


def actor_of(user: User) -> Actor:
    """Return the actor for a user who acts through the portal or the API. One query."""
    return access_of(user).actor


def staff_actor(user: User) -> Actor:
    """Return the actor for operator staff in the admin site: not bound to workspaces, but to their rights. No query.

    Raises:
        ValueError: the user is not on the staff; letting them act everywhere would be a defect.
    """
    if not (user.is_staff and user.is_active):
        raise ValueError(f"User {user.pk} is not on the operator's staff.")
    return Actor(
        kind=ActorKind.STAFF,
        id=user.pk,
        label=STAFF_LABEL,
        person=person_of(user),
        everywhere=True,
        rights=StaffRights(user),
        epoch=user.token_epoch,
    )


def support_actor(access: SupportAccess, entries: Sequence[Enterable]) -> Actor:
    """Return the actor for staff in place of a user; `staff` and `acted_for` should be loaded. No query then.

    Staff answer for their own second factor, not for that of the customer: nothing is closed to them.

    Args:
        access: the open support access.
        entries: what the user acted for may enter of what is visited.
    """
    return Actor(
        kind=ActorKind.STAFF_FOR_USER,
        id=access.staff_id,
        label=STAFF_LABEL,
        person=person_of(access.staff),
        acted_for=person_of(access.acted_for),
        roles=_roles(entries),
        sim_limits=_sim_limits(entries),
        trials=_trials(entries),
        epoch=access.staff.token_epoch,
    )


def token_name(token: ApplicationToken) -> str:
    """Return what people call an application token: its description, else its number."""
    return token.description or str(token.pk)


def token_label(name: str, token_id: int) -> str:
    """Return how the log names an application token: two may be called the same, their ids differ."""
    return f"Application token “{name}” (ID {token_id})"


def actor_of_token(token: ApplicationToken) -> Actor:
    """Return the actor for an application token; `token.workspace` must be loaded, with its package. No query.

    It has one workspace and no person: what it does shows no user (`docs/rules.md` section 11).
    """
    return Actor(
        kind=ActorKind.APPLICATION_TOKEN,
        id=token.pk,
        label=token_label(token_name(token), token.pk),
        roles={token.workspace_id: effective_role(Role(token.role), token.workspace)},
        sim_limits={token.workspace_id: token.workspace.package.max_active_sims},
        trials={token.workspace_id: token.workspace.trial_ends},
    )
