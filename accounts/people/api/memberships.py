"""Users and their workspaces, version 2 of the API (`docs/api.md` sections 8 and 9)."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.models import User, Workspace
from accounts.people.api.users import give_role, refuse_last_role, remove_user
from accounts.people.services.invited import withdraw_from
from accounts.people.services.members import remove_member
from accounts.people.services.profiles import set_default_workspace
from accounts.people.wire import (
    ROLES,
    Listed,
    UserKey,
    WorkspaceOfUserAnswer,
    find_person,
    find_user,
    listed_row,
    not_found,
    role_wire,
)
from accounts.permissions import Permission, Role, actor_may, refuse_closed
from accounts.selectors import entries_of
from accounts.tokens.bearer import ApiRequest, person_of
from accounts.wire import STATES
from kit.api.document import answers, done
from kit.api.errors import Code, WireError, bad_request, invalid_reference
from kit.api.responses import json_response, no_content
from kit.api.types import Body, PathId, Reference
from kit.context import current_actor
from kit.errors import Forbidden, NotFound

router = Router(tags=["Workspaces of a user"])


class MembershipPatch(Body):
    """A change of a membership."""

    wire_name = "Workspace"

    status: Reference = Field(description="1 Active, 2 Suspended.")


@router.delete("/{user_id}", summary="Remove a user", response=done(403, 404, 409))
def delete_user(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """Take a user out of the workspace, or an invitation back; with the last workspace goes the account."""
    return remove_user(request, user_id)


@router.get(
    "/{user_id}/workspace",
    summary="List the workspaces of a user",
    response=answers(list[WorkspaceOfUserAnswer], 403, 404),
)
def list_workspaces(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """One's own workspaces; of others those in which the caller is Administrator.

    An invitation is no workspace of theirs until it is accepted.
    """
    user = User.objects.get(pk=find_person(request, user_id).id)
    own = request.auth.user is not None and request.auth.user.pk == user.pk
    actor = current_actor()
    return json_response(
        [
            {
                "id": entry.id,
                "name": entry.name,
                "status": STATES[entry.workspace.status],
                "roles": [role_wire(entry.role)],
                "owner": entry.role == Role.SUPERADMIN,
                "default_workspace": user.default_workspace_id == entry.id,
            }
            for entry in entries_of(user.pk)
            if own or actor_may(actor, entry.id, Permission.USER_READ)
        ]
    )


def _managed(request: ApiRequest, user_id: int | str, workspace_id: int) -> tuple[Listed, Workspace]:
    """Return somebody of a workspace that the caller administers, which may be another than the token's.

    Raises:
        WireError: 404, neither a member nor invited there; 400, one's own account.
        Forbidden: the caller may not manage users there, or the workspace does not exist for them.
    """
    actor = current_actor()
    refuse_closed(actor, workspace_id)
    if not actor_may(actor, workspace_id, Permission.USER_MANAGE):
        raise Forbidden("Only Administrators of the workspace can do this.", permission=Permission.USER_MANAGE.value)
    workspace = Workspace.objects.select_related("main").get(pk=workspace_id)
    own = request.auth.user
    if user_id == "my":
        own = person_of(request)
    if own is not None and user_id in ("my", own.pk, own.email):
        raise bad_request("Your own account cannot be changed here.")
    person = listed_row(workspace, user_id)
    if person is None:
        raise not_found(user_id)
    return person, workspace


@router.patch(
    "/{user_id}/workspace/{workspace_id}", summary="Change a membership", response=done(400, 403, 404, 409, 422)
)
def patch_membership(
    request: ApiRequest, user_id: UserKey, workspace_id: PathId, body: MembershipPatch
) -> HttpResponse:
    """Memberships are active. To suspend one alone is refused: remove it, or suspend the account."""
    person, _workspace = _managed(request, user_id, workspace_id)
    if not person.joined:
        raise not_found(user_id)
    if body.status.id not in (1, 2):
        raise invalid_reference("Status", body.status.id, status=422)
    if body.status.id == 2:
        text = "A membership cannot be suspended by itself. Remove the user from the workspace, or suspend the account."
        raise WireError(409, Code.NOT_ALLOWED, text)
    return no_content()


@router.delete(
    "/{user_id}/workspace/{workspace_id}", summary="Remove a user from a workspace", response=done(403, 404, 409)
)
def delete_membership(request: ApiRequest, user_id: UserKey, workspace_id: PathId) -> HttpResponse:
    """Take a user out of a workspace that the caller administers, or an invitation to it back."""
    person, workspace = _managed(request, user_id, workspace_id)
    remove = remove_member if person.joined else withdraw_from
    remove(workspace_id=workspace.pk, user_id=person.id)
    return no_content()


@router.put(
    "/{user_id}/workspace/{workspace_id}/role/{role_id}",
    summary="Give a user a role in a workspace",
    response=done(403, 404, 409),
)
def put_role(request: ApiRequest, user_id: UserKey, workspace_id: PathId, role_id: PathId) -> HttpResponse:
    """Give a user a role in place of the one held."""
    person, workspace = _managed(request, user_id, workspace_id)
    if role_id not in ROLES:
        raise invalid_reference("Role", role_id)
    give_role(workspace_id=workspace.pk, person=person, role_id=role_id)
    return no_content()


@router.delete(
    "/{user_id}/workspace/{workspace_id}/role/{role_id}",
    summary="Take a role from a user in a workspace",
    response=done(403, 404, 409),
)
def delete_role(request: ApiRequest, user_id: UserKey, workspace_id: PathId, role_id: PathId) -> HttpResponse:
    """Refused for the role held, which is the last one; one that is not held, or not any more, is taken already."""
    person, _workspace = _managed(request, user_id, workspace_id)
    refuse_last_role(person.role, role_id)
    return no_content()


@router.put(
    "/{user_id}/default_organisation/{workspace_id}",
    summary="Choose the workspace that sign-in opens",
    response=answers(None, 403),
)
def put_default_workspace(request: ApiRequest, user_id: UserKey, workspace_id: PathId) -> HttpResponse:
    """Choose the workspace in which one's own account begins, out of one's own workspaces; anything else is 403."""
    user = find_user(request, user_id, manage=False) if user_id == "my" else request.auth.user
    if user is None or user_id not in ("my", user.pk, user.email):
        raise Forbidden("Everybody chooses their own default workspace.", permission="default_workspace")
    try:
        set_default_workspace(workspace_id=workspace_id, user_id=user.pk)
    except NotFound as error:
        raise Forbidden("You are not in this workspace.", permission="default_workspace") from error
    return HttpResponse(status=200, content_type="application/json")
