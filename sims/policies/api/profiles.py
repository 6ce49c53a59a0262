"""Service and coverage policies over the API: `service_profile` and `tariff_profile` (`docs/api.md` section 6)."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Count
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from accounts.packages.api import InclusiveVolumeAnswer, inclusive_volume_wire
from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import Answer, NamedRef, answers, done
from kit.api.errors import BodyFault, Code, WireError, invalid_reference, problem_of
from kit.api.lists import Limits, PageQuery, page_response, read_page
from kit.api.responses import created, json_response, no_content
from kit.api.types import Body, Flag, PathId, Reference, WireText
from kit.errors import Conflict, Invalid, NotFound
from sims.models import CoveragePolicy, ServicePolicy
from sims.policies.services import policies as services

service_profiles = Router(tags=["Service profiles"])
tariff_profiles = Router(tags=["Tariff profiles"])

LIMITS: Final = Limits(default=1_000, most=1_000)
SERVICE: Final = "Service profile"
TARIFF: Final = "Tariff profile"
SERVICES: Final = {38: ("data", "Data"), 32: ("sms_mo", "MO-SMS"), 6: ("sms_mt", "MT-SMS")}
"""Services that a profile can allow, by their published ids."""
NOT_OFFERED: Final = {0: "USSD", 3: "Voice"}
"""Published services that this portal does not know."""
_QUOTAS: Final = ("apply_sms_quota", "apply_data_quota")
_RADIO: Final = ("allowed_2g", "allowed_3g", "allowed_4g", "allowed_5g", "allowed_nb_iot")


class ServiceAnswer(Answer):
    """A service that a profile allows."""

    id: int = Field(examples=[38])
    description: str = Field(examples=["Data"])


class ServiceProfileAnswer(Answer):
    """A service policy."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["Standard"])
    description: str = Field(examples=["Data and SMS on all networks."])
    used_count: int = Field(examples=[412], description="Endpoints that use it.")
    allowed_2g: bool
    allowed_3g: bool
    allowed_4g: bool
    allowed_5g: bool
    allowed_nb_iot: bool
    allowed_nb_iot_geo: bool
    apply_sms_quota: bool
    apply_data_quota: bool


class ServiceProfileDetail(ServiceProfileAnswer):
    """A service policy with its services."""

    service: list[ServiceAnswer]


class TariffProfileAnswer(Answer):
    """A coverage policy."""

    id: int = Field(examples=[4])
    name: str = Field(examples=["Worldwide"])
    description: str = Field(examples=["Everywhere at one price."])
    used_count: int = Field(examples=[412], description="Endpoints that use it.")
    tariff: NamedRef


class ServiceProfileCreation(Body):
    """A new service policy; quotas are not kept here and can't be switched on."""

    wire_name = "Service profile"

    name: WireText = Field(examples=["Standard"])
    description: WireText | None = None
    allowed_2g: Flag = True
    allowed_3g: Flag = True
    allowed_4g: Flag = True
    allowed_5g: Flag = False
    allowed_nb_iot: Flag = True
    apply_sms_quota: Flag = False
    apply_data_quota: Flag = False


class ServiceProfilePatch(Body):
    """Any part of a service policy."""

    wire_name = "Service profile"

    name: WireText = ""
    description: WireText | None = None
    allowed_2g: Flag = True
    allowed_3g: Flag = True
    allowed_4g: Flag = True
    allowed_5g: Flag = False
    allowed_nb_iot: Flag = True
    apply_sms_quota: Flag = False
    apply_data_quota: Flag = False


class TariffProfileCreation(Body):
    """A new coverage policy."""

    wire_name = "Tariff profile"

    name: WireText = Field(examples=["Worldwide"])
    description: WireText | None = None
    tariff: Reference


class TariffProfilePatch(Body):
    """Any part of a coverage policy."""

    wire_name = "Tariff profile"

    name: WireText = ""
    description: WireText | None = None
    tariff: Reference = Reference(id=0)


# --- service profiles ---


