"""Many endpoints at once, version 2 of the API (`docs/api.md` section 5)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import Answer, Ref, answers, done
from kit.api.errors import BodyFault, Code, WireError, bad_request, invalid_reference, problem_of
from kit.api.responses import json_response, no_content
from kit.api.types import Body, BodyId, Flag, Reference, WireText
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.outcomes import Refusal
from sims.devices.api.endpoints import check_organisation
from sims.devices.bodies import EndpointPatch, SimOfNewEndpoint
from sims.devices.services.batches import MOST, Draft, create_devices, delete_devices_with_sims
from sims.devices.services.devices import SimChoice
from sims.devices.services.patches import Refused, apply_patches
from sims.models import Device
from sims.states import DeviceStatus

router = Router(tags=["Endpoints"])


class NewEndpoint(Body):
    """One of the new endpoints."""

    wire_name = "Endpoint"

    name: WireText = Field(examples=["Pump 13"])
    tags: WireText | None = None
    imei: WireText | None = Field(None, examples=["490154203237518"])
    imei_lock: Flag | None = False
    ip_address: WireText | None = None
    ip_address_space: Reference | None = Field(None, description="Needed with ip_address.")
    sim: SimOfNewEndpoint | None = None


class EndpointsCreation(Body):
    """New endpoints with the same profiles and status."""

    wire_name = "Endpoint"
    invalid_extra: ClassVar[dict[str, Any]] = {"status_code": 422}

    service_profile: Reference
    tariff_profile: Reference
    status: Reference = Field(description="0 Enabled, 1 Disabled.")
    endpoints: list[NewEndpoint]


class EndpointsPatch(EndpointPatch):
    """A change of one of several endpoints."""

    id: BodyId


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
    try:
        made = create_devices(
            workspace_id=workspace.pk,
            service_policy_id=body.service_profile.id,
            coverage_policy_id=body.tariff_profile.id,
            status=body.status.id,
            drafts=[_draft(each) for each in body.endpoints],
        )
    except (Invalid, Conflict, NotFound) as error:
        raise _invalid(problem_of(error)) from error
    organisation = {"id": workspace.pk}
    return json_response(
        [{"id": device.pk, "name": device.name, "organisation": organisation} for device in made], status=201
    )


def _draft(new: NewEndpoint) -> Draft:
    values = {
        "name": new.name,
        "tags": new.tags or "",
        "imei": new.imei or "",
        "imei_lock": bool(new.imei_lock),
        "ip_address": new.ip_address,
    }
    sim = None
    if new.sim is not None:
        status = new.sim.status.id if new.sim.status else None
        sim = SimChoice(sim_id=new.sim.id, status=status, activate=new.sim.activate)
    return Draft(values, sim)


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
    patches = {each.id: each for each in body}
    if len(patches) < len(body):
        raise bad_request("An endpoint is named twice. Send each once, with all its changes.")
    try:
        apply_patches(workspace=workspace, patches=patches)
    except Refused as refused:
        problems = [BodyFault(_code(each), f"Endpoint {each.label}: {each.reason}") for each in refused.refusals]
        raise WireError(422, Code.INPUT_VALIDATION, EndpointPatch.invalid_text, errors=problems) from refused
    except (Invalid, Conflict, NotFound) as error:
        raise WireError(422, Code.INPUT_VALIDATION, EndpointPatch.invalid_text, errors=[problem_of(error)]) from error
    return no_content()


def _code(refusal: Refusal) -> Code:
    if refusal.code in ("not_found", "invalid_reference"):
        return Code.INVALID_REFERENCE
    if refusal.code in ("bad_request", "too_long") or refusal.code.startswith("invalid"):
        return Code.INVALID_FORMAT
    return Code.REQUIRED if refusal.code == "required" else Code.NOT_ALLOWED


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
