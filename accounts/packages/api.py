"""Platform packages (`tariff_plan`), data plans (`tariff`) and what they include; `docs/api.md` section 6."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.models.rates import stored_rates
from accounts.packages.services.subscriptions import add_data_plan
from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import MY, ApiRequest, OrganisationId, own_organisation
from accounts.wire import CurrencyAnswer, currency_wire
from kit.api.document import Answer, Lookup, NamedRef, answers, done
from kit.api.errors import BodyFault, Code, WireError, invalid_reference
from kit.api.responses import created, json_response, no_content
from kit.api.types import Body, BodyId, Flag, PathId, WireText
from kit.context import current_context
from kit.errors import Conflict

router = Router(tags=["Plans"])


class Rate(Answer):
    """A price from a number of SIMs on."""

    scale_start: int = Field(examples=[1])
    rate: float = Field(examples=[0.75])


class Price(Answer):
    """Prices of a package by volume."""

    sim_activated_rate: list[Rate]


class TariffPlanAnswer(Answer):
    """A platform package."""

    id: int = Field(examples=[2])
    name: str = Field(examples=["Plus EUR"])
    description: str = Field(examples=["Factory test and four data plans."])
    rate: float = Field(examples=[49.0], description="A month, in the currency.")
    yearly_rate: float = Field(examples=[588.0])
    evaluation: bool
    expiry_time: int = Field(examples=[0], description="Days of a trial; 0 for no end.")
    max_users: int | None = Field(examples=[20], description="null: no limit.")
    max_active_sims: int | None = Field(examples=[5000], description="null: no limit.")
    factory_test_mode_allowed: bool
    workspaces_enabled: bool
    federation_allowed: bool
    currency: CurrencyAnswer
    price: Price
    status: Lookup


class OrganisationPlanAnswer(Answer):
    """The package of an organisation; its own flags win over the package's, null is as the package says."""

    id: int = Field(examples=[12], description="Of the assignment: an organisation has one.")
    organisation_id: int = Field(examples=[12])
    active: bool
    applied_rate: float = Field(examples=[49.0], description="A month, in the currency.")
    applied_price: Price
    tariff_plan: TariffPlanAnswer
    factory_test_mode_allowed: bool | None
    workspaces_enabled: bool | None
    federation_allowed: bool | None


class TariffAnswer(Answer):
    """A data plan."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Global Basic"])
    description: str = Field(examples=["120 countries, pooled."])
    currency: CurrencyAnswer
    status: Lookup
    data_blocksize: int = Field(examples=[1], description="Bytes that are counted as one.")


class InclusiveVolumeAnswer(Answer):
    """What each activated SIM adds to the allowance of a data plan."""

    id: int = Field(examples=[1])
    volume: int = Field(examples=[100], description="MB a month and activated SIM.")
    rate: float = Field(examples=[0.5], description="Its price a month and activated SIM, in the currency.")
    currency: CurrencyAnswer
    pooled: bool
    ratezone: NamedRef
    tariff: NamedRef


class TariffChoice(Body):
    """A data plan to be booked."""

    wire_name = "Organisation"

    id: BodyId = Field(description="Id of a `tariff`.", examples=[1])


class Booking(Body):
    """When a booking begins and ends; today and never."""

    wire_name = "Booking"

    start_date: WireText | None = Field(None, description="Today, if it is sent.", examples=["2026-11-20"])
    end_date: WireText | None = Field(None, description="Can't be set: bookings have no end.")
    pooled: Flag | None = Field(None, description="As the data plan says, if it is sent.")


@router.get(
    "/tariff_plan/active",
    summary="Get the platform package of one's own workspace",
    response=answers(OrganisationPlanAnswer, 403),
)
def get_own_active_plan(request: ApiRequest) -> HttpResponse:
    """The package that holds now, as under `/organisation/my`."""
    return json_response(_organisation_plan(own_organisation(request, MY, permission=Permission.INVENTORY_READ)))


@router.get(
    "/organisation/{organisation_id}/tariff_plan/active",
    summary="Get the platform package of the workspace",
    response=answers(OrganisationPlanAnswer, 403, 404),
)
def get_active_plan(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """The package that holds now, and what the workspace has of its own instead."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    return json_response(_organisation_plan(workspace))


