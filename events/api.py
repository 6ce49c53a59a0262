"""The log over the API (`docs/api.md` section 3): lists of the same shape, and the types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field as Described

from accounts.models import Workspace
from accounts.people.wire import UserKey, find_user
from accounts.permissions import STAFF_RIGHTS, Permission, authorise
from accounts.selectors import user_by_email
from accounts.tokens.bearer import MY, ApiRequest, OrganisationId, own_organisation
from accounts.tokens.staff_callers import as_staff
from events import registry
from events.covered import about
from events.models import Event, EventQuerySet, FrozenPerson
from events.search import sim_ids
from events.selectors import persons_of, workspace_names
from events.text import escape
from events.totals import events_in_log
from events.wire import WIRE_FIELDS, wire_list
from events.wire_rows import first_wire_rows, read_wire_rows, wire_rows
from kit.api.criteria import (
    NOTHING,
    NULL,
    Condition,
    Field,
    address,
    boolean,
    constant,
    moment,
    number,
    parse_query,
    parse_sort,
    text,
)
from kit.api.document import Absent, Answer, Lookup, NamedRef, answers
from kit.api.lists import Limits, ListQuery, deep, page_response, read_page, total_of
from kit.api.responses import json_response
from kit.api.types import PathId, long_of
from kit.clock import parse_moment, span_of
from kit.context import ActorKind
from kit.errors import Invalid
from sims.criteria import digits, imei, is_whole_iccid
from sims.identifiers import iccid_text, imsi_text, normalise_iccid

router = Router(tags=["Events"])

LIMITS: Final = Limits(default=100, most=1_000)

SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "timestamp": "timestamp",
    "source": "source",
    "severity": "severity",
    "alert": "alert",
    "organisation": "",
    "user": "user_id",
    "endpoint": "device_id",
    "tags": "device_tags",
    "ip_address": "device_ip_address",
    "iccid": "iccid",
    "imsi": "imsi",
    "type": "type",
}


class EventEndpoint(Answer):
    """The endpoint of an event, as it was then."""

    id: int = Described(examples=[5120])
    name: str = Described(examples=["Pump 12"])
    imei: str | None = Described(examples=["490154203237518"])
    ip_address: str | None = Described(examples=["10.192.0.7"])
    tags: str | None = Described(examples=["north,pump"])


class EventSim(Answer):
    """The SIM of an event."""

    id: int = Described(examples=[2210])
    iccid: str = Described(examples=["8988303000000000001"])
    production_date: str | None = Described(examples=["2026-01-12T09:00:00.000Z"])


class EventImsi(Answer):
    """The IMSI of an event."""

    id: int = Described(examples=[2210])
    imsi: str = Described(examples=["901430000000001"])
    import_date: str | None = Described(examples=["2026-01-12T09:00:00.000Z"])


class EventUser(Answer):
    """Whose credentials acted; left out for application tokens, the network and the portal itself."""

    id: int = Described(examples=[12])
    name: str = Described(examples=["Olga Owner"])
    username: str = Described(examples=["olga.owner@example.com"])


class EventAnswer(Answer):
    """What happened."""

    id: int = Described(examples=[351732524384257])
    timestamp: str = Described(examples=["2026-11-20T08:15:00.123Z"])
    alert: bool
    description: str = Described(examples=["Status of SIM changed from 'Issued' to 'Activated'"])
    event_type: Lookup
    event_source: Lookup
    event_severity: Lookup
    organisation: NamedRef
    user: EventUser | Absent = None
    acting_for: EventUser | Absent = Described(
        None, description="Our own: the customer's person in whose place the operator's staff acted, in support access."
    )
    endpoint: EventEndpoint | Absent = None
    sim: EventSim | Absent = None
    imsi: EventImsi | Absent = None
    detail: dict[str, Any] | Absent = Described(None, description="What else is known, by type.", examples=[{}])


_LIST: Final = answers(list[EventAnswer], 403, 422)


SECOND: Final = timedelta(seconds=1)
_HAS_SECONDS: Final = re.compile(r":[0-9]{2}:")


def _from(value: str) -> Q:
    return Q(timestamp__gte=span_of(value)[0] if not _HAS_SECONDS.search(value) else parse_moment(value))


def _until(value: str) -> Q:
    # Whoever names a day, a week or a minute means all of it.
    start, end = span_of(value)
    return Q(timestamp__lte=parse_moment(value)) if end - start <= SECOND else Q(timestamp__lt=end)


def _description(value: str) -> Q:
    """Find a text in the descriptions, and in the names of the people that stand in them.

    Stored texts have marks in place of people. The operator's staff are not named to customers.
    """
    # Braces are doubled in stored texts.
    found = text("description", nullable=False)(escape(value))
    if value == NULL:
        return found
    named = FrozenPerson.objects.filter(text("name", nullable=False)(value) | text("username", nullable=False)(value))
    persons = named.order_by().values("pk")
    found |= Q(description__contains="{subject.", subject_id__in=persons)
    return found | Q(description__contains="{actor.", actor_kind=ActorKind.USER, actor_id__in=persons)


def _iccid(value: str) -> Q:
    """Find a whole number by the SIM that has it, as an index can; parts of one in the names of the moment."""
    if not is_whole_iccid(iccid_text(value)):
        return text("iccid")(value)
    try:
        number_ = normalise_iccid(value)
    except Invalid:
        return NOTHING  # no card carries such a number
    # The list is that of one workspace already, and shows no other word when a number is somebody else's.
    ids = sim_ids(None, iccids=[number_])
    return about("sim", ids) if ids else Q(iccid=number_)


def _in_detail(id_path: str, name_path: str) -> Condition:
    """Return the condition maker of something that network events name in their detail: its id, or its name."""

    def condition(value: str) -> Q:
        found = long_of(value)
        if value == NULL:
            return Q(**{f"{name_path}__isnull": True})
        if found is not None:
            return Q(**{id_path: found}) | Q(**{id_path: str(found)})
        return Q(**{f"{name_path}__icontains": value})

    return condition


_FIELDS: Final[Mapping[str, Field]] = {
    "from": Field(_from),
    "until": Field(_until),
    "timestamp": Field(moment("timestamp")),
    "type": Field(number("type"), several=True),
    "source": Field(number("source")),
    "severity": Field(number("severity")),
    "alert": Field(boolean("alert")),
    "description": Field(_description),
    "user": Field(number("user_id", nullable=True)),
    "endpoint": Field(number("device_id", nullable=True), several=True),
    "tags": Field(text("device_tags")),
    "ip_address": Field(address("device_ip_address")),
    "imei": Field(imei("device_imei")),
    "iccid": Field(_iccid, several=True),
    "iccid_with_luhn": Field(_iccid, several=True),
    "imsi": Field(digits("imsi", imsi_text)),
    "network": Field(_in_detail("detail__id", "detail__name"), several=True),
    "country": Field(_in_detail("detail__country__id", "detail__country__name"), several=True),
    "rat": Field(_in_detail("detail__pdp_context__rat_type", "detail__pdp_context__rat_type"), several=True),
}
_PAIRS: Final = {"from": "until", "until": "from"}


@router.get("/event", summary="List events", response=_LIST)
def list_events(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """The log of the workspace, oldest first unless sorted otherwise; the operator's own one for its staff."""
    with _reading(request) as staff:
        return _answer(request, query, Q(), _Scope(request.auth.workspace, staff))


