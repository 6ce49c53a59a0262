"""Connectivity, blocked networks and SMS of an endpoint (`docs/api.md` section 5)."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import answers, done
from kit.api.errors import BodyFault, Code, WireError, bad_request, invalid_reference, problem_of
from kit.api.responses import created, json_response, no_content, wire_time
from kit.api.types import Body, PathId, WireText
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from sims.connectivity.api.answers import ConnectivityAnswer, ConnectivityInfo, SmsAnswer
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.connectivity.services.messages import SmsText, send_sms
from sims.devices.api.bodies import ConnectivityPatch
from sims.devices.api.endpoints import KIND, raise_if_refused
from sims.devices.connections import ONLINE, RADIO, Connection, connection_of
from sims.devices.services.status import reset_connectivity
from sims.identifiers import iccid_with_luhn
from sims.models import BlockedOperator, Device, Sms, SmsStatus
from sims.models.usage import TrafficType
from sims.policies.api.answers import BlockedOperatorAnswer, blocked_operator_object
from sims.states import DeviceStatus
from sims.wire import TRAFFIC_TYPES

router = Router(tags=["Endpoints"])

MOST_SMS: Final = 1_000
_SMS_STATES: Final = {
    SmsStatus.PENDING: "DELIVERY ATTEMPT PENDING",
    SmsStatus.DELIVERED: "DELIVERED",
    SmsStatus.FAILED: "FAILED",
    SmsStatus.EXPIRED: "EXPIRED",
}
_TO_DEVICE: Final = {"id": 1, "description": "MT"}


class SmsCreation(Body):
    """A message to an endpoint."""

    wire_name = "SMS"

    payload: WireText = Field(examples=["reboot"])
    source_address: WireText | None = Field(None, description="Sender: digits or a name.", examples=["12345"])
    dcs: int | None = Field(None, description="Data coding scheme, 0 to 255.", examples=[0])
    udh: WireText | None = Field(None, description="User data header as hex digits.")


def device_of(request: ApiRequest, device_id: int) -> Device:
    """Return an endpoint of the token's workspace.

    Raises:
        WireError: 404, unknown or somebody else's.
        Forbidden: it may not be read.
    """
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    device = Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk=device_id).first()
    if device is None:
        raise invalid_reference(KIND, device_id)
    return device


@router.get(
    "/{endpoint_id}/connectivity",
    summary="Get the connectivity of an endpoint",
    response=answers(ConnectivityAnswer, 403, 404),
)
def get_connectivity(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """ONLINE while a data session is open or data is being used, ATTACHED for a day after the last sign of life, else
    OFFLINE. Location and PDP context are as the network last reported them, and are left out where it did not.
    """
    found = connection_of(device_of(request, endpoint_id))
    services = ["Data"] if found.status == ONLINE else []
    made: dict[str, Any] = {"status": {"description": found.status}, "services": services}
    if found.located:
        made["location"] = _location(found)
    if found.session is not None:
        made["pdp_context"] = _session(found.session)
    return json_response(made)


def _location(found: Connection) -> dict[str, Any]:
    """Return where a device is attached, as reported."""
    attachment, sim = found.attachment, found.sim
    if attachment is None or sim is None:
        return {}
    operator = attachment.operator or {}
    country = operator.get("country")
    return {
        "iccid": iccid_with_luhn(sim.iccid),
        "imsi": sim.imsi,
        "last_updated": wire_time(attachment.vlr_at) if attachment.vlr_at and attachment.vlr else None,
        "last_updated_gprs": wire_time(attachment.sgsn_at) if attachment.sgsn_at and attachment.sgsn else None,
        "vlr_number": attachment.vlr or None,
        "msc": None,
        "sgsn_number": attachment.sgsn or None,
        "sgsn_ip_address": attachment.sgsn_ip or None,
        "operator": {key: operator.get(key) for key in ("id", "name", "country")} if operator else None,
        "country": country,
    }


def _session(session: dict[str, Any]) -> dict[str, Any]:
    """Return a data session as reported, with its radio technology as an object."""
    number = session.get("rat_type")
    if isinstance(number, int):
        return {**session, "rat_type": {"id": number, "description": RADIO.get(number, str(number))}}
    return session


@router.patch(
    "/{endpoint_id}/connectivity", summary="Reset the connection of an endpoint", response=done(403, 404, 409)
)
def patch_connectivity(request: ApiRequest, endpoint_id: PathId, body: ConnectivityPatch) -> HttpResponse:
    """Order a new connection; 204 says accepted, not done."""
    if not body.model_fields_set:
        raise bad_request('Send {"pdp_context": null}, {"location": null} or both.')
    outcome = reset_connectivity(workspace_id=request.auth.workspace.pk, device_ids=[endpoint_id])
    raise_if_refused(outcome, endpoint_id)
    return no_content()


@router.get(
    "/{endpoint_id}/connectivity_info",
    summary="Ask the network about an endpoint",
    response=answers(ConnectivityInfo, 403),
)
def get_connectivity_info(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """Always 200. There is no link to a home register: what is known comes from reports and usage of the network."""
    try:
        device = device_of(request, endpoint_id)
    except WireError as error:
        return json_response({"success": False, "error": error.message})
    found = connection_of(device)
    made: dict[str, Any] = {"success": found.seen is not None, "status": {"description": found.status}}
    if found.seen is None:
        made["error"] = "No information from the network."
        return json_response(made)
    made["last_seen"] = wire_time(found.seen)
    if found.network_id is not None:
        made["operator"] = blocked_operator_object(found.network_id)
    if found.traffic_type is not None:
        made["traffic_type"] = TRAFFIC_TYPES[TrafficType(found.traffic_type)]
    return json_response(made)


# --- blocked networks ---


@router.get(
    "/{endpoint_id}/operator_blacklist",
    summary="List the networks an endpoint is kept off",
    response=answers(list[BlockedOperatorAnswer], 403, 404),
)
def list_blocked_operators(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """The endpoint's own list."""
    device = device_of(request, endpoint_id)
    ids = BlockedOperator.objects.filter(device=device).order_by("operator_id").values_list("operator_id", flat=True)
    return json_response([blocked_operator_object(operator_id) for operator_id in ids])


