"""Second factors and trusted devices (`docs/api.md` section 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.models import TrustedDevice, User
from accounts.models.second_factors import ACTIVATED, ACTIVE, APP, KINDS, MAIL
from accounts.people.wire import UserKey, find_user, locked_out
from accounts.permissions import Permission, authorise
from accounts.sign_in.authentication import AccountLocked
from accounts.sign_in.second_factors import keys_of
from accounts.sign_in.services.mail_codes import TooManyCodes
from accounts.sign_in.services.second_factors import (
    activate_second_factor,
    confirm_password_digest,
    remove_own_second_factor,
    remove_second_factor,
    start_second_factor,
)
from accounts.sign_in.services.trusted_devices import devices_of, forget_all_devices, forget_device
from accounts.tokens.bearer import ApiRequest, person_of
from kit.api.document import Absent, Answer, Lookup, answers, done
from kit.api.errors import Code, WireError, invalid_reference
from kit.api.responses import json_response, no_content, wire_time
from kit.api.types import Body, PathId, Reference, WireText
from kit.context import current_context
from kit.errors import Forbidden, NotFound

router = Router(tags=["Second factors"])

PENDING_STATE: Final = {"id": 0, "description": "Activation Pending"}
ACTIVE_STATE: Final = {"id": 1, "description": "Active"}
STATES: Final = [PENDING_STATE, ACTIVE_STATE]
TYPE_IDS: Final = {APP: 0, MAIL: 1}
TYPES: Final = {kind: {"id": number, "description": KINDS[kind]} for kind, number in TYPE_IDS.items()}
FRESH: Final = timedelta(minutes=15)
"""How long after a sign-in one's own second factor may be removed."""


class KeyCreation(Body):
    """A new second factor."""

    wire_name = "MFA key"

    type: Reference
    password: WireText = Field(description="SHA-1 of the password, 40 hex digits.")


class KeyActivation(Body):
    """The proof that a second factor works."""

    wire_name = "MFA key"

    status: Reference
    code: WireText = Field(description="Six digits of the app, or the code in the mail.", examples=["123456"])


class KeyAnswer(Answer):
    """A second factor."""

    id: int = Field(examples=[12])
    status: Lookup
    type: Lookup
    creation_date: str = Field(examples=["2026-11-20T08:15:00.000+0000"])


class NewKeyAnswer(KeyAnswer):
    """A second factor with its secret, which is shown this once; codes by e-mail have none."""

    secret_key: str | Absent = Field(None, description="Base32.", examples=["JBSWY3DPEHPK3PXP"])
    otpauth: str | Absent = Field(None, description="The address for a QR code.", examples=["otpauth://totp/…"])


class TrustedDeviceAnswer(Answer):
    """A device that needs no code."""

    id: int = Field(examples=[12])
    name: str | Absent = Field(None, examples=["Build server"])
    operating_system: str = Field(examples=["Linux"])
    browser: str = Field(examples=["Firefox 144"])
    activation_date: str = Field(examples=["2026-11-20T08:15:00.000+0000"])


def key_wire(row: Authenticator) -> dict[str, Any]:
    """Return a second factor without its secret."""
    return {
        "id": row.pk,
        "status": ACTIVE_STATE if row.type in ACTIVE else PENDING_STATE,
        "type": TYPES[ACTIVATED.get(row.type, row.type)],
        "creation_date": wire_time(row.created_at),
    }


def keys_wire(user_id: int) -> list[dict[str, Any]]:
    """Return the second factors of a user. One query."""
    return [key_wire(row) for row in keys_of(user_id, current_context().now())]


def device_wire(device: TrustedDevice) -> dict[str, Any]:
    """Return a trusted device."""
    return {
        "id": device.pk,
        **({"name": device.name} if device.name else {}),
        "operating_system": device.operating_system,
        "browser": device.browser,
        "activation_date": wire_time(device.created),
    }


@router.get("/status", summary="List the states of second factors", response=answers(list[Lookup]))
def list_key_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(STATES)


@router.get("/type", summary="List the types of second factors", response=answers(list[Lookup]))
def list_key_types(request: ApiRequest) -> HttpResponse:
    """The lookup table of types; codes by e-mail are ours."""
    return json_response(list(TYPES.values()))


@router.post("", summary="Create a second factor", response=answers(NewKeyAnswer, 403, 409, 422))
def post_key(request: ApiRequest, body: KeyCreation) -> HttpResponse:
    """Make a key for one's own account; it is asked for once its first code has activated it, within 30 minutes.

    Type 0 answers the key of an authenticator app, type 1 mails a code; again for another one. Three wrong passwords
    lock the account for a while, and a person gets six codes an hour by mail: 429.
    """
    user = person_of(request)
    kind = next((kind for kind, number in TYPE_IDS.items() if number == body.type.id), None)
    if kind is None:
        raise invalid_reference("MFA type", body.type.id, status=422)
    try:
        confirm_password_digest(user_id=user.pk, digest=body.password)
        made = start_second_factor(user_id=user.pk, kind=kind)
    except (AccountLocked, TooManyCodes) as error:
        raise locked_out(error) from error
    secret = {} if made.by_mail else {"secret_key": made.secret, "otpauth": made.otpauth}
    return json_response(key_wire(made.row) | secret)