@router.get("/event/type", summary="List the types of events", response=answers(list[Lookup]))
def list_event_types(request: ApiRequest) -> HttpResponse:
    """The lookup table of types."""
    return json_response(registry.wire_lookup("type"))


@router.get("/sim/{sim_id}/event", summary="List the events of a SIM", response=_LIST)
def list_sim_events(request: ApiRequest, sim_id: PathId, query: Query[ListQuery]) -> HttpResponse:
    """What happened to a SIM while it was in this workspace; nothing for an id that is unknown or somebody else's.

    An event of many SIMs, like a transfer, is on the list of each. The operator's staff read what happened to it in all
    workspaces.
    """
    with _reading(request) as staff:
        return _answer(request, query, about("sim", [sim_id]), _all_for_staff(request, staff))


@router.get("/endpoint/{endpoint_id}/event", summary="List the events of an endpoint", response=_LIST)
def list_endpoint_events(request: ApiRequest, endpoint_id: PathId, query: Query[ListQuery]) -> HttpResponse:
    """What happened to an endpoint; nothing for an id that is unknown or somebody else's. Staff read those of all.

    An event of many endpoints, like a change of their tags, is on the list of each.
    """
    with _reading(request) as staff:
        return _answer(request, query, about("device", [endpoint_id]), _all_for_staff(request, staff))