@router.put(
    "/{endpoint_id}/operator_blacklist/{operator_id}",
    summary="Keep an endpoint off a network",
    response=done(403, 404, 409),
)
def put_blocked_operator(request: ApiRequest, endpoint_id: PathId, operator_id: PathId) -> HttpResponse:
    """409 when it is blocked already."""
    try:
        block_operator(workspace_id=request.auth.workspace.pk, device_id=endpoint_id, operator_id=operator_id)
    except NotFound as error:
        raise _unknown(error, endpoint_id, operator_id) from error
    return no_content()


@router.delete(
    "/{endpoint_id}/operator_blacklist/{operator_id}",
    summary="Let an endpoint use a network again",
    response=done(403, 404),
)
def delete_blocked_operator(request: ApiRequest, endpoint_id: PathId, operator_id: PathId) -> HttpResponse:
    """404 when it is not blocked."""
    try:
        allow_operator(workspace_id=request.auth.workspace.pk, device_id=endpoint_id, operator_id=operator_id)
    except NotFound as error:
        raise _unknown(error, endpoint_id, operator_id) from error
    return no_content()


def _unknown(error: NotFound, device_id: int, operator_id: int) -> WireError:
    return (
        invalid_reference("Operator", operator_id) if error.field == "operator" else invalid_reference(KIND, device_id)
    )


# --- SMS ---


@router.get("/{endpoint_id}/sms", summary="List the SMS of an endpoint", response=answers(list[SmsAnswer], 403, 404))
def list_sms(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """The last thousand messages sent to it, newest first."""
    device = device_of(request, endpoint_id)
    found = Sms.objects.of(request.auth.workspace.pk).filter(device=device).select_related("sim").order_by("-pk")
    return json_response([_sms(sms, device) for sms in found[:MOST_SMS]])


@router.get("/{endpoint_id}/sms/{sms_id}", summary="Get an SMS", response=answers(SmsAnswer, 403, 404))
def get_sms(request: ApiRequest, endpoint_id: PathId, sms_id: PathId) -> HttpResponse:
    """One message with its state."""
    device = device_of(request, endpoint_id)
    found = Sms.objects.of(request.auth.workspace.pk).filter(device=device, pk=sms_id).select_related("sim").first()
    if found is None:
        raise WireError(404, Code.NOT_FOUND, f"SMS with id {sms_id} not found")
    return json_response(_sms(found, device))


def _sms(sms: Sms, device: Device) -> dict[str, Any]:
    status = SmsStatus(sms.status)
    if status == SmsStatus.PENDING and sms.expires <= current_context().now():
        status = SmsStatus.EXPIRED
    made: dict[str, Any] = {
        "id": sms.pk,
        "payload": sms.payload,
        "source_address": sms.source_address,
        "dcs": sms.dcs,
        "submit_date": wire_time(sms.submitted),
        "expiry_date": wire_time(sms.expires),
        "status": {"id": status.value, "description": _SMS_STATES[status]},
        "sms_type": _TO_DEVICE,
        "endpoint": {"id": device.pk, "name": device.name},
        "sim": {"id": sms.sim_id, "iccid": sms.sim.iccid},
        "organisation": {"id": sms.workspace_id},
    }
    if sms.udh:
        made["udh"] = sms.udh
    if sms.delivered is not None:
        made["delivery_date"] = wire_time(sms.delivered)
    return made


@router.post(
    "/{endpoint_id}/sms",
    summary="Send an SMS to an endpoint",
    response=answers(SmsAnswer, 403, 404, 409, 422, status=201),
)
def post_sms(request: ApiRequest, endpoint_id: PathId, body: SmsCreation) -> HttpResponse:
    """Accept a message; it counts as one SMS. 409 where the endpoint can't receive."""
    workspace: Workspace = request.auth.workspace
    text = SmsText(
        payload=body.payload,
        source_address=body.source_address or "",
        dcs=body.dcs or 0,
        udh=body.udh or "",
    )
    try:
        sent = send_sms(workspace_id=workspace.pk, device_id=endpoint_id, sms=text)
    except NotFound as error:
        raise invalid_reference(KIND, endpoint_id) from error
    except Invalid as error:
        problem = BodyFault(problem_of(error).code, f"SMS - {error.field}: {error.message}")
        raise WireError(422, Code.INPUT_VALIDATION, _("Input validation failed"), errors=[problem]) from error
    except Conflict as error:
        raise WireError(409, Code.NOT_ALLOWED, f"Endpoint {endpoint_id}: {error.message}") from error
    device = Device.objects.get(pk=endpoint_id)
    stored = Sms.objects.select_related("sim").get(pk=sent.pk)
    return created(request, _sms(stored, device), f"/api/v1/endpoint/{endpoint_id}/sms/{sent.pk}")
