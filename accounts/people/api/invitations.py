"""Inviting users over the API, both versions of the call (`docs/api.md` section 8)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import Field

from accounts.mail_links import LinkMaker
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


class InvitationBody2(InvitationBody):
    """Somebody to invite into the workspace of the token, with or without a mail."""

    send_mail: bool = Field(False, description="Ours: whether to send the mail with the link.", examples=[False])


class InvitedAnswer2(InvitedAnswer):
    """An invited user, and where the way in begins."""

    activation_url: str = Field(
        examples=["https://portal.example.com/accounts/activation/"],
        description="Ours: the page where the invited person asks for the mail with the link.",
    )


@users.router.post("", summary="Invite a user", response=answers(InvitedAnswer, 403, 404, 409, 422, status=201))
def post_user(request: ApiRequest, body: InvitationBody) -> HttpResponse:
    """Invite somebody by mail; the account is not active until they accept (event 36)."""
    made = _invite(request, body, users.invitation_link(request))
    return created(request, made, f"/api/v1/user/{made['id']}")


@invitations.post(
    "/invitation", summary="Invite a user, version 2", response=answers(InvitedAnswer2, 403, 404, 409, 422, status=201)
)
def post_invitation(request: ApiRequest, body: InvitationBody2) -> HttpResponse:
    """Invite somebody; the account is not active until they accept (event 36). As published, no mail is sent.

    Nobody but the owner of the mailbox gets the key, which would open an account in their name: `send_mail` sends it,
    `POST /api/v1/user/activation_resend` does later, and `activation_url` is a page where the invited person asks for
    it. That address holds no secret and may stand in a mail of yours.
    """
    made = _invite(request, body, users.invitation_link(request) if body.send_mail else None)
    made["activation_url"] = request.build_absolute_uri(reverse("accounts:activation"))
    return created(request, made, f"/api/v1/user/{made['id']}")


def _invite(request: ApiRequest, body: InvitationBody, link: LinkMaker | None) -> dict[str, Any]:
    workspace = request.auth.workspace
    if body.organisation is not None and body.organisation.id != workspace.pk:
        raise invalid_reference("Organisation", body.organisation.id)
    role = wanted_role(each.id for each in body.roles or ())
    try:
        invited = invite_user(workspace_id=workspace.pk, email=body.username, name=body.name, role=role, link=link)
    except Invalid as error:
        problem = BodyFault(Code.INVALID_FORMAT, f"User - {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    return {
        "id": invited.user_id,
        # As typed: of an account that exists, its own name is nobody else's business yet.
        "username": invited.email,
        "name": invited.name,
        "organisation": {"id": workspace.pk, "name": workspace.name},
        "roles": [role_wire(role)],
    }
