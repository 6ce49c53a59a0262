"""Usage over the API (`api_contract.md` sections 4, 5 and 7), from the sums that usage records leave.

Costs are left out: no price of traffic is kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, Sum
from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import ApiRequest
from accounts.api.organisations import OrganisationId, own_organisation
from accounts.permissions import Permission, authorise
from portal.kit.api.document import answers
from portal.kit.api.errors import bad_request, invalid_reference
from portal.kit.api.responses import json_response
from portal.kit.api.types import PathId
from portal.kit.context import current_context
from sims.api.answers import DayAnswer, StatsAnswer
from sims.models import Device, Sim, UsageDay, UsageRecord
from sims.states import DeviceStatus, SimStatus
from sims.usage_models import TrafficType
from sims.usage_records import BYTES_PER_MB

sims = Router(tags=["SIMs"])
endpoints = Router(tags=["Endpoints"])
organisations = Router(tags=["Organisation"])

MOST_DAYS: Final = 366
_TYPES: Final = {
    TrafficType.DATA: {"id": int(TrafficType.DATA), "description": "Data"},
    TrafficType.SMS: {"id": int(TrafficType.SMS), "description": "SMS"},
}
_SUMS: Final = {name: Sum(name) for name in ("data_total", "data_rx", "data_tx", "sms_total", "sms_mt", "sms_mo")}


class Days(Schema):
    """Which days; the present month unless said."""

    start_date: str = Field("", description="First day, e.g. 2026-11-01.")
    end_date: str = Field("", description="Last day, included.")

    def span(self, today: date) -> tuple[date, date]:
        """Return first and last day. Raises WireError."""
        first = _day("start_date", self.start_date) or today.replace(day=1)
        last = _day("end_date", self.end_date) or today
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            raise bad_request(f"start_date to end_date has to be 1 to {MOST_DAYS} days.")
        return first, last


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
    return json_response(_stats(_sim(request, sim_id)))


@sims.get("/{sim_id}/stats/daily", summary="Get the daily usage of a SIM", response=answers(list[DayAnswer], 403, 404))
def get_sim_days(request: ApiRequest, sim_id: PathId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage."""
    return json_response(_days(_sim(request, sim_id), days))


def _sim(request: ApiRequest, sim_id: int) -> Q:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    if not Sim.objects.of(workspace_id).exclude(status=SimStatus.DELETED).filter(pk=sim_id).exists():
        raise invalid_reference("SIM", sim_id)
    return Q(workspace_id=workspace_id, sim_id=sim_id)


@endpoints.get("/{endpoint_id}/stats", summary="Get the usage of an endpoint", response=answers(StatsAnswer, 403, 404))
def get_endpoint_stats(request: ApiRequest, endpoint_id: PathId) -> HttpResponse:
    """What the SIM now on the endpoint used in this workspace."""
    return json_response(_stats(_endpoint(request, endpoint_id)))


@endpoints.get(
    "/{endpoint_id}/stats/daily",
    summary="Get the daily usage of an endpoint",
    response=answers(list[DayAnswer], 403, 404),
)
def get_endpoint_days(request: ApiRequest, endpoint_id: PathId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage, of the SIM now on the endpoint."""
    return json_response(_days(_endpoint(request, endpoint_id), days))


def _endpoint(request: ApiRequest, device_id: int) -> Q:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    if not Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk=device_id).exists():
        raise invalid_reference("Endpoint", device_id)
    sim_id = Sim.objects.filter(device_id=device_id).values_list("pk", flat=True).first()
    return Q(workspace_id=workspace_id, sim_id=sim_id or 0)


@organisations.get(
    "/{organisation_id}/stats", summary="Get the usage of the workspace", response=answers(StatsAnswer, 403, 404)
)
def get_organisation_stats(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """What all SIMs used in this workspace."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    # Single records are found by their SIM, not by their workspace.
    recent = Q(workspace_id=workspace.pk, sim_id__in=Sim.objects.of(workspace.pk).values("pk"))
    return json_response(_stats(Q(workspace_id=workspace.pk), recent))


@organisations.get(
    "/{organisation_id}/stats/daily",
    summary="Get the daily usage of the workspace",
    response=answers(list[DayAnswer], 403, 404),
)
def get_organisation_days(request: ApiRequest, organisation_id: OrganisationId, days: Query[Days]) -> HttpResponse:
    """One row for each day with usage, of all SIMs."""
    workspace = own_organisation(request, organisation_id, permission=Permission.INVENTORY_READ)
    return json_response(_days(Q(workspace_id=workspace.pk), days))


def _stats(whose: Q, recent: Q | None = None) -> dict[str, Any]:
    now = current_context().now()
    this = now.date().replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    return {
        "last_month": _usage(UsageDay.objects.filter(whose, day__gte=before, day__lt=this).aggregate(**_SUMS)),
        "current_month": _usage(UsageDay.objects.filter(whose, day__gte=this).aggregate(**_SUMS)),
        "last_hour": _last_hour(recent or whose, now),
    }


def _last_hour(whose: Q, now: datetime) -> dict[str, Any]:
    records = UsageRecord.objects.filter(whose, ended__gt=now - timedelta(hours=1))
    values: dict[str, Any] = {}
    sums = records.values("traffic_type").annotate(total_=Sum("total"), rx_=Sum("rx"), tx_=Sum("tx"))
    for row in sums.order_by():
        data = row["traffic_type"] == TrafficType.DATA
        names = ("data_total", "data_rx", "data_tx") if data else ("sms_total", "sms_mt", "sms_mo")
        values |= dict(zip(names, (row["total_"], row["rx_"], row["tx_"]), strict=True))
    return _usage(values)


def _days(whose: Q, days: Days) -> list[dict[str, Any]]:
    first, last = days.span(current_context().now().date())
    found = (
        UsageDay.objects.filter(whose, day__gte=first, day__lte=last)
        .values("day")
        .annotate(**{f"{name}_": total for name, total in _SUMS.items()})
    )
    ordered: Any = found.order_by("day")
    rows: list[dict[str, Any]] = list(ordered)
    return [{"date": row["day"].isoformat(), **_usage({name: row[f"{name}_"] for name in _SUMS})} for row in rows]


def _usage(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return data in MB and messages, as the wire has them."""

    def amount(name: str, unit: int) -> float:
        return (values.get(name) or 0) / unit

    return {
        "data": {
            "volume": amount("data_total", BYTES_PER_MB),
            "volume_tx": amount("data_tx", BYTES_PER_MB),
            "volume_rx": amount("data_rx", BYTES_PER_MB),
            "traffic_type": _TYPES[TrafficType.DATA],
        },
        "sms": {
            "volume": amount("sms_total", 1),
            "volume_tx": amount("sms_mo", 1),
            "volume_rx": amount("sms_mt", 1),
            "traffic_type": _TYPES[TrafficType.SMS],
        },
    }