@service_profiles.get("", summary="List service profiles", response=answers(list[ServiceProfileAnswer], 403))
def list_service_profiles(request: ApiRequest, query: Query[PageQuery]) -> HttpResponse:
    """The workspace's service policies, with the number of endpoints that use each."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    policies = ServicePolicy.objects.of(workspace_id).order_by("pk")

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        counted = policies.annotate(used_count=Count("devices"))[offset : offset + limit]
        return [_service_profile(policy, policy.used_count) for policy in counted]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=policies.count)
    return page_response(request, page, rows, sort="id")


def _service_profile(policy: ServicePolicy, used_count: int) -> dict[str, Any]:
    return {
        "id": policy.pk,
        "name": policy.name,
        "description": policy.description,
        "used_count": used_count,
        "allowed_2g": policy.allowed_2g,
        "allowed_3g": policy.allowed_3g,
        "allowed_4g": policy.allowed_4g,
        "allowed_5g": policy.allowed_5g,
        "allowed_nb_iot": policy.allowed_nb_iot,
        "allowed_nb_iot_geo": False,
        "apply_sms_quota": False,
        "apply_data_quota": False,
    }


def _service_detail(workspace_id: int, profile_id: int) -> dict[str, Any]:
    found = ServicePolicy.objects.of(workspace_id).filter(pk=profile_id).annotate(used_count=Count("devices")).first()
    if found is None:
        raise invalid_reference(SERVICE, profile_id)
    service = [{"id": key, "description": text} for key, (field, text) in SERVICES.items() if getattr(found, field)]
    return {**_service_profile(found, found.used_count), "service": service}


@service_profiles.post(
    "", summary="Create a service profile", response=answers(ServiceProfileDetail, 403, 422, status=201)
)
def post_service_profile(request: ApiRequest, body: ServiceProfileCreation) -> HttpResponse:
    """Create a service policy with data and SMS."""
    workspace_id = request.auth.workspace.pk
    _refuse_quotas(body)
    values = {"name": body.name, "description": body.description or ""}
    values |= {name: getattr(body, name) for name in _RADIO}
    try:
        policy = services.create_service_policy(workspace_id=workspace_id, values=values)
    except Invalid as error:
        raise _invalid(SERVICE, error) from error
    return created(request, _service_detail(workspace_id, policy.pk), f"/api/v1/service_profile/{policy.pk}")


@service_profiles.get(
    "/{profile_id}", summary="Get a service profile", response=answers(ServiceProfileDetail, 403, 404)
)
def get_service_profile(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """One service policy with its services."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    return json_response(_service_detail(workspace_id, profile_id))


@service_profiles.patch(
    "/{profile_id}",
    summary="Change a service profile",
    response=answers(ServiceProfileDetail, 403, 404, 422, status=201),
)
def patch_service_profile(request: ApiRequest, profile_id: PathId, body: ServiceProfilePatch) -> HttpResponse:
    """Change any part; the answer is 201 with the whole, as published."""
    _refuse_quotas(body)
    names = ("name", "description", *_RADIO)
    values: dict[str, Any] = {name: getattr(body, name) for name in names if name in body.model_fields_set}
    if "description" in values:
        values["description"] = values["description"] or ""
    workspace_id = request.auth.workspace.pk
    _update_service(workspace_id, profile_id, values)
    return json_response(_service_detail(workspace_id, profile_id), status=201)


def _refuse_quotas(body: ServiceProfileCreation | ServiceProfilePatch) -> None:
    for name in _QUOTAS:
        if getattr(body, name):
            raise _problem(SERVICE, Code.NOT_ALLOWED, f"{name} cannot be switched on: there are no quotas.")


def _update_service(workspace_id: int, profile_id: int, values: dict[str, Any]) -> None:
    try:
        services.update_service_policy(workspace_id=workspace_id, policy_id=profile_id, values=values)
    except NotFound as error:
        raise invalid_reference(SERVICE, profile_id) from error
    except Invalid as error:
        raise _invalid(SERVICE, error) from error


@service_profiles.delete("/{profile_id}", summary="Delete a service profile", response=done(403, 404, 409))
def delete_service_profile(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """409 while endpoints use it."""
    try:
        services.delete_service_policy(workspace_id=request.auth.workspace.pk, policy_id=profile_id)
    except NotFound as error:
        raise invalid_reference(SERVICE, profile_id) from error
    except Conflict as error:
        raise WireError(409, Code.NOT_ALLOWED, error.message) from error
    return no_content()


@service_profiles.put(
    "/{profile_id}/service/{service_id}", summary="Allow a service", response=done(403, 404, 409, 422)
)
def put_service(request: ApiRequest, profile_id: PathId, service_id: PathId) -> HttpResponse:
    """6 MT-SMS, 32 MO-SMS, 38 Data; 409 when it is allowed already. 0 USSD and 3 Voice are not offered here."""
    return _switch(request, profile_id, service_id, allowed=True)


@service_profiles.delete(
    "/{profile_id}/service/{service_id}", summary="Forbid a service", response=done(403, 404, 409, 422)
)
def delete_service(request: ApiRequest, profile_id: PathId, service_id: PathId) -> HttpResponse:
    """6 MT-SMS, 32 MO-SMS, 38 Data; 409 when it is not allowed."""
    return _switch(request, profile_id, service_id, allowed=False)


def _switch(request: ApiRequest, profile_id: int, service_id: int, *, allowed: bool) -> HttpResponse:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.POLICY_UPDATE)
    if service_id in NOT_OFFERED:
        raise WireError(422, Code.NOT_ALLOWED, f"This portal does not offer {NOT_OFFERED[service_id]}.")
    if service_id not in SERVICES:
        raise invalid_reference("Service", service_id)
    try:
        services.switch_service(
            workspace_id=workspace_id, policy_id=profile_id, service=SERVICES[service_id][0], allowed=allowed
        )
    except NotFound as error:
        raise invalid_reference(SERVICE, profile_id) from error
    return no_content()


