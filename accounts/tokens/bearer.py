"""Who calls: the token of a request, checked and counted."""

from __future__ import annotations

import re
from typing import Annotated, Final

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer
from pydantic import BeforeValidator, Field

from accounts.actors import rights_of
from accounts.models import User, Workspace
from accounts.permissions import Permission, authorise
from accounts.sign_in.second_factors import enough_for_staff, has_second_factor
from accounts.tokens import user_tokens as tokens
from kit.api import idempotency, limits
from kit.api.errors import Code, WireError, bad_request
from kit.api.types import long_of
from kit.errors import Forbidden


class ApiRequest(HttpRequest):
    """A request that has authenticated; for type checkers, Django makes a plain one."""

    auth: tokens.Bearer


class BearerAuth(HttpBearer):
    """`Authorization: Bearer <auth_token>`, and nothing else: a session's cookie opens nothing here."""

    def __call__(self, request: HttpRequest) -> tokens.Bearer:
        """Bind the actor and return who calls. Raises TokenRefused, or WireError for a call too many."""
        bearer = tokens.authenticate_bearer(request.headers.get("Authorization", ""))
        _require_second_factor(request.path, bearer)
        limits.check_organisation(request.path, bearer.workspace.pk)
        actor, workspace_id = bearer.actor, bearer.workspace.pk
        idempotency.claim(request, f"{actor.kind}:{actor.id}:{workspace_id}", rights_of(actor, workspace_id))
        return bearer

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Bearer:
        """Return who calls; the interface of the base class."""
        return tokens.authenticate_bearer(f"Bearer {token}")


_WITHOUT_SECOND_FACTOR: Final = re.compile(r"/api/v\d+/(authenticate/workspace|user/mfa(/\d+(\.0+)?|/status|/type)?)$")
"""What a user may call before the second factor that a workspace demands: setting it up, and going elsewhere."""


def _require_second_factor(path: str, bearer: tokens.Bearer) -> None:
    """Keep users without a second factor out of a workspace that demands one; application tokens are not asked.

    Raises:
        WireError: 403, which says what to do.
    """
    if bearer.user is None or _WITHOUT_SECOND_FACTOR.match(path):
        return
    actor, workspace = bearer.actor, bearer.workspace
    # The operator's own workspace opens to staff without a role there, so it is in neither list of the actor's.
    asked = workspace.demands_second_factor and workspace.pk not in actor.roles
    closed = workspace.pk in actor.closed or (asked and not has_second_factor(bearer.user.pk))
    if bearer.user.is_staff and settings.STAFF_MFA_REQUIRED:
        closed = closed or not enough_for_staff(bearer.user.pk)
    if closed:
        raise WireError(
            403,
            Code.FORBIDDEN,
            "A second factor is demanded here. Set it up in the portal under Your account, or by POST "
            "/api/v1/user/mfa and PATCH /api/v1/user/mfa/{key}; then try again.",
        )


def person_of(request: ApiRequest) -> User:
    """Return the user whose token it is.

    Raises:
        Forbidden: an application token, which is nobody's.
    """
    if request.auth.user is None:
        raise Forbidden("Application tokens have no user; sign in as one.", permission="user")
    return request.auth.user


MY: Final = -(2**63)
"""What `my` becomes: no id that a path can name."""


def _organisation_id(value: object) -> int:
    """Take an id, or `my` as `MY`."""
    if value == "my":
        return MY
    found = long_of(value)
    if found is None:
        raise bad_request(f'Cannot parse parameter id as Long: For input string: "{value}"')
    return found


OrganisationId = Annotated[
    int,
    BeforeValidator(_organisation_id, json_schema_input_type=int | str),
    Field(description="The token's own organisation, by its id or as `my`.", examples=["my"]),
]


def own_organisation(request: ApiRequest, organisation_id: int, *, permission: Permission | None = None) -> Workspace:
    """Return the workspace of the token when its id, or `my`, was asked for.

    Args:
        request: authenticated.
        organisation_id: as in the path, `MY` for `my`.
        permission: a right needed in it.

    Raises:
        WireError: 404, another organisation: whether it exists stays untold.
        Forbidden: the right is missing.
    """
    workspace = request.auth.workspace
    if organisation_id not in (MY, workspace.pk):
        raise WireError(404, Code.NOT_FOUND, f"Organisation with id {organisation_id} not found")
    if permission is not None:
        authorise(workspace.pk, permission)
    return workspace
