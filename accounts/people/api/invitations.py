"""Inviting users over the API, both versions of the call (`docs/api.md` section 8)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import Field

from accounts.people.api import users
from accounts.people.services.invitations import invite_user
from accounts.people.wire import InvitedAnswer, role_wire, wanted_role
from accounts.tokens.bearer import ApiRequest
from kit.api.document import answers
from kit.api.errors import BodyFault, Code, WireError, invalid_reference
from kit.api.responses import created
from kit.api.types import Body, Reference, WireText
from kit.errors import Invalid

invitations = Router(tags=["Users"])


class InvitationBody(Body):
    """Somebody to invite into the workspace of the token."""

    wire_name = "User"

    username: WireText = Field(description="E-mail address.", examples=["nina.new@example.com"])
    name: WireText = Field(examples=["Nina New"])
    organisation: Reference | None = Field(None, description="The workspace of the token.")
    roles: list[Reference] | None = Field(None, description="One role; Administrator unless said.")


@users.router.post("", summary="Invite a user", response=answers(InvitedAnswer, 403, 404, 409, 422, status=201))
def post_user(request: ApiRequest, body: InvitationBody) -> HttpResponse:
    """Invite somebody by mail; the account is not active until they accept (event 36)."""
    return _invite(request, body)


@invitations.post(
    "/invitation", summary="Invite a user, version 2", response=answers(InvitedAnswer, 403, 404, 409, 422, status=201)
)
def post_invitation(request: ApiRequest, body: InvitationBody) -> HttpResponse:
    """Invite somebody by mail; the account is not active until they accept (event 36)."""
    return _invite(request, body)


def _invite(request: ApiRequest, body: InvitationBody) -> HttpResponse:
    workspace = request.auth.workspace
    if body.organisation is not None and body.organisation.id != workspace.pk:
        raise invalid_reference("Organisation", body.organisation.id)
    role = wanted_role(each.id for each in body.roles or ())
    try:
        invited = invite_user(
            workspace_id=workspace.pk,
            email=body.username,
            name=body.name,
            role=role,
            link=lambda secret: request.build_absolute_uri(reverse("accounts:invitation", args=[secret])),
        )
    except Invalid as error:
        problem = BodyFault(Code.INVALID_FORMAT, f"User - {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    user = invited.user
    made: dict[str, Any] = {
        "id": user.pk,
        # As typed: of an account that exists, its own name is nobody else's business yet.
        "username": invited.email,
        "name": invited.name,
        "organisation": {"id": workspace.pk, "name": workspace.name},
        "roles": [role_wire(role)],
    }
    return created(request, made, f"/api/v1/user/{user.pk}")