@router.patch("/{key_id}", summary="Activate a second factor", response=done(403, 404, 409, 422))
def patch_key(request: ApiRequest, key_id: PathId, body: KeyActivation) -> HttpResponse:
    """Activate a key of one's own by a code. Leaves event 10028.

    All sessions and tokens of the account end, this call's too: sign in again, with password and code. Three wrong
    codes lock the account for a while: 429.
    """
    user = person_of(request)
    if body.status.id != ACTIVE_STATE["id"]:
        raise invalid_reference("MFA status", body.status.id, status=422)
    try:
        activate_second_factor(user_id=user.pk, key_id=key_id, code=body.code)
    except NotFound as error:
        raise _no_key(key_id) from error
    except AccountLocked as error:
        raise locked_out(error) from error
    return no_content()


mine = Router(tags=["Second factors"])


@mine.get(
    "/{user_id}/mfa/trusted_device",
    summary="List trusted devices",
    response=answers(list[TrustedDeviceAnswer], 403, 404),
)
def list_trusted_devices(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """Devices that are not asked for a code, newest first: one's own, and for Administrators those of members."""
    user = find_user(request, user_id)
    return json_response([device_wire(device) for device in devices_of(user.pk)])


@mine.get(
    "/{user_id}/mfa/trusted_device/{device_id}",
    summary="Get a trusted device",
    response=answers(TrustedDeviceAnswer, 403, 404),
)
def get_trusted_device(request: ApiRequest, user_id: UserKey, device_id: PathId) -> HttpResponse:
    """One device that is not asked for a code."""
    device = devices_of(find_user(request, user_id).pk).filter(pk=device_id).first()
    if device is None:
        raise _no_device(device_id)
    return json_response(device_wire(device))


@mine.delete("/{user_id}/mfa/trusted_device", summary="Forget all trusted devices", response=done(403, 404, 409))
def delete_trusted_devices(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """All devices of the user are asked for a code from now on."""
    user = find_user(request, user_id)
    forget_all_devices(user_id=user.pk, workspace_id=_place(request, user))
    return no_content()


@mine.delete(
    "/{user_id}/mfa/trusted_device/{device_id}", summary="Forget a trusted device", response=done(403, 404, 409)
)
def delete_trusted_device(request: ApiRequest, user_id: UserKey, device_id: PathId) -> HttpResponse:
    """The device is asked for a code from now on."""
    user = find_user(request, user_id)
    try:
        forget_device(user_id=user.pk, device_id=device_id, workspace_id=_place(request, user))
    except NotFound as error:
        raise _no_device(device_id) from error
    return no_content()


@mine.delete("/{user_id}/mfa/{key_id}", summary="Delete a second factor", response=done(403, 404, 409))
def delete_key(request: ApiRequest, user_id: UserKey, key_id: PathId) -> HttpResponse:
    """Remove a key with its recovery codes and trusted devices: one's own, or a member's. Leaves event 14.

    For one's own active key, password and code must have been sent within 15 minutes. Application tokens can't do it.
    """
    user = find_user(request, user_id)
    workspace_id = _place(request, user)
    try:
        if workspace_id is None:
            _require_fresh_sign_in(request, user, key_id)
            remove_own_second_factor(user_id=user.pk, key_id=key_id)
        else:
            authorise(workspace_id, Permission.USER_MANAGE)
            remove_second_factor(workspace_id=workspace_id, user_id=user.pk, key_id=key_id)
    except NotFound as error:
        raise _no_key(key_id) from error
    return no_content()


def _require_fresh_sign_in(request: ApiRequest, user: User, key_id: int) -> None:
    """Ask for a new sign-in before an active key goes: a token that lay around must not be enough.

    Raises:
        Forbidden: the sign-in is older than 15 minutes; refreshing a token does not make it younger.
    """
    now = current_context().now()
    if now - request.auth.signed_in <= FRESH or not keys_of(user.pk, now).filter(pk=key_id, type__in=ACTIVE).exists():
        return
    raise Forbidden("Authenticate again and repeat within 15 minutes.", permission="own_account", code="sign_in")


def _place(request: ApiRequest, user: User) -> int | None:
    """Return the workspace in which somebody else's account is managed, `None` for one's own."""
    own = request.auth.user is not None and request.auth.user.pk == user.pk
    return None if own else request.auth.workspace.pk


def _no_key(key_id: int) -> WireError:
    return WireError(404, Code.NOT_FOUND, f"MFA key with id {key_id} not found")


def _no_device(device_id: int) -> WireError:
    return WireError(404, Code.NOT_FOUND, f"Trusted device with id {device_id} not found")
