"""Usage over the API (`docs/api.md` sections 4, 5 and 7), from the sums that usage records leave.

Costs are what the network's records state, in the workspace's currency: no price of traffic is kept here, and what data
plans include is not taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.models import Workspace
from accounts.models.packages import CURRENCY_IDS
from accounts.packages.prices import hosting_fee
from accounts.permissions import Permission, actor_may, authorise, refuse_closed
from accounts.tokens.bearer import ApiRequest, OrganisationId, own_organisation
from accounts.wire import currency_wire
from kit.api.criteria import span
from kit.api.document import answers
from kit.api.errors import Code, WireError, bad_request, invalid_reference
from kit.api.responses import json_response, wire_time
from kit.api.types import PathId, long_of
from kit.billing import billing_day, billing_month, month_before
from kit.context import current_context
from sims.charges import charged_departed, charged_here
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim, UsageDay, UsageRecord
from sims.models.usage import TrafficType
from sims.states import DeviceStatus, SimStatus
from sims.usage.api.answers import DayAnswer, HourAnswer, OrganisationStatsAnswer, StatsAnswer, WorkspaceDaysAnswer
from sims.usage.records import BYTES_PER_MB, MICRO
from sims.usage.services.prepaid import credit_left
from sims.wire import TRAFFIC_TYPES

sims = Router(tags=["SIMs"])
endpoints = Router(tags=["Endpoints"])
organisations = Router(tags=["Organisation"])
workspaces = Router(tags=["Workspaces"])

MOST_DAYS: Final = 366
MOST_HOURS: Final = 7 * 24
MOST_WORKSPACES: Final = 200
_STATES: Final = {
    "issued": SimStatus.ISSUED,
    "factory_mode": SimStatus.FACTORY_TEST,
    "active": SimStatus.ACTIVATED,
    "suspended": SimStatus.SUSPENDED,
}
_SUMS: Final = {
    name: Sum(name)
    for name in (
        *("data_total", "data_rx", "data_tx", "sms_total", "sms_mt", "sms_mo"),
        *("data_cost_eur", "data_cost_usd", "sms_cost_eur", "sms_cost_usd"),
    )
}
_RECORD_SUMS: Final = {
    **{f"{name}_": Sum(name) for name in ("total", "rx", "tx")},
    **{f"cost_{code.lower()}_": Sum("cost", filter=Q(currency=number)) for code, number in CURRENCY_IDS.items()},
}
_NAMED_SUMS: Final = {f"{name}_": total for name, total in _SUMS.items()}


class Days(Schema):
    """The days that are asked for; the present month unless said."""

    start_date: str = Field("", description="First day, e.g. 2026-11-01.")
    end_date: str = Field("", description="Last day, included.")

    def span(self, today: date) -> tuple[date, date]:
        """Return first and last day. Raises WireError."""
        first = _day("start_date", self.start_date) or today.replace(day=1)
        last = _day("end_date", self.end_date) or today
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            raise bad_request(f"start_date to end_date has to be 1 to {MOST_DAYS} days.")
        return first, last


class WorkspaceDays(Days):
    """Which days of which workspaces."""

    workspace_ids: list[str] = Field(
        [], description="Ids, separated by commas or repeated; all of the user's unless said."
    )

    def ids(self) -> list[int]:
        """Return the ids. Raises WireError."""
        texts = [part.strip() for text in self.workspace_ids for part in text.split(",") if part.strip()]
        found = [long_of(text) for text in texts]
        if len(found) > MOST_WORKSPACES:
            raise bad_request(f"Send at most {MOST_WORKSPACES} workspace_ids.")
        for text, number in zip(texts, found, strict=True):
            if number is None:
                raise bad_request(f'Cannot parse parameter workspace_ids as Long: For input string: "{text[:40]}"')
        return [number for number in found if number is not None]


class Hours(Schema):
    """The hours that are asked for; the last twenty-four unless said."""

    start_date: str = Field("", description="Begin: a day or a moment, e.g. 2026-11-20T08:00:00Z.")
    end_date: str = Field("", description="End; a day is included, a moment is not.")

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """Return begin and end (exclusive). Raises WireError."""
        start = _moment("start_date", self.start_date, end=False)
        end = _moment("end_date", self.end_date, end=True) or (start + timedelta(days=1) if start else now)
        start = start or end - timedelta(days=1)
        if not timedelta() < end - start <= timedelta(hours=MOST_HOURS):
            raise bad_request(f"start_date to end_date has to be more than nothing and at most {MOST_HOURS} hours.")
        return start, end


def _moment(name: str, text: str, *, end: bool) -> datetime | None:
    if not text:
        return None
    try:
        first, after = span(text)
        found = after if end and len(text) <= 10 else first
        # Far enough from the ends of time that a week can be added.
        if not 1970 <= found.year <= 9000:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        raise bad_request(f'Cannot parse parameter {name} as Date: For input string: "{text[:40]}"') from error
    return found


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise bad_request(f'Cannot parse parameter {name} as Date: For input string: "{text[:40]}"') from error


@sims.get("/{sim_id}/stats", summary="Get the usage of a SIM", response=answers(StatsAnswer, 403, 404))
def get_sim_stats(request: ApiRequest, sim_id: PathId) -> HttpResponse:
    """What the SIM used in this workspace: last month, this month, and the last hour."""
    return json_response(_stats(_sim(request, sim_id), request.auth.workspace.currency))


@sims.get("/{sim_id}/stats/daily", summary="Get the daily usage of a SIM", response=answers(list[DayAnswer], 403, 404))
def get_sim_days(request: ApiRequest, sim_id: PathId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage."""
    return json_response(_days(_sim(request, sim_id), days, request.auth.workspace.currency))


