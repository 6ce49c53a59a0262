"""Activating an account and changing one's own password over the API (`docs/api.md` section 8).

Passwords come as SHA-1 hex, as at sign-in. How strong one is can't be seen then; the commonest are refused.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import Field

from accounts.people.services.activation import activate_account, resend_activation
from accounts.people.wire import locked_out
from accounts.sign_in.authentication import AccountLocked
from accounts.sign_in.services.passwords import change_own_password_digest
from accounts.signed_links import LinkRefused
from accounts.tokens.bearer import ApiRequest, person_of
from kit.api.document import done
from kit.api.errors import BodyFault, Code, WireError, bad_request
from kit.api.responses import no_content
from kit.api.types import Body, WireText
from kit.errors import Conflict, Invalid

router = Router(tags=["Users"])
version_2 = Router(tags=["Users"])

_DIGEST: Final = "356a192b7913b04c54574d18c28d46e6395428ab"
_OTHER: Final = "da4b9237bacccdf19c0760cab7aec4a8359010b0"


class Activation(Body):
    """The secret of a mail's link and a password."""

    wire_name = "Activation"
    invalid_status = 400

    activationKey: WireText = Field(description="From the mail.", examples=["WzcsMV0:1v5hPC:c2lnbmF0dXJl"])  # noqa: N815 - the wire's
    password: WireText = Field(description="SHA-1 of the password, 40 hex digits.", examples=[_DIGEST])


class Activation2(Body):
    """The secret of a mail's link; password and name of a new account."""

    wire_name = "Activation"
    invalid_status = 400

    activationKey: WireText = Field(description="From the mail.", examples=["WzcsMV0:1v5hPC:c2lnbmF0dXJl"])  # noqa: N815 - the wire's
    password: WireText | None = Field(None, description="SHA-1 of the password, 40 hex digits.", examples=[_DIGEST])
    name: WireText | None = Field(None, description="The invited name unless given.", examples=["Nina New"])


class ActivationResend(Body):
    """Whose mail shall be sent again. The answer of a captcha is taken and not looked at: calls are counted."""

    wire_name = "Activation"
    invalid_status = 400

    username: WireText = Field(description="E-mail address.", examples=["nina.new@example.com"])


class PasswordChange(Body):
    """The password as it is and as it shall be."""

    wire_name = "Password"

    old_password: WireText = Field(description="SHA-1, 40 hex digits.", examples=[_DIGEST])
    new_password: WireText = Field(description="SHA-1, 40 hex digits.", examples=[_OTHER])


@router.post("/activation", auth=None, summary="Activate an account", response=done())
def post_activation(request: HttpRequest, body: Activation) -> HttpResponse:
    """Verify an address by the key of its mail, and give the account its password (event 41)."""
    try:
        activate_account(link_secret=body.activationKey, digest=body.password)
    except LinkRefused as error:
        raise bad_request(error.message) from error
    except (Conflict, Invalid) as error:
        raise WireError(400, Code.NOT_ALLOWED, error.message) from error
    return no_content()


@version_2.post("/activation", auth=None, summary="Activate an account, version 2", response=done(403))
def post_activation_2(request: HttpRequest, body: Activation2) -> HttpResponse:
    """Activate as in version 1, with a name. Somebody who has an account joins without a password. 403: no such key."""
    try:
        activate_account(link_secret=body.activationKey, digest=body.password, name=body.name or "")
    except (LinkRefused, Conflict) as error:
        raise WireError(403, Code.FORBIDDEN, error.message) from error
    except Invalid as error:
        raise WireError(400, Code.NOT_ALLOWED, error.message) from error
    return no_content()


@router.post("/activation_resend", auth=None, summary="Send the activation mail again", response=done())
def post_activation_resend(request: HttpRequest, body: ActivationResend) -> HttpResponse:
    """Always 204, whether there is such an account or not; three mails an hour.

    The way in for whoever was invited without a mail: it goes to their mailbox, and nobody else gets the key.
    """
    resend_activation(
        email=body.username,
        invitation_link=lambda secret: request.build_absolute_uri(reverse("accounts:invitation", args=[secret])),
        verification_link=lambda secret: request.build_absolute_uri(reverse("account_verify_link", args=[secret])),
    )
    return no_content()


@router.patch("/password", summary="Change one's own password", response=done(403, 422))
def patch_password(request: ApiRequest, body: PasswordChange) -> HttpResponse:
    """Change one's own password. All sessions and tokens of the account end, this one's too (event 10023).

    Three wrong old passwords lock the account for a while: 429.
    """
    user = person_of(request)
    try:
        change_own_password_digest(user_id=user.pk, old_digest=body.old_password, new_digest=body.new_password)
    except Invalid as error:
        problem = BodyFault(Code.INVALID_FORMAT, f"Password - {error.field}: {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem]) from error
    except AccountLocked as error:
        raise locked_out(error) from error
    return no_content()