@router.get(
    "/organisation/{organisation_id}/tariff_plan",
    summary="List the platform packages of the workspace",
    response=answers(list[OrganisationPlanAnswer], 403, 404),
)
def list_plans(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """The package that holds now; former ones stand in the log (event 33)."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    return json_response([_organisation_plan(workspace)])


def tariff_plan_wire(package: PlatformPackage) -> dict[str, Any]:
    """Return a platform package as the wire has it."""
    status = PlatformPackage.Status(package.status)
    return {
        "id": package.pk,
        "name": package.name,
        "description": package.description,
        "rate": package.monthly_rate_cents / 100,
        "yearly_rate": package.monthly_rate_cents * 12 / 100,
        "evaluation": package.evaluation,
        "expiry_time": package.trial_days,
        "max_users": package.max_users,
        "max_active_sims": package.max_active_sims,
        "factory_test_mode_allowed": package.factory_test_allowed,
        "workspaces_enabled": package.workspaces_allowed,
        "federation_allowed": False,
        "currency": currency_wire(package.currency),
        "price": {"sim_activated_rate": stored_rates(package.rate_steps)},
        "status": {"id": status.value, "description": status.name.capitalize()},
    }


def _organisation_plan(workspace: Workspace) -> dict[str, Any]:
    plan = tariff_plan_wire(workspace.package)
    return {
        "id": workspace.pk,
        "organisation_id": workspace.pk,
        "active": True,
        "applied_rate": plan["rate"],
        "applied_price": plan["price"],
        "tariff_plan": plan,
        "factory_test_mode_allowed": workspace.factory_test_override,
        "workspaces_enabled": None,
        "federation_allowed": None,
    }


@router.get("/tariff", summary="List the data plans of the workspace", response=answers(list[TariffAnswer], 403))
def list_tariffs(request: ApiRequest) -> HttpResponse:
    """The data plans that coverage policies may choose."""
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    return json_response([_tariff(plan) for plan in _plans(workspace_id)])


@router.get(
    "/organisation/{organisation_id}/inclusive_volume",
    summary="List what the data plans include",
    response=answers(list[InclusiveVolumeAnswer], 403, 404),
)
def list_inclusive_volumes(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """The allowance of each data plan of the workspace that has one; a data plan is one rate zone."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    return json_response([inclusive_volume_wire(plan) for plan in _plans(workspace.pk) if plan.included_mb])


@router.patch("/organisation/{organisation_id}/tariff", summary="Book a data plan", response=done(403, 404, 409, 422))
def patch_tariff(request: ApiRequest, organisation_id: OrganisationId, body: TariffChoice) -> HttpResponse:
    """Add a data plan to those of the workspace (event 34); one that is booked already stays so. Not for tokens."""
    workspace = own_organisation(request, organisation_id, permission=Permission.PACKAGE_UPDATE)
    if not DataPlan.objects.filter(pk=body.id).exists():
        raise invalid_reference("Tariff", body.id, status=422)
    _book(workspace, body.id)
    return no_content()


@router.put(
    "/organisation/{organisation_id}/inclusive_volume/{inclusive_volume_id}",
    summary="Book an inclusive volume",
    response=answers(InclusiveVolumeAnswer, 403, 404, 409, 422, status=201),
)
def put_inclusive_volume(
    request: ApiRequest, organisation_id: OrganisationId, inclusive_volume_id: PathId, body: Booking
) -> HttpResponse:
    """Book what a data plan includes, and with it the plan (event 34): at once and without an end."""
    workspace = own_organisation(request, organisation_id, permission=Permission.PACKAGE_UPDATE)
    plan = DataPlan.objects.filter(pk=inclusive_volume_id, included_mb__gt=0).first()
    if plan is None:
        raise invalid_reference("Inclusive volume", inclusive_volume_id)
    _check_booking(body, plan)
    if not _book(workspace, plan.pk):
        raise WireError(409, Code.DUPLICATED, f"Inclusive volume with Id '{plan.pk}' is booked already.")
    path = f"/api/v1/organisation/{workspace.pk}/inclusive_volume"
    return created(request, inclusive_volume_wire(plan), path)


def _check_booking(body: Booking, plan: DataPlan) -> None:
    """Refuse what can't be booked: another day than today, an end, or pooling that the plan has not."""
    today = current_context().now().date()
    problems = []
    for name, text in (("start_date", body.start_date), ("end_date", body.end_date)):
        if text is None:
            continue
        found = _date(text)
        if found is None:
            problems.append(BodyFault(Code.INVALID_FORMAT, f"Booking - {name} has invalid format: expecting Date."))
        elif name == "start_date" and found > today:
            problems.append(BodyFault(Code.NOT_ALLOWED, "Booking - start_date lies ahead. Book on that day."))
        elif name == "start_date" and found < today:
            problems.append(BodyFault(Code.NOT_ALLOWED, "Booking - start_date is past. Send today's, or leave it out."))
        elif name == "end_date":
            problems.append(
                BodyFault(Code.NOT_ALLOWED, "Booking - end_date cannot be set. The operator's staff end a data plan.")
            )
    if body.pooled is not None and body.pooled != (plan.category == DataPlan.Category.POOLED):
        problems.append(BodyFault(Code.NOT_ALLOWED, "Booking - pooled has to be as the data plan says."))
    if problems:
        raise WireError(422, Code.INPUT_VALIDATION, "Input validation failed", errors=problems)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _book(workspace: Workspace, plan_id: int) -> bool:
    """Add one plan to those of a workspace, and tell whether it is new.

    Raises:
        WireError: 409, the package has no room, or it is not offered.
    """
    try:
        return add_data_plan(workspace_id=workspace.pk, data_plan_id=plan_id)
    except Conflict as error:
        raise WireError(409, Code.NOT_ALLOWED, error.message) from error


def _plans(workspace_id: int) -> list[DataPlan]:
    return list(DataPlan.objects.filter(workspaces=workspace_id).order_by("pk"))


def _tariff(plan: DataPlan) -> dict[str, Any]:
    status = {"id": 1, "description": "Active"} if plan.active else {"id": 2, "description": "Deprecated"}
    return {
        "id": plan.pk,
        "name": plan.name,
        "description": plan.description,
        "currency": currency_wire(plan.currency),
        "status": status,
        "data_blocksize": 1,
    }


def inclusive_volume_wire(plan: DataPlan) -> dict[str, Any]:
    """Return the allowance of a data plan as the wire has it."""
    return {
        "id": plan.pk,
        "volume": plan.included_mb,
        "rate": float(plan.monthly_rate),
        "currency": currency_wire(plan.currency),
        "pooled": plan.category == DataPlan.Category.POOLED,
        "ratezone": {"id": plan.pk, "name": plan.name},
        "tariff": {"id": plan.pk, "name": plan.name},
    }