def _sim(request: ApiRequest, sim_id: int) -> Q:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    if not Sim.objects.of(workspace_id).exclude(status=SimStatus.DELETED).filter(pk=sim_id).exists():
        raise invalid_reference("SIM", sim_id)
    return Q(workspace_id=workspace_id, sim_id=sim_id)


@endpoints.get("/{endpoint_id}/stats", summary="Get the usage of an endpoint", response=answers(StatsAnswer, 403, 404))
def get_endpoint_stats(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """What the SIM now on the endpoint used in this workspace."""
    return json_response(_stats(_endpoint(request, endpoint_id), request.auth.workspace.currency))


@endpoints.get(
    "/{endpoint_id}/stats/daily",
    summary="Get the daily usage of an endpoint",
    response=answers(list[DayAnswer], 403, 404),
)
def get_endpoint_days(request: ApiRequest, endpoint_id: PathId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage, of the SIM now on the endpoint."""
    return json_response(_days(_endpoint(request, endpoint_id), days, request.auth.workspace.currency))


def _endpoint(request: ApiRequest, device_id: int) -> Q:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    if not Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk=device_id).exists():
        raise invalid_reference("Endpoint", device_id)
    sim_id = Sim.objects.filter(device_id=device_id).values_list("pk", flat=True).first()
    return Q(workspace_id=workspace_id, sim_id=sim_id or 0)


@organisations.get(
    "/{organisation_id}/stats",
    summary="Get the usage of the workspace",
    response=answers(OrganisationStatsAnswer, 403, 404),
)
def get_organisation_stats(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """What all SIMs used in this workspace, how many there are by state, and how many are charged this month."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    stats = _stats(Q(workspace_id=workspace.pk), workspace.currency)
    return json_response({**stats, **_inventory(workspace)})


def _inventory(workspace: Workspace) -> dict[str, Any]:
    """Return the published figures beside the usage of a workspace; those of charges while there are some."""
    now = current_context().now()
    states = dict(Sim.objects.of(workspace.pk).order_by().values_list("status").annotate(n=Count("pk")))
    sims = {name: states.get(state, 0) for name, state in _STATES.items()}
    found: dict[str, Any] = {
        "sim": {**sims, "total": sum(sims.values())},
        "service_profiles": ServicePolicy.objects.of(workspace.pk).count(),
        "tariff_profiles": CoveragePolicy.objects.of(workspace.pk).count(),
        "users": workspace.memberships.count(),
    }
    if charged := charged_here(workspace.pk, now) + charged_departed(workspace.pk, now):
        found |= {
            "active_chargeable_sims": charged,
            "hosting_fees": float(hosting_fee(workspace.package, charged)),
        }
    if (left := credit_left(workspace)) is not None:
        found["prepaid_balance"] = float(left)
    return found


@organisations.get(
    "/{organisation_id}/stats/daily",
    summary="Get the daily usage of the workspace",
    response=answers(list[DayAnswer], 403, 404),
)
def get_organisation_days(request: ApiRequest, organisation_id: OrganisationId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage, of all SIMs."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    return json_response(_days(Q(workspace_id=workspace.pk), days, workspace.currency))


@organisations.get(
    "/{organisation_id}/stats/hourly",
    summary="Get the hourly usage of the workspace",
    response=answers(list[HourAnswer], 403, 404),
)
def get_organisation_hours(request: ApiRequest, organisation_id: OrganisationId, hours: Query[Hours]) -> HttpResponse:
    """One row for each hour with usage, of all SIMs; at most a week, summed from the single records."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    start, end = hours.span(current_context().now())
    records = UsageRecord.objects.filter(workspace_id=workspace.pk, ended__gte=start, ended__lt=end)
    grouped = records.annotate(hour=TruncHour("ended", tzinfo=UTC)).values("hour", "traffic_type")
    found: dict[datetime, dict[str, int]] = {}
    rows: Any = grouped.annotate(**_RECORD_SUMS).order_by("hour")
    for row in rows:
        found.setdefault(row["hour"], {}).update(_sums_of(row))
    return json_response(
        [{"date": wire_time(hour), **_usage(sums, workspace.currency)} for hour, sums in found.items()]
    )


@workspaces.get(
    "/stats/daily",
    summary="Get the daily usage of several workspaces",
    response=answers(list[WorkspaceDaysAnswer], 403, 404),
)
def get_workspace_days(request: ApiRequest, query: Query[WorkspaceDays]) -> HttpResponse:
    """One row for each day with usage, for each workspace that the user may see; an application token has one."""
    named = query.ids()
    if request.auth.user is None:
        seen = {request.auth.workspace.pk}
    else:
        actor = request.auth.actor
        seen = {pk for pk in actor.roles if actor_may(actor, pk, Permission.INVENTORY_READ)}
        for pk in named:
            refuse_closed(actor, pk)
    for pk in named:
        if pk not in seen:
            raise WireError(404, Code.NOT_FOUND, f"Organisation with id {pk} not found")
    wanted = sorted(set(named) or seen)[:MOST_WORKSPACES]
    first, last = query.span(billing_day(current_context().now()))
    sums = UsageDay.objects.filter(workspace_id__in=wanted, day__gte=first, day__lte=last)
    rows: Any = sums.values("workspace_id", "day").annotate(**_NAMED_SUMS).order_by("workspace_id", "day")
    days: dict[int, list[dict[str, Any]]] = {pk: [] for pk in wanted}
    told = {each.pk: each for each in Workspace.objects.filter(pk__in=wanted).only("name", "currency")}
    for row in rows:
        days[row["workspace_id"]].append(_day_object(row, told[row["workspace_id"]].currency))
    return json_response([{"id": pk, "name": told[pk].name, "stats": days[pk]} for pk in wanted])


def _stats(whose: Q, currency: str) -> dict[str, Any]:
    now = current_context().now()
    this = billing_month(now)
    before = month_before(this)
    months = UsageDay.objects.filter(whose)
    return {
        "last_month": _month(before, months.filter(day__gte=before, day__lt=this), currency),
        "current_month": _month(this, months.filter(day__gte=this), currency),
        "last_hour": _last_hour(whose, now, currency),
    }


def _month(first: date, days: QuerySet[UsageDay], currency: str) -> dict[str, Any]:
    """Return the sums of a month, each with its first day."""
    sums = _usage(days.aggregate(**_SUMS), currency)
    return {kind: {**values, "month": first.isoformat()} for kind, values in sums.items()}


def _last_hour(whose: Q, now: datetime, currency: str) -> dict[str, Any]:
    records = UsageRecord.objects.filter(whose, ended__gt=now - timedelta(hours=1))
    values: dict[str, Any] = {}
    rows: Any = records.values("traffic_type").annotate(**_RECORD_SUMS).order_by()
    for row in rows:
        values |= _sums_of(row)
    return _usage(values, currency)


def _sums_of(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the sums of one traffic type under the names that days have for them."""
    kind = "data" if row["traffic_type"] == TrafficType.DATA else "sms"
    names = ("total", "rx", "tx") if kind == "data" else ("total", "mt", "mo")
    values = dict(zip((f"{kind}_{name}" for name in names), (row["total_"], row["rx_"], row["tx_"]), strict=True))
    return values | {f"{kind}_cost_{code.lower()}": row[f"cost_{code.lower()}_"] or 0 for code in CURRENCY_IDS}


def _days(whose: Q, days: Days, currency: str) -> list[dict[str, Any]]:
    first, last = days.span(billing_day(current_context().now()))
    found = UsageDay.objects.filter(whose, day__gte=first, day__lte=last).values("day").annotate(**_NAMED_SUMS)
    ordered: Any = found.order_by("day")
    return [_day_object(row, currency) for row in ordered]


def _day_object(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {"date": row["day"].isoformat(), **_usage({name: row[f"{name}_"] for name in _SUMS}, currency)}


def _usage(values: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return data in MB, messages, and what both cost in a currency, as the wire has them."""

    def amount(name: str, unit: int) -> float:
        return (values.get(name) or 0) / unit

    return {
        "data": {
            "volume": amount("data_total", BYTES_PER_MB),
            "volume_tx": amount("data_tx", BYTES_PER_MB),
            "volume_rx": amount("data_rx", BYTES_PER_MB),
            "cost": amount(f"data_cost_{currency.lower()}", MICRO),
            "currency": currency_wire(currency),
            "traffic_type": TRAFFIC_TYPES[TrafficType.DATA],
        },
        "sms": {
            "volume": amount("sms_total", 1),
            "volume_tx": amount("sms_mo", 1),
            "volume_rx": amount("sms_mt", 1),
            "cost": amount(f"sms_cost_{currency.lower()}", MICRO),
            "currency": currency_wire(currency),
            "traffic_type": TRAFFIC_TYPES[TrafficType.SMS],
        },
    }
