"""What the calls about users have in common: which user is meant, and how one looks on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from accounts.models import Membership, User, Workspace
from accounts.people.selectors import people_of
from accounts.permissions import Permission, Role, authorise
from accounts.sign_in.authentication import AccountLocked
from accounts.sign_in.services.mail_codes import TooManyCodes
from accounts.tokens.bearer import ApiRequest, person_of
from kit.api import limits
from kit.api.document import Absent, Answer, Lookup, NamedRef
from kit.api.errors import WireError, bad_request, invalid_reference
from kit.api.responses import wire_time
from kit.api.types import long_of
from kit.context import current_context

KIND: Final = "User"
STATES: Final = {
    User.Status.ACTIVATION_PENDING: {"id": 0, "description": "Activation Pending"},
    User.Status.ACTIVE: {"id": 1, "description": "Active"},
    User.Status.SUSPENDED: {"id": 2, "description": "Suspended"},
}
ROLE_IDS: Final = {Role.ADMINISTRATOR.value: 1, Role.USER.value: 2, Role.OBSERVER.value: 3}
ROLES: Final = {number: role for role, number in ROLE_IDS.items()}


def role_wire(role: str) -> dict[str, Any]:
    """Return a role; SuperAdmin has no published id and shows as Administrator (`docs/rules.md` decision 13)."""
    name = role if role in ROLE_IDS else Role.ADMINISTRATOR.value
    return {"id": ROLE_IDS[name], "name": name}


def _user_key(value: object) -> int | str:
    """Take an id, an e-mail address, or `my`."""
    if value == "my" or (isinstance(value, str) and "@" in value and "\x00" not in value):
        return str(value)
    found = long_of(value)
    if found is None:
        raise bad_request(f'Cannot parse parameter id as Long: For input string: "{value}"')
    return found


UserKey = Annotated[
    int | str,
    BeforeValidator(_user_key),
    Field(description="Id or e-mail address of a user, or `my` for one's own.", examples=["my"]),
]


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody of a workspace, joined or invited, as its Administrators see them.

    Args:
        id: of the account.
        username, name, created, status: of the account; of somebody invited what the invitation says.
        role: held, or to be held; `None` for one's own account where it is no member's.
        joined: whether they have accepted: the account itself is a member's then.
    """

    id: int
    username: str
    name: str
    created: datetime
    status: int
    role: str | None
    joined: bool


LISTED: Final = ("id", "shown_email", "shown_name", "shown_created", "shown_status", "held_role", "is_inside")
"""Columns of `people_of` that make a `Listed`, in its order."""


def listed_row(workspace: Workspace, key: int | str) -> Listed | None:
    """Return one person of a workspace by id or address, `None` for nobody. One query."""
    people = people_of(workspace)
    people = people.filter(pk=key) if isinstance(key, int) else people.filter(shown_email__iexact=key)
    found = people.values_list(*LISTED).first()
    return Listed(*found) if found is not None else None


def find_person(request: ApiRequest, key: int | str) -> Listed:
    """Return the person that a path names, joined or invited.

    Args:
        request: authenticated.
        key: as `UserKey` reads it.

    Raises:
        Forbidden: `my` of an application token; somebody else without the right to see users.
        WireError: 404, nobody of this workspace.
    """
    own, workspace = request.auth.user, request.auth.workspace
    if key == "my":
        own = person_of(request)
    if own is not None and key in ("my", own.pk, own.email):
        role = role_of(own.pk, workspace)
        return Listed(own.pk, own.email, own.name, own.created, own.status, role, joined=True)
    authorise(workspace.pk, Permission.USER_READ)
    found = listed_row(workspace, key)
    if found is None:
        raise not_found(key)
    return found


def find_user(request: ApiRequest, key: int | str, *, manage: bool = True) -> User:
    """Return the member that a path names, with the account; somebody invited is none yet.

    Args:
        request: authenticated.
        key: as `UserKey` reads it.
        manage: whether others than oneself need the right to see users.

    Raises:
        Forbidden: `my` of an application token; somebody else's account without the right.
        WireError: 404, nobody of this workspace.
    """
    own = request.auth.user
    if key == "my":
        return person_of(request)
    if own is not None and key in (own.pk, own.email):
        return own
    if manage:
        authorise(request.auth.workspace.pk, Permission.USER_READ)
    found = listed_row(request.auth.workspace, key)
    if found is None or not found.joined:
        raise not_found(key)
    return User.objects.get(pk=found.id)


def not_found(key: int | str) -> WireError:
    """Return the answer for a user that is not in this workspace, whether there is one elsewhere or not."""
    return invalid_reference(KIND, key if isinstance(key, int) else 0)


def locked_out(error: AccountLocked | TooManyCodes) -> WireError:
    """Return the answer for too many wrong passwords, codes or mails of who has signed in: 429 with `Retry-After`."""
    return limits.too_many(max(1, round((error.until - current_context().now()).total_seconds())))


class UserAnswer(Answer):
    """A user of the workspace."""

    id: int = Field(examples=[12])
    username: str = Field(examples=["olga.owner@example.com"])
    name: str = Field(examples=["Olga Owner"])
    created: str = Field(examples=["2026-11-20T08:15:00.000+0000"])
    status: Lookup
    organisation: NamedRef


class UserDetailAnswer(UserAnswer):
    """A user with roles and second factors."""

    roles: list[NamedRef]
    mfa: list[Any] = Field(description="Second factors.", examples=[[]])


class WorkspaceOfUserAnswer(Answer):
    """A workspace of a user."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["Example North"])
    status: Lookup
    roles: list[NamedRef]
    owner: bool = Field(description="Whether the user is its SuperAdmin.")
    default_workspace: bool = Field(description="Whether sign-in opens it.")


class InvitedAnswer(Answer):
    """An invited user."""

    id: int = Field(examples=[12])
    username: str = Field(examples=["nina.new@example.com"])
    name: str = Field(examples=["Nina New"])
    organisation: NamedRef | Absent = None
    roles: list[NamedRef]


def user_wire(person: Listed, workspace: Workspace) -> dict[str, Any]:
    """Return somebody as lists show them."""
    return {
        "id": person.id,
        "username": person.username,
        "name": person.name,
        "created": wire_time(person.created),
        "status": STATES[User.Status(person.status)],
        "organisation": {"id": workspace.pk, "name": workspace.name},
    }


def role_of(user_id: int, workspace: Workspace) -> str | None:
    """Return the role a user holds in a workspace, `None` for nobody of it."""
    super_admin_id = workspace.super_admin_id or (workspace.main.super_admin_id if workspace.main else None)
    if super_admin_id == user_id:
        return Role.SUPERADMIN.value
    return Membership.objects.of(workspace.pk).filter(user_id=user_id).values_list("role", flat=True).first()


def wanted_role(roles: Iterable[int]) -> str:
    """Return the one role that ids ask for; Administrator when none is given.

    Raises:
        WireError: an unknown id, or several: everybody has one role in a workspace.
    """
    ids = list(roles)
    if not ids:
        return Role.ADMINISTRATOR.value
    for number in ids:
        if number not in ROLES:
            raise invalid_reference("Role", number, status=422)
    if len(set(ids)) > 1:
        raise bad_request("A user has one role in a workspace.")
    return ROLES[ids[0]]