# --- tariff profiles ---


@tariff_profiles.get("", summary="List tariff profiles", response=answers(list[TariffProfileAnswer], 403))
def list_tariff_profiles(request: ApiRequest, query: Query[PageQuery]) -> HttpResponse:
    """The workspace's coverage policies with their data plans, and the number of endpoints that use each."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    policies = CoveragePolicy.objects.of(workspace_id).order_by("pk")

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        counted = policies.select_related("data_plan").annotate(used_count=Count("devices"))
        return [_tariff_profile(policy, policy.used_count) for policy in counted[offset : offset + limit]]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=policies.count)
    return page_response(request, page, rows, sort="id")


def _tariff_profile(policy: CoveragePolicy, used_count: int) -> dict[str, Any]:
    return {
        "id": policy.pk,
        "name": policy.name,
        "description": policy.description,
        "used_count": used_count,
        "tariff": {"id": policy.data_plan_id, "name": policy.data_plan.name},
    }


def coverage_policy(workspace_id: int, profile_id: int) -> CoveragePolicy:
    """Return a tariff profile of a workspace with its data plan. Raises WireError: 404."""
    found = CoveragePolicy.objects.of(workspace_id).filter(pk=profile_id).select_related("data_plan").first()
    if found is None:
        raise invalid_reference(TARIFF, profile_id)
    return found


def _tariff_detail(workspace_id: int, profile_id: int) -> dict[str, Any]:
    policy = coverage_policy(workspace_id, profile_id)
    return _tariff_profile(policy, policy.devices.count())


@tariff_profiles.post(
    "", summary="Create a tariff profile", response=answers(TariffProfileAnswer, 403, 422, status=201)
)
def post_tariff_profile(request: ApiRequest, body: TariffProfileCreation) -> HttpResponse:
    """Create a coverage policy with a data plan of the workspace."""
    workspace_id = request.auth.workspace.pk
    values = {"name": body.name, "description": body.description or "", "data_plan_id": body.tariff.id}
    try:
        policy = services.create_coverage_policy(workspace_id=workspace_id, values=values)
    except Invalid as error:
        raise _invalid(TARIFF, error) from error
    return created(request, _tariff_detail(workspace_id, policy.pk), f"/api/v1/tariff_profile/{policy.pk}")


@tariff_profiles.get("/{profile_id}", summary="Get a tariff profile", response=answers(TariffProfileAnswer, 403, 404))
def get_tariff_profile(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """One coverage policy."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    return json_response(_tariff_detail(workspace_id, profile_id))


@tariff_profiles.patch("/{profile_id}", summary="Change a tariff profile", response=done(403, 404, 422))
def patch_tariff_profile(request: ApiRequest, profile_id: PathId, body: TariffProfilePatch) -> HttpResponse:
    """Change any part."""
    sent = body.model_fields_set
    values: dict[str, Any] = {name: getattr(body, name) or "" for name in ("name", "description") if name in sent}
    if "tariff" in sent:
        values["data_plan_id"] = body.tariff.id
    try:
        services.update_coverage_policy(workspace_id=request.auth.workspace.pk, policy_id=profile_id, values=values)
    except NotFound as error:
        raise invalid_reference(TARIFF, profile_id) from error
    except Invalid as error:
        raise _invalid(TARIFF, error) from error
    return no_content()


@tariff_profiles.delete("/{profile_id}", summary="Delete a tariff profile", response=done(403, 404, 409))
def delete_tariff_profile(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """409 while endpoints use it."""
    try:
        services.delete_coverage_policy(workspace_id=request.auth.workspace.pk, policy_id=profile_id)
    except NotFound as error:
        raise invalid_reference(TARIFF, profile_id) from error
    except Conflict as error:
        raise WireError(409, Code.NOT_ALLOWED, error.message) from error
    return no_content()


@tariff_profiles.get(
    "/{profile_id}/inclusive_volume",
    summary="List what a tariff profile includes",
    response=answers(list[InclusiveVolumeAnswer], 403, 404),
)
def list_inclusive_volumes(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """The allowance of its data plan, if that has one and the profile uses it."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    policy = coverage_policy(workspace_id, profile_id)
    plan = policy.data_plan
    return json_response([inclusive_volume_wire(plan)] if plan.included_mb and policy.uses_allowance else [])


def _invalid(kind: str, error: Invalid) -> WireError:
    code = problem_of(error).code
    return _problem(kind, Code.INVALID_FORMAT if code is Code.INPUT_VALIDATION else code, error.message)


def _problem(kind: str, code: Code, message: str) -> WireError:
    problem = BodyFault(code, f"{kind} - {message}")
    return WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=[problem])
