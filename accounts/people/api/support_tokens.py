"""Support tokens: operator staff in place of a user, over the API (`docs/api.md` section 8; events 13, 10042)."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.actors import staff_actor
from accounts.models import User
from accounts.people.wire import ROLES, UserKey, not_found
from accounts.permissions import Role
from accounts.selectors import may_support, user_by_email
from accounts.support.services import start_support_access
from accounts.tokens import user_tokens as tokens
from accounts.tokens.bearer import ApiRequest
from kit.api.document import Answer, answers
from kit.api.errors import BodyFault, Code, WireError
from kit.api.responses import json_response
from kit.api.types import Body, BodyId, Reference, WireText
from kit.context import acting_within
from kit.errors import Forbidden, Invalid, NotFound

router = Router(tags=["Users"])

_OFFERED: Final = (1, 3)


class SupportTokenRequest(Body):
    """What the token is for."""

    wire_name = "Support token"

    role: BodyId = Field(description='"1" as the user, "3" to look only.', examples=["1"])
    organisation: Reference | None = Field(None, description="The user's default workspace unless said.")
    reason: WireText = Field(description="The customer reads it; 5 to 300 characters.", examples=["Ticket 4711"])


class SupportTokenAnswer(Answer):
    """What opens the workspace in place of the user."""

    support_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"], description="For `Authorization`.")


@router.post(
    "/{user_id}/support_token",
    summary="Get a support token",
    response=answers(SupportTokenAnswer, 403, 404, 422, status=201),
)
def post_support_token(request: ApiRequest, user_id: UserKey, body: SupportTokenRequest) -> HttpResponse:
    """Let operator staff, signed in themselves, act in place of a user, with that user's rights at most.

    The token ends with the support access, at the latest when its time is over, and with the rights of whoever asked;
    asking again ends the one before. The reason stands in the customer's log.
    """
    staff = request.auth.user
    if staff is None or not may_support(staff):
        raise Forbidden("Only the operator's staff can create support tokens.", permission="support_access")
    if body.role not in _OFFERED:
        problem = BodyFault(Code.INVALID_FORMAT, "Support token - role has invalid format: expecting 1 or 3.")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem])
    user = _user(user_id)
    workspace_id = body.organisation.id if body.organisation is not None else user.default_workspace_id
    try:
        with acting_within(staff_actor(staff)):
            access = start_support_access(workspace_id=workspace_id or 0, user_id=user.pk, reason=body.reason)
    except NotFound as error:
        raise not_found(user_id) from error
    except Invalid as error:
        problem = BodyFault(Code.INVALID_FORMAT, f"Support token - {error.field}: {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    role = ROLES[body.role]
    token = tokens.support_token(access=access, role=Role(role).value)
    return json_response({"support_token": token}, status=201)


def _user(key: int | str) -> User:
    found = User.objects.filter(pk=key).first() if isinstance(key, int) else user_by_email(key)
    if found is None:
        raise not_found(key)
    return found
