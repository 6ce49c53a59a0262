"""Second factors and trusted devices (`api_contract.md` section 8).

The lookups are the published ones. Nobody has a second factor over the API yet, so there is none to change.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.api.bearer import ApiRequest, person_of
from accounts.api.people import UserKey, find_user
from portal.kit.api.document import Lookup, answers, done
from portal.kit.api.errors import Code, WireError
from portal.kit.api.responses import json_response
from portal.kit.api.types import Body, PathId, Reference, Text

router = Router(tags=["Second factors"])

STATES: Final = [{"id": 0, "description": "Activation Pending"}, {"id": 1, "description": "Active"}]
TYPES: Final = [{"id": 0, "description": "Time-Based One-Time Password"}]


class KeyCreation(Body):
    """A new second factor."""

    wire_name = "MFA key"

    type: Reference
    password: Text = Field(description="SHA-1 of the password, 40 hex digits.")


class KeyActivation(Body):
    """The proof that a second factor works."""

    wire_name = "MFA key"

    status: Reference
    code: Text = Field(description="Six digits.", examples=["123456"])


@router.get("/status", summary="List the states of second factors", response=answers(list[Lookup]))
def list_key_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(STATES)


@router.get("/type", summary="List the types of second factors", response=answers(list[Lookup]))
def list_key_types(request: ApiRequest) -> HttpResponse:
    """The lookup table of types."""
    return json_response(TYPES)


@router.post("", summary="Create a second factor", response=done(403, 409, 422))
def post_key(request: ApiRequest, body: KeyCreation) -> HttpResponse:
    """Refused: second factors are set up in the portal."""
    person_of(request)
    raise WireError(409, Code.NOT_ALLOWED, "Set up a second factor in the portal, under your account.")


@router.patch("/{key_id}", summary="Activate a second factor", response=done(403, 404, 422))
def patch_key(request: ApiRequest, key_id: PathId, body: KeyActivation) -> HttpResponse:
    """There is none to activate."""
    person_of(request)
    raise _no_key(key_id)


mine = Router(tags=["Second factors"])


@mine.get("/{user_id}/mfa/trusted_device", summary="List trusted devices", response=answers(list[Any], 403, 404))
def list_trusted_devices(request: ApiRequest, user_id: UserKey) -> HttpResponse:
    """Devices that need no second factor: none over the API."""
    find_user(request, user_id)
    return json_response([])


@mine.delete("/{user_id}/mfa/trusted_device/{device_id}", summary="Forget a trusted device", response=done(403, 404))
def delete_trusted_device(request: ApiRequest, user_id: UserKey, device_id: PathId) -> HttpResponse:
    """There is none to forget."""
    find_user(request, user_id)
    raise WireError(404, Code.NOT_FOUND, f"Trusted device with id {device_id} not found")


@mine.delete("/{user_id}/mfa/{key_id}", summary="Delete a second factor", response=done(403, 404))
def delete_key(request: ApiRequest, user_id: UserKey, key_id: PathId) -> HttpResponse:
    """There is none to delete."""
    find_user(request, user_id)
    raise _no_key(key_id)


def _no_key(key_id: int) -> WireError:
    return WireError(404, Code.NOT_FOUND, f"MFA key with id {key_id} not found")
