"""Users of a workspace over the API (`docs/api.md` section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from ninja import Query, Router
from pydantic import Field

from accounts.mail_links import LinkMaker
from accounts.people.api.second_factors import keys_wire
from accounts.people.selectors import people_of
from accounts.people.services.addresses import rename_account
from accounts.people.services.invited import change_invited, change_invited_role, withdraw_from
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.profiles import change_account
from accounts.people.wire import (
    LISTED,
    ROLES,
    STATES,
    Listed,
    UserAnswer,
    UserDetailAnswer,
    UserKey,
    find_person,
    not_found,
    role_wire,
    user_wire,
)
from accounts.permissions import TABLE, Permission, Role, authorise
from accounts.tokens.bearer import ApiRequest
from kit.action import action
from kit.api.criteria import Field as QueryField
from kit.api.criteria import constant, number, parse_query, parse_sort, text
from kit.api.document import Answer, Lookup, NamedRef, answers, done
from kit.api.errors import BodyFault, Code, WireError, invalid_reference
from kit.api.lists import Limits, ListQuery, page_response, read_page
from kit.api.responses import json_response, no_content
from kit.api.types import Body, PathId, Reference, WireText
from kit.email_addresses import email_address_of
from kit.errors import Forbidden, Invalid, NotFound

router = Router(tags=["Users"])

LIMITS: Final = Limits(default=1_000, most=1_000)
SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "status": "shown_status",
    "name": "shown_name",
    "username": "shown_email",
    "organisation": "",
    "created": "shown_created",
}


class UserPatch(Body):
    """A change of an account."""

    wire_name = "User"

    name: WireText | None = Field(None, examples=["Olga Owner"])
    username: WireText | None = Field(None, description="A new address; the account is activated anew by a mail to it.")
    status: Reference | None = Field(
        None, description="1 Active, 2 Suspended; 0 for an account that was suspended before it was activated."
    )


def invitation_link(request: ApiRequest) -> LinkMaker:
    """Return what makes the address of an invitation's mail."""
    return lambda secret: request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))


class PermissionAnswer(Answer):
    """A right of a role."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["sim_update"])
    description: str = Field(examples=["change SIMs"])


@router.get("", summary="List users", response=answers(list[UserAnswer], 403, 422))
def list_users(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """The members of the workspace, and whoever is invited (state 0); for Administrators."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.USER_READ)
    order = parse_sort(query.sort, SORT)
    fields = {
        "id": QueryField(number("pk")),
        "status": QueryField(number("shown_status")),
        "name": QueryField(text("shown_name", nullable=False)),
        "username": QueryField(text("shown_email", nullable=False)),
        "organisation": QueryField(constant(workspace.pk)),
    }
    people = people_of(workspace).filter(parse_query(query.q, fields)).order_by(*order.columns)

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        found = people.values_list(*LISTED)[offset : offset + limit]
        return [user_wire(Listed(*row), workspace) for row in found]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=people.count)
    return page_response(request, page, rows, sort=order.header)


@router.get("/status", summary="List the states of users", response=answers(list[Lookup]))
def list_user_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(list(STATES.values()))


@router.get("/role", summary="List the roles of users", response=answers(list[NamedRef]))
def list_roles(request: ApiRequest) -> HttpResponse:
    """The lookup table of roles; SuperAdmin is no role but stands on the organisation."""
    return json_response([role_wire(role) for role in ROLES.values()])


