"""Authentication over the API (`docs/api.md` section 1)."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from pydantic import Field

from accounts.sign_in.authentication import AccountLocked, SignInRefused
from accounts.sign_in.services.mail_codes import TooManyCodes
from accounts.tokens import user_tokens as tokens
from accounts.tokens.bearer import ApiRequest
from accounts.tokens.jwts import TokenRefused
from kit.api.document import Absent, Answer, answers
from kit.api.errors import BodyFault, Code, bad_request, error_response, invalid_reference
from kit.api.responses import JSON, json_response
from kit.api.types import Body, Reference, WireText
from kit.errors import Forbidden, Invalid, NotFound

router = Router(tags=["Authentication"])


class DeviceToTrust(Body):
    """A program that is not to be asked for a code for 90 days."""

    wire_name = "Trusted device"
    invalid_status = 400

    fingerprint: WireText = Field(description="What it will send with the password; 16 to 1,000 characters.")
    operating_system: WireText = Field(examples=["Linux"])
    browser: WireText = Field(examples=["Firefox 144"])
    name: WireText | None = Field(None, examples=["Build server"])


class Credentials(Body):
    """One of the published ways to sign in."""

    wire_name = "Credentials"
    invalid_status = 400

    application_token: WireText | None = Field(
        None, description="Value of an application token.", examples=["portal_app_Zk3…"]
    )
    username: WireText | None = Field(None, description="E-mail address.")
    password: WireText | None = Field(None, description="SHA-1 of the password, 40 hex digits.")
    fingerprint: WireText | None = Field(None, description="Of a trusted device, which needs no code.")
    refresh_token: WireText | None = Field(None, description="From an earlier sign-in of a user.")
    mfa_token: WireText | None = Field(None, description="From a sign-in that asked for a second factor.")
    code: WireText | None = Field(None, description="Of the app, of the mail, or a recovery code.", examples=["123456"])
    trusted_device: DeviceToTrust | None = None


class AuthTokens(Answer):
    """What opens the API, or what waits for a code."""

    auth_token: str | Absent = Field(
        None, examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"], description="For `Authorization`."
    )
    refresh_token: str | Absent = Field(
        None, examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"], description="For users only."
    )
    mfa_token: str | Absent = Field(
        None,
        examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"],
        description="In place of the others, when a second factor is asked for: send it with the code.",
    )


class AuthToken(Answer):
    """What opens another workspace."""

    auth_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"])


class WorkspaceChoice(Body):
    """The workspace that a user wants to go to."""

    target_organisation: Reference


@router.post(
    "/authenticate",
    auth=None,
    summary="Exchange credentials for an auth token",
    # Whoever is not let in gets no body; whoever is locked out gets the error object.
    response={**answers(AuthTokens), 401: None},
)
def authenticate(request: HttpRequest, body: Credentials) -> HttpResponse:
    """Application token → auth token; user name and password → auth and refresh token; refresh token → auth token.

    Who has a second factor gets an `mfa_token` for the password, unless the fingerprint is that of a trusted device;
    `mfa_token` and code → auth and refresh token. Where codes come by e-mail, the password sends one.
    """
    ways = (body.application_token, body.username, body.refresh_token, body.mfa_token)
    if sum(way is not None for way in ways) != 1:
        raise bad_request(
            "Send one of application_token, username with password, mfa_token with code, or refresh_token."
        )
    if body.username is not None and body.password is None:
        raise bad_request("password is required with username.")
    if body.mfa_token is not None and body.code is None:
        raise bad_request("code is required with mfa_token.")
    try:
        return json_response(_sign_in(body))
    except (AccountLocked, TooManyCodes) as locked:
        seconds = (locked.until - timezone.now()).total_seconds()
        text = locked.message if isinstance(locked, TooManyCodes) else "Too many failed authentication requests"
        problem = BodyFault(Code.TOO_MANY_REQUESTS, text)
        response = error_response(401, problem)
        response.headers["Retry-After"] = str(max(1, round(seconds)))
        return response
    except Invalid as error:
        raise bad_request(error.message) from error
    except (SignInRefused, TokenRefused):
        return _not_let_in()


@sensitive_variables("body")
def _sign_in(body: Credentials) -> dict[str, str]:
    if body.application_token is not None:
        return {"auth_token": tokens.authenticate_application(value=body.application_token)}
    if body.username is not None:
        made = tokens.authenticate_user(
            username=body.username, digest=body.password or "", fingerprint=body.fingerprint or ""
        )
        return asdict(made)
    if body.refresh_token is not None:
        return {"auth_token": tokens.refresh(refresh_token=body.refresh_token)}
    return asdict(
        tokens.authenticate_code(
            mfa_token=body.mfa_token or "", code=body.code or "", device=_device(body.trusted_device)
        )
    )


def _device(body: DeviceToTrust | None) -> tokens.NewDevice | None:
    if body is None:
        return None
    return tokens.NewDevice(
        fingerprint=body.fingerprint,
        operating_system=body.operating_system,
        browser=body.browser,
        name=body.name or "",
    )


def _not_let_in() -> HttpResponse:
    """Return 401 with an empty body, as recorded: why is nobody's business."""
    return HttpResponse(status=401, content_type=JSON, headers={"Cache-Control": "no-store"})


@router.post(
    "/authenticate/workspace", summary="Get an auth token for another workspace", response=answers(AuthToken, 404, 422)
)
def switch_workspace(request: ApiRequest, body: WorkspaceChoice) -> HttpResponse:
    """Give a user a token for another workspace (event 67 there). The old token stays valid for its own."""
    workspace_id = body.target_organisation.id
    try:
        token = tokens.switch_token(bearer=request.auth, workspace_id=workspace_id)
    except NotFound as error:
        raise invalid_reference("Organisation", workspace_id) from error
    except Forbidden:
        # Published: 401 for anything but user credentials.
        return error_response(401, BodyFault(Code.INVALID_TOKEN, "Only user credentials can switch workspace."))
    return json_response({"auth_token": token})
