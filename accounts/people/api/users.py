"""Users of a workspace over the API (`docs/api.md` section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from ninja import Query, Router
from pydantic import Field

from accounts.people.api.second_factors import keys_wire
from accounts.people.services.addresses import rename_account
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.profiles import change_account
from accounts.people.wire import (
    ROLES,
    STATES,
    UserAnswer,
    UserDetailAnswer,
    UserKey,
    find_user,
    not_found,
    role_of,
    role_wire,
    user_wire,
    users_of,
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
from kit.errors import Forbidden, Invalid, NotFound

router = Router(tags=["Users"])

LIMITS: Final = Limits(default=1_000, most=1_000)
SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "status": "status",
    "name": "name",
    "username": "email",
    "organisation": "",
    "created": "created",
}


class UserPatch(Body):
    """A change of an account."""

    wire_name = "User"

    name: WireText | None = Field(None, examples=["Olga Owner"])
    username: WireText | None = Field(None, description="A new address; the account is activated anew by a mail to it.")
    status: Reference | None = Field(None, description="1 Active, 2 Suspended.")


class PermissionAnswer(Answer):
    """A right of a role."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["sim_update"])
    description: str = Field(examples=["change SIMs"])


@router.get("", summary="List users", response=answers(list[UserAnswer], 403, 422))
def list_users(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """The members of the workspace; for Administrators."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.USER_READ)
    order = parse_sort(query.sort, SORT)
    fields = {
        "id": QueryField(number("pk")),
        "status": QueryField(number("status")),
        "name": QueryField(text("name", nullable=False)),
        "username": QueryField(text("email", nullable=False)),
        "organisation": QueryField(constant(workspace.pk)),
    }
    users = users_of(workspace).filter(parse_query(query.q, fields)).order_by(*order.columns)

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        return [user_wire(user, workspace) for user in users[offset : offset + limit]]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=users.count)
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
    """One's own account, and for Administrators those of the workspace."""
    user = find_user(request, user_id)
    workspace = request.auth.workspace
    role = role_of(user.pk, workspace)
    return json_response(
        user_wire(user, workspace) | {"roles": [role_wire(role)] if role is not None else [], "mfa": keys_wire(user)}
    )


@router.patch("/{user_id}", summary="Change a user", response=done(403, 404, 409, 422))
def patch_user(request: ApiRequest, user_id: UserKey, body: UserPatch) -> HttpResponse:
    """Change a name or address, suspend an account or make it active again. Everybody can change their own name.

    A new address ends the password and everything signed in with it (event 10075), and a mail asks to verify it (40).
    """
    user = find_user(request, user_id)
    workspace_id = request.auth.workspace.pk
    try:
        with action():
            change_account(
                workspace_id=workspace_id,
                user_id=user.pk,
                name=body.name,
                status=body.status.id if body.status is not None else None,
            )
            if body.username is not None and body.username.strip().lower() != user.email.lower():
                rename_account(
                    workspace_id=workspace_id,
                    user_id=user.pk,
                    email=body.username,
                    link=lambda secret: request.build_absolute_uri(reverse("account_verify_link", args=[secret])),
                )
    except NotFound as error:
        raise not_found(user_id) from error
    except Invalid as error:
        if error.field != "username":
            raise
        problem = BodyFault(Code.INVALID_FORMAT, f"User - username: {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    return no_content()


@router.delete("/{user_id}", summary="Remove a user", response=done(403, 404, 409))
def delete_user(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """Take a user out of the workspace; with the last workspace goes the account."""
    return remove_user(request, user_id)


def remove_user(request: ApiRequest, user_id: int | str) -> HttpResponse:
    """Take a user out of the workspace of the token; for both versions of the call."""
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    user = find_user(request, user_id)
    try:
        remove_member(workspace_id=request.auth.workspace.pk, user_id=user.pk)
    except NotFound as error:
        raise not_found(user_id) from error
    return no_content()


@router.get(
    "/{user_id}/role/permission", summary="List what a user may do", response=answers(list[PermissionAnswer], 403, 404)
)
def list_permissions(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """The rights that the role of a user holds in this workspace; one's own, or everybody's for Administrators."""
    user = find_user(request, user_id)
    role = role_of(user.pk, request.auth.workspace)
    if role is None:
        raise Forbidden("This user has no role here.", permission=Permission.USER_MANAGE.value)
    return json_response(
        [
            {"id": number_, "name": permission.value, "description": str(permission.label)}
            for number_, permission in enumerate(Permission, start=1)
            if Role(role) in TABLE[permission]
        ]
    )


@router.put("/{user_id}/role/{role_id}", summary="Give a user a role", response=done(403, 404, 409))
def put_role(request: ApiRequest, user_id: UserKey, role_id: PathId) -> HttpResponse:
    """Give a member a role in place of the one held: everybody has one in a workspace."""
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    if role_id not in ROLES:
        raise invalid_reference("Role", role_id)
    user = find_user(request, user_id)
    try:
        change_role(workspace_id=request.auth.workspace.pk, user_id=user.pk, role=ROLES[role_id])
    except NotFound as error:
        raise not_found(user_id) from error
    return no_content()


@router.delete("/{user_id}/role/{role_id}", summary="Take a role from a user", response=done(403, 404, 409))
def delete_role(request: ApiRequest, user_id: UserKey, role_id: PathId) -> HttpResponse:
    """Always refused for the role held, which is the last one; give the user another role instead."""
    authorise(request.auth.workspace.pk, Permission.USER_MANAGE)
    user = find_user(request, user_id)
    refuse_last_role(role_of(user.pk, request.auth.workspace), role_id)
    return no_content()


def refuse_last_role(held: str | None, role_id: int) -> None:
    """Refuse to take a role from a user.

    Raises:
        WireError: 404, a role that is not held; 409, the one that is.
    """
    if held is None or role_wire(held)["id"] != role_id:
        raise invalid_reference("Role", role_id)
    raise WireError(409, Code.NOT_ALLOWED, "The last role of a user can't be removed. Give another role instead.")
