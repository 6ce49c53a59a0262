"""Many endpoints at once, version 2 of the API (`docs/api.md` section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import Answer, Ref, answers, done
from kit.api.errors import BodyFault, Code, WireError, bad_request, invalid_reference, problem_of
from kit.api.responses import json_response, no_content
from kit.api.types import Reference
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.outcomes import Refusal
from sims.devices.api.bodies import EndpointPatch, EndpointsCreation, EndpointsPatch, new_device
from sims.devices.api.endpoints import check_organisation
from sims.devices.services.devices import create_devices, delete_devices_with_sims
from sims.devices.services.patches import Refused, patch_devices
from sims.models import Device
from sims.states import DeviceStatus

router = Router(tags=["Endpoints"])

MOST: Final = 2_000
"""Endpoints a call, as published."""


class CreatedEndpoint(Answer):
    """An endpoint that was made."""

    id: int = Field(examples=[5120])
    name: str = Field(examples=["Pump 13"])
    organisation: Ref


@router.post("/multi", summary="Create endpoints", response=answers(list[CreatedEndpoint], 403, 404, 422, status=201))
def post_endpoints(request: ApiRequest, body: EndpointsCreation) -> HttpResponse:
    """Create up to 2,000 endpoints, all or none."""
    workspace = request.auth.workspace
    for each in body.endpoints:
        if each.ip_address and each.ip_address_space is None:
            raise _invalid(BodyFault(Code.REQUIRED, "Endpoint - ip_address_space is required"))
    authorise(workspace.pk, Permission.DEVICE_UPDATE)
    if not 1 <= len(body.endpoints) <= MOST:
        raise _invalid(BodyFault(Code.INPUT_VALIDATION, f"Send 1 to {MOST} devices."))
    try:
        made = create_devices(workspace_id=workspace.pk, devices=[new_device(each, body) for each in body.endpoints])
    except (Invalid, Conflict, NotFound) as error:
        raise _invalid(problem_of(error)) from error
    organisation = {"id": workspace.pk}
    return json_response(
        [{"id": device.pk, "name": device.name, "organisation": organisation} for device in made], status=201
    )


def _invalid(problem: BodyFault) -> WireError:
    extra = {"status_code": 422}
    return WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem], extra=extra)


@router.patch("/multi", summary="Change endpoints", response=done(403, 404, 422))
def patch_endpoints(request: ApiRequest, body: list[EndpointsPatch]) -> HttpResponse:
    """Change up to 2,000 endpoints, all or none; `errors` names each that can't be changed."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.DEVICE_UPDATE)
    _limit(len(body))
    _require_all(workspace.pk, [each.id for each in body])
    for each in body:
        check_organisation(each, each.organisation, workspace)
    patches = {each.id: each.patch() for each in body}
    if len(patches) < len(body):
        raise bad_request("An endpoint is named twice. Send each once, with all its changes.")
    try:
        patch_devices(workspace_id=workspace.pk, patches=patches)
    except Refused as refused:
        raise _unchanged(map(_fault, refused.refusals)) from refused
    except (Invalid, Conflict, NotFound) as error:
        raise _unchanged([problem_of(error)]) from error
    return no_content()


def _fault(refusal: Refusal) -> BodyFault:
    return BodyFault(problem_of(refusal.as_error()).code, f"Endpoint {refusal.label}: {refusal.reason}")


def _unchanged(problems: Iterable[BodyFault]) -> WireError:
    return WireError(422, Code.INPUT_VALIDATION, EndpointPatch.invalid_text, errors=list(problems))


@router.delete("/multi", summary="Delete endpoints", response=done(403, 404, 409, 422))
def delete_endpoints(request: ApiRequest, body: list[Reference], delete_sims: bool = False) -> HttpResponse:
    """Delete up to 2,000 endpoints, all or none. Their SIMs are released and suspended, or deleted too."""
    _limit(len(body))
    ids = [each.id for each in body]
    _require_all(request.auth.workspace.pk, ids)
    try:
        delete_devices_with_sims(workspace_id=request.auth.workspace.pk, device_ids=ids, delete_sims=delete_sims)
    except DomainError as error:
        if error.status == 409:
            raise WireError(409, Code.NOT_ALLOWED, error.message) from error
        raise
    return no_content()


def _limit(count: int) -> None:
    if not 1 <= count <= MOST:
        raise bad_request(f"Send 1 to {MOST} endpoints.")


def _require_all(workspace_id: int, ids: list[int]) -> None:
    """Check that all endpoints are there. Raises WireError, and Forbidden before anything is told."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    devices = Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk__in=ids)
    missing = set(ids) - set(devices.values_list("pk", flat=True))
    if missing:
        raise invalid_reference("Endpoint", min(missing))