@router.get("/{user_id}", summary="Get a user", response=answers(UserDetailAnswer, 403, 404))
def get_user(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """One's own account, and for Administrators those of the workspace; of who is invited, what the invitation says."""
    person = find_person(request, user_id)
    roles = [role_wire(person.role)] if person.role is not None else []
    keys = keys_wire(person.id) if person.joined else []
    return json_response(user_wire(person, request.auth.workspace) | {"roles": roles, "mfa": keys})


@router.patch("/{user_id}", summary="Change a user", response=done(403, 404, 409, 422))
def patch_user(request: ApiRequest, user_id: UserKey, body: UserPatch) -> HttpResponse:
    """Change a name or address, suspend an account or make it active again. Everybody can change their own name.

    A new address ends the password and everything signed in with it (event 10075), and a mail asks to verify it (40).
    Of somebody invited, a new address sends the invitation there (36).
    """
    person = find_person(request, user_id)
    status = body.status.id if body.status is not None else None
    try:
        if person.joined:
            _change_member(request, person, body, status)
        else:
            change_invited(
                workspace_id=request.auth.workspace.pk,
                user_id=person.id,
                name=body.name,
                email=body.username,
                status=status,
                link=invitation_link(request),
            )
    except NotFound as error:
        raise not_found(user_id) from error
    except Invalid as error:
        if error.field != "username":
            raise
        problem = BodyFault(Code.INVALID_FORMAT, f"User - username: {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    return no_content()


def _change_member(request: ApiRequest, person: Listed, body: UserPatch, status: int | None) -> None:
    workspace_id = request.auth.workspace.pk

    def link(secret: str) -> str:
        return request.build_absolute_uri(reverse("account_verify_link", args=[secret]))

    with action():
        change_account(workspace_id=workspace_id, user_id=person.id, name=body.name, status=status, link=link)
        if body.username is not None and email_address_of(body.username) != email_address_of(person.username):
            rename_account(workspace_id=workspace_id, user_id=person.id, email=body.username, link=link)


@router.delete("/{user_id}", summary="Remove a user", response=done(403, 404, 409))
def delete_user(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """Take a user out of the workspace, or an invitation back; with the last workspace goes the account."""
    return remove_user(request, user_id)


def remove_user(request: ApiRequest, user_id: int | str) -> HttpResponse:
    """Take a user out of the workspace of the token; for both versions of the call."""
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    person = find_person(request, user_id)
    remove = remove_member if person.joined else withdraw_from
    try:
        remove(workspace_id=request.auth.workspace.pk, user_id=person.id)
    except NotFound as error:
        raise not_found(user_id) from error
    return no_content()


@router.get(
    "/{user_id}/role/permission", summary="List what a user may do", response=answers(list[PermissionAnswer], 403, 404)
)
def list_permissions(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """The rights that the role of a user holds in this workspace; one's own, or everybody's for Administrators.

    Whoever is invited has none until they accept.
    """
    person = find_person(request, user_id)
    role = person.role
    if role is None:
        raise Forbidden("This user has no role here.", permission=Permission.USER_MANAGE.value)
    if not person.joined:
        return json_response([])
    return json_response(
        [
            {"id": number_, "name": permission.value, "description": str(permission.label)}
            for number_, permission in enumerate(Permission, start=1)
            if Role(role) in TABLE[permission]
        ]
    )


@router.put("/{user_id}/role/{role_id}", summary="Give a user a role", response=done(403, 404, 409))
def put_role(request: ApiRequest, user_id: UserKey, role_id: PathId) -> HttpResponse:
    """Give a user a role in place of the one held: everybody has one in a workspace."""
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    if role_id not in ROLES:
        raise invalid_reference("Role", role_id)
    person = find_person(request, user_id)
    try:
        give_role(workspace_id=request.auth.workspace.pk, person=person, role_id=role_id)
    except NotFound as error:
        raise not_found(user_id) from error
    return no_content()


def give_role(*, workspace_id: int, person: Listed, role_id: int) -> None:
    """Give somebody a role, to be held from joining on if they are invited; for both versions of the call."""
    change = change_role if person.joined else change_invited_role
    change(workspace_id=workspace_id, user_id=person.id, role=ROLES[role_id])


@router.delete("/{user_id}/role/{role_id}", summary="Take a role from a user", response=done(403, 404, 409))
def delete_role(request: ApiRequest, user_id: UserKey, role_id: PathId) -> HttpResponse:
    """Refused for the role held, which is the last one; one that is not held, or not any more, is taken already.

    So a role is changed by PUT of the new one and DELETE of the old one, or by the PUT alone.
    """
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    refuse_last_role(find_person(request, user_id).role, role_id)
    return no_content()


def refuse_last_role(held: str | None, role_id: int) -> None:
    """Refuse to take the role that a user holds.

    Raises:
        WireError: 404, there is no such role; 409, it is the one that is held.
    """
    if role_id not in ROLES:
        raise invalid_reference("Role", role_id)
    if held is not None and role_wire(held)["id"] == role_id:
        raise WireError(409, Code.NOT_ALLOWED, "The last role of a user can't be removed. Give another role instead.")
