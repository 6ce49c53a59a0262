"""Application tokens over the API (`docs/api.md` section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from accounts.models import ApplicationToken
from accounts.permissions import Permission, authorise
from accounts.selectors import application_tokens, usable
from accounts.tokens.bearer import ApiRequest
from accounts.tokens.services import create_application_token, describe_application_token, revoke_application_token
from kit.action import action
from kit.api.document import Absent, Answer, Lookup, answers, done
from kit.api.errors import BodyFault, Code, WireError, invalid_reference
from kit.api.responses import json_response, no_content, wire_time
from kit.api.types import Body, PathId, Reference, WireText
from kit.clock import parse_moment
from kit.context import current_context
from kit.errors import NotFound

router = Router(tags=["Application tokens"])

STATES: Final = {0: {"id": 0, "description": "Activated"}, 1: {"id": 1, "description": "Revoked"}}


class CreatorAnswer(Answer):
    """Who made a token."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["Olga Owner"])
    username: str = Field(examples=["olga.owner@example.com"])


class ApplicationTokenAnswer(Answer):
    """An application token; its value is never shown again."""

    id: int = Field(examples=[31])
    description: str | Absent = Field(None, examples=["ERP connector"])
    created: str = Field(examples=["2026-11-20T08:15:00.000+0000"])
    status: Lookup
    expiry_date: str | Absent = Field(None, examples=["2027-11-20T00:00:00.000+0000"])
    ip: str | Absent = Field(None, examples=["192.0.2.0/24"])
    creator: CreatorAnswer | Absent = None


class ApplicationTokenValue(Answer):
    """The value of a new token, shown this once."""

    application_token: str = Field(examples=["portal_app_Zk3…"])


class ApplicationTokenCreation(Body):
    """A new application token."""

    wire_name = "Application token"

    description: WireText | None = Field(None, examples=["ERP connector"])
    expiry_date: WireText | None = Field(None, description="A day or a moment.", examples=["2027-11-20"])
    ip: WireText | None = Field(None, description="Who may use it, in CIDR notation.", examples=["192.0.2.0/24"])


class ApplicationTokenPatch(Body):
    """A change of a token: another description, or status 1 (Revoked), which is for ever."""

    wire_name = "Application token"

    description: WireText | None = Field(None, examples=["ERP connector"])
    status: Reference | None = Field(None, description="1 Revoked.")


@router.get("", summary="List application tokens", response=answers(list[ApplicationTokenAnswer], 403))
def list_application_tokens(request: ApiRequest) -> HttpResponse:
    """All tokens of the workspace, newest first; one over its date is shown as revoked."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    now = current_context().now()
    return json_response([_token(token, now) for token in application_tokens(workspace_id)])


def _token(token: ApplicationToken, now: datetime) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": token.pk,
        "created": wire_time(token.created),
        "status": STATES[0 if usable(token, now) else 1],
    }
    if token.description:
        made["description"] = token.description
    if token.expiry_date is not None:
        made["expiry_date"] = wire_time(token.expiry_date)
    if token.ip:
        made["ip"] = token.ip
    if token.creator is not None:
        creator = token.creator
        made["creator"] = {"id": creator.pk, "name": creator.name, "username": creator.email}
    return made


@router.post("", summary="Create an application token", response=answers(ApplicationTokenValue, 403, 422))
def post_application_token(request: ApiRequest, body: ApplicationTokenCreation) -> HttpResponse:
    """Make a token with the rights of whoever makes it. Its value is in this answer and nowhere else."""
    made = create_application_token(
        workspace_id=request.auth.workspace.pk,
        description=body.description or "",
        expiry_date=_moment(body.expiry_date),
        ip=body.ip or "",
    )
    return json_response({"application_token": made.value})


def _moment(text: str | None) -> datetime | None:
    """Return the moment of a date with or without time and zone; a day alone begins in UTC."""
    if not text:
        return None
    try:
        return parse_moment(text)
    except (ValueError, OverflowError) as error:
        problem = BodyFault(Code.INVALID_FORMAT, "Application token - expiry_date has invalid format: expecting Date.")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error


@router.patch("/{token_id}", summary="Revoke or describe an application token", response=done(403, 404, 422))
def patch_application_token(request: ApiRequest, token_id: PathId, body: ApplicationTokenPatch) -> HttpResponse:
    """Revoke a token: what was signed in with it is refused from its next call on. It can't be undone."""
    workspace_id = request.auth.workspace.pk
    if body.status is not None and body.status.id not in STATES:
        raise WireError(422, Code.INVALID_REFERENCE, f"Status with Id '{body.status.id}' not found.")
    try:
        with action():
            authorise(workspace_id, Permission.TOKEN_REVOKE)
            if body.description is not None:
                describe_application_token(workspace_id=workspace_id, token_id=token_id, description=body.description)
            if body.status is not None and body.status.id == ApplicationToken.Status.REVOKED:
                revoke_application_token(workspace_id=workspace_id, token_id=token_id)
                return no_content()
            token = ApplicationToken.objects.of(workspace_id).one(
                workspace_id=workspace_id, pk=token_id, kind="Application token"
            )
    except NotFound as error:
        raise invalid_reference("Application token", token_id) from error
    if body.status is not None and token.status == ApplicationToken.Status.REVOKED:
        raise WireError(422, Code.NOT_ALLOWED, _("A revoked application token stays revoked. Create another one."))
    return no_content()