@router.get(
    "/user/{user_id}/event", summary="List the events of a user", response=answers(list[EventAnswer], 403, 404, 422)
)
def list_user_events(request: ApiRequest, user_id: UserKey, query: Query[ListQuery]) -> HttpResponse:
    """What a user did in this workspace: one's own at `/user/my/event`, those of others for Administrators.

    Nothing for an id that is unknown or in no workspace of the caller. The operator's staff read what anybody did, in
    all workspaces.
    """
    own = request.auth.user
    with _reading(request) as staff:
        if isinstance(user_id, str):
            if user_id != "my" and staff:
                found = user_by_email(user_id)
                user_id = found.pk if found is not None else 0
            else:
                user_id = find_user(request, user_id, manage=False).pk
        if own is None or own.pk != user_id:
            authorise(request.auth.workspace.pk, Permission.EVENT_OF_USER_READ)
        whose = Q(user_id=user_id)
        if staff:
            # The index on users begins with the workspace.
            whose &= Q(workspace_id__in=Workspace.objects.order_by().values("pk"))
        return _answer(request, query, whose, _all_for_staff(request, staff))


@router.get(
    "/organisation/{organisation_id}/event",
    summary="List the events of an organisation",
    response=answers(list[EventAnswer], 403, 404, 422),
)
def list_organisation_events(
    request: ApiRequest, organisation_id: OrganisationId, query: Query[ListQuery]
) -> HttpResponse:
    """The log of the token's own organisation, by its id or as `my`; every other one does not exist.

    The operator's staff read the log of any organisation.
    """
    with _reading(request) as staff:
        found = Workspace.objects.filter(pk=organisation_id).first() if staff and organisation_id != MY else None
        workspace = found or own_organisation(request, organisation_id)
        return _answer(request, query, Q(), _Scope(workspace, staff))


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose log is read.

    Args:
        workspace: the log of this one, `None` for those of all.
        staff: whether the operator's staff read.
    """

    workspace: Workspace | None
    staff: bool


def _reading(request: ApiRequest) -> AbstractContextManager[bool]:
    """Let staff read as staff, and tell whether they do."""
    return as_staff(request, STAFF_RIGHTS[Permission.EVENT_READ])


def _all_for_staff(request: ApiRequest, staff: bool) -> _Scope:
    return _Scope(None if staff else request.auth.workspace, staff)


def _answer(request: ApiRequest, query: ListQuery, whose: Q, scope: _Scope) -> HttpResponse:
    workspace = scope.workspace
    authorise((workspace or request.auth.workspace).pk, Permission.EVENT_READ)
    order = parse_sort(query.sort, SORT, status=400)
    condition = parse_query(query.q, {**_FIELDS, "organisation": Field(_of_organisation(workspace))}, pairs=_PAIRS)
    within = whose if workspace is None else Q(workspace_id=workspace.pk) & whose

    def events() -> EventQuerySet:
        return Event.objects.filter(within & condition)

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        if not offset and workspace is not None and not (whose or condition):
            return first_wire_rows(workspace.pk, order.columns, limit)
        if not offset:
            return read_wire_rows(wire_rows().filter(within & condition).order_by(*order.columns)[:limit])
        return read_wire_rows(deep(events().order_by(*order.columns), offset, limit).values(*WIRE_FIELDS))

    def count() -> int:
        if workspace is not None and not whose and not condition:
            return events_in_log(workspace.pk)
        place = workspace.pk if workspace is not None else "all"
        return total_of(events(), scope=f"{place} {request.path} {query.q}", filtered=bool(condition))

    page, rows = read_page(query, LIMITS, fetch=fetch, count=count)
    names = {workspace.pk: workspace.name} if workspace is not None else workspace_names(rows)
    made = wire_list(rows, persons_of(rows), names, staff=scope.staff)
    return page_response(request, page, made, sort=order.header)


def _of_organisation(workspace: Workspace | None) -> Condition:
    return number("workspace_id") if workspace is None else constant(workspace.pk)
