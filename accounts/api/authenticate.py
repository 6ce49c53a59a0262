"""Authentication over the API (`api_contract.md` section 1)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from pydantic import Field

from accounts import tokens
from accounts.api.bearer import ApiRequest
from accounts.authentication import AccountLocked, SignInRefused
from portal.kit.api.document import Absent, Answer, answers
from portal.kit.api.errors import Code, Problem, bad_request, error_response, invalid_reference
from portal.kit.api.responses import JSON, json_response
from portal.kit.api.types import Body, Reference, Text
from portal.kit.errors import Forbidden, NotFound

router = Router(tags=["Authentication"])


class Credentials(Body):
    """One of the published ways to sign in."""

    wire_name = "Credentials"
    invalid_status = 400

    application_token: Text | None = Field(
        None, description="Value of an application token.", examples=["portal_app_Zk3…"]
    )
    username: Text | None = Field(None, description="E-mail address.")
    password: Text | None = Field(None, description="SHA-1 of the password, 40 hex digits.")
    fingerprint: Text | None = Field(None, description="Of a trusted device; not used without a second factor.")
    refresh_token: Text | None = Field(None, description="From an earlier sign-in of a user.")
    mfa_token: Text | None = Field(None, description="From a sign-in that asked for a second factor.")


class AuthTokens(Answer):
    """What opens the API."""

    auth_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"], description="For `Authorization`.")
    refresh_token: str | Absent = Field(
        None, examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"], description="For users only."
    )


class AuthToken(Answer):
    """What opens another workspace."""

    auth_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"])


class WorkspaceChoice(Body):
    """Where to go."""

    target_organisation: Reference


@router.post(
    "/authenticate",
    auth=None,
    summary="Exchange credentials for an auth token",
    # Whoever is not let in gets no body; whoever is locked out gets the error object.
    response={**answers(AuthTokens), 401: None},
)
def authenticate(request: HttpRequest, body: Credentials) -> HttpResponse:
    """Application token → auth token; user name and password → auth and refresh token; refresh token → auth token."""
    ways = (body.application_token, body.username, body.refresh_token, body.mfa_token)
    if sum(way is not None for way in ways) != 1:
        raise bad_request("Send one of application_token, username with password, or refresh_token.")
    if body.username is not None and body.password is None:
        raise bad_request("password is required with username.")
    try:
        return json_response(_sign_in(body))
    except AccountLocked as locked:
        seconds = (locked.until - timezone.now()).total_seconds()
        problem = Problem(Code.TOO_MANY_REQUESTS, "Too many failed authentication requests")
        response = error_response(401, problem)
        response.headers["Retry-After"] = str(max(1, round(seconds)))
        return response
    except (SignInRefused, tokens.TokenRefused):
        return _not_let_in()


@sensitive_variables("body")
def _sign_in(body: Credentials) -> dict[str, str]:
    if body.application_token is not None:
        return {"auth_token": tokens.authenticate_application(value=body.application_token)}
    if body.username is not None:
        made = tokens.authenticate_user(username=body.username, digest=body.password or "")
        return {"auth_token": made.auth_token, "refresh_token": made.refresh_token}
    if body.refresh_token is not None:
        return {"auth_token": tokens.refresh(refresh_token=body.refresh_token)}
    # Nobody was ever given an mfa_token, so none is right.
    raise tokens.TokenRefused("No second factor was asked for.", code="invalid_token")


def _not_let_in() -> HttpResponse:
    """Return 401 with an empty body, as recorded: why is nobody's business."""
    return HttpResponse(status=401, content_type=JSON, headers={"Cache-Control": "no-store"})


@router.post(
    "/authenticate/workspace", summary="Get an auth token for another workspace", response=answers(AuthToken, 404, 422)
)
def switch_workspace(request: ApiRequest, body: WorkspaceChoice) -> HttpResponse:
    """For users only; the old token stays valid for its own workspace. Leaves event 67 in the target."""
    workspace_id = body.target_organisation.id
    try:
        token = tokens.switch_token(bearer=request.auth, workspace_id=workspace_id)
    except NotFound as error:
        raise invalid_reference("Organisation", workspace_id) from error
    except Forbidden:
        # Published: 401 for anything but user credentials.
        return error_response(401, Problem(Code.INVALID_TOKEN, "Only user credentials can switch workspace."))
    return json_response({"auth_token": token})
