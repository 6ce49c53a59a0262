"""Endpoints, which are our devices, over the API (`docs/api.md` section 5)."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.criteria import parse_query, parse_sort
from kit.api.document import Lookup, answers, done
from kit.api.errors import BodyFault, Code, WireError, invalid_reference, problem_of
from kit.api.lists import Limits, ListQuery, deep, page_response, read_page
from kit.api.responses import created, json_response, no_content
from kit.api.types import Body, PathId, Reference
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal
from sims import wire
from sims.answers import EndpointAnswer
from sims.criteria import ENDPOINT_FIELDS, ENDPOINT_SORT
from sims.devices.api.bodies import EndpointCreation, EndpointPatch, new_device
from sims.devices.services.devices import create_devices, delete_devices
from sims.devices.services.patches import Refused, patch_devices
from sims.models import Device
from sims.states import DeviceStatus

router = Router(tags=["Endpoints"])

LIMITS: Final = Limits(default=1_000, most=2_500)
KIND: Final = "Endpoint"


def _devices(workspace_id: int) -> QuerySet[Device]:
    return Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED)


@router.get("", summary="List endpoints", response=answers(list[EndpointAnswer], 403, 422))
def list_endpoints(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """All endpoints of the workspace but deleted ones, each with its SIM. A constant number of queries."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.INVENTORY_READ)
    order = parse_sort(query.sort, ENDPOINT_SORT)
    devices = _devices(workspace.pk).filter(parse_query(query.q, ENDPOINT_FIELDS))
    page, rows = read_page(
        query,
        LIMITS,
        fetch=lambda offset, limit: list(
            deep(devices.order_by(*order.columns), offset, limit).values(*wire.ENDPOINT_FIELDS)
        ),
        count=devices.count,
    )
    organisation = _organisation(workspace)
    return page_response(request, page, (wire.endpoint_object(row, organisation) for row in rows), sort=order.header)


@router.get("/status", summary="List the states of endpoints", response=answers(list[Lookup]))
def list_endpoint_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(list(wire.DEVICE_STATES.values()))


@router.post("", summary="Create an endpoint", response=answers(EndpointAnswer, 403, 404, 422, status=201))
def post_endpoint(request: ApiRequest, body: EndpointCreation) -> HttpResponse:
    """Create an endpoint, with its SIM if one is named: both or neither."""
    workspace = request.auth.workspace
    check_organisation(body, body.organisation, workspace)
    if body.ip_address and body.ip_address_space is None:
        raise invalid(body, BodyFault(Code.REQUIRED, "Endpoint - ip_address_space is required"))
    try:
        (device,) = create_devices(workspace_id=workspace.pk, devices=[new_device(body, body)])
    except (Invalid, Conflict, NotFound) as error:
        raise invalid(body, problem_of(error)) from error
    return created(request, _endpoint(workspace, device.pk), f"/api/v1/endpoint/{device.pk}")


@router.get("/{endpoint_id}", summary="Get an endpoint", response=answers(EndpointAnswer, 403, 404))
def get_endpoint(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """One endpoint with its SIM."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.INVENTORY_READ)
    return json_response(_endpoint(workspace, endpoint_id))


@router.patch("/{endpoint_id}", summary="Change an endpoint", response=done(403, 404, 409, 422))
def patch_endpoint(request: ApiRequest, endpoint_id: PathId, body: EndpointPatch) -> HttpResponse:
    """Change any part of an endpoint, assign or release its SIM: all that is asked, or nothing."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.DEVICE_UPDATE)
    _require(workspace, endpoint_id)
    check_organisation(body, body.organisation, workspace)
    try:
        patch_devices(workspace_id=workspace.pk, patches={endpoint_id: body.patch()})
    except Refused as refused:
        raise invalid(body, _fault(refused.refusals[0])) from refused
    except (Invalid, Conflict, NotFound) as error:
        raise invalid(body, problem_of(error)) from error
    return no_content()


def _fault(refusal: Refusal) -> BodyFault:
    """Return what is wrong with a change of one endpoint; where its state is in the way, it is named."""
    problem = problem_of(refusal.as_error())
    return BodyFault(problem.code, f"{refusal.label}: {refusal.reason}") if refusal.error is Conflict else problem


@router.delete("/{endpoint_id}", summary="Delete an endpoint", response=done(403, 404, 409))
def delete_endpoint(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """Delete an endpoint that holds no SIM; 409 if it does."""
    outcome = delete_devices(workspace_id=request.auth.workspace.pk, device_ids=[endpoint_id])
    raise_if_refused(outcome, endpoint_id)
    return no_content()


def _organisation(workspace: Workspace) -> dict[str, Any]:
    return {"id": workspace.pk, "name": workspace.name}


def _endpoint(workspace: Workspace, device_id: int) -> dict[str, Any]:
    rows = list(_devices(workspace.pk).filter(pk=device_id).values(*wire.ENDPOINT_FIELDS))
    if not rows:
        raise invalid_reference(KIND, device_id)
    return wire.endpoint_object(rows[0], _organisation(workspace))


def _require(workspace: Workspace, device_id: int) -> None:
    if not _devices(workspace.pk).filter(pk=device_id).exists():
        raise invalid_reference(KIND, device_id)


def raise_if_refused(outcome: Outcome, device_id: int) -> None:
    """Turn the refusal of one endpoint into its answer. Raises WireError: 404, or 409."""
    if not outcome.refused:
        return
    refusal = outcome.refused[0]
    if refusal.code == "not_found":
        raise invalid_reference(KIND, device_id)
    raise WireError(409, Code.NOT_ALLOWED, f"Endpoint {refusal.label}: {refusal.reason}")


def check_organisation(body: Body, asked: Reference | None, workspace: Workspace) -> None:
    """Refuse an organisation other than the token's own. Raises WireError."""
    if asked is not None and asked.id != workspace.pk:
        raise invalid(body, BodyFault(Code.INVALID_REFERENCE, f"Organisation with Id '{asked.id}' not found."))


def invalid(body: Body, problem: BodyFault) -> WireError:
    """Return the validation error of a body, with what exactly is wrong nested in it."""
    if problem.code is Code.INPUT_VALIDATION:
        problem = BodyFault(Code.NOT_ALLOWED, problem.message)
    return WireError(422, Code.INPUT_VALIDATION, body.invalid_text, errors=[problem], extra=body.invalid_extra)
