"""One event, laid out for people: what happened, and who did it and how."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from accounts.models import Workspace
from events import registry
from events.factory_test import because, decision_of, detail_lines
from events.filters import SEVERITY_NAMES, SOURCE_NAMES
from events.readable import Line
from events.reverse.links import ReversalLinks, links_of
from events.selectors import (
    Neighbours,
    Present,
    Siblings,
    neighbours,
    persons_of,
    present_objects,
    siblings,
    support_reason,
)
from events.text import REVERSES
from events.then.moment import stamp
from events.types.base import Severity, Source
from events.who import ActorLine, actor_line
from events.wire import EventColumns, Persons, description_of, detail_of, wire
from kit.context import STAFF_KINDS, Person, Surface
from sims.bulk.reports import reports_of_request
from sims.identifiers import as_printed
from sims.states import DeviceStatus, SimStatus

SIM_STATE_TYPES = frozenset({8, 9, 10, 45})
DEVICE_STATE_TYPES = frozenset({42, 43, 10004})


@dataclass(frozen=True)
class State:
    """A state as its badge shows it."""

    key: str
    label: str


@dataclass(frozen=True)
class Named:
    """An object of the event, as it was called then.

    Args:
        kind: "SIM" or "Device".
        name: how people call it.
        mono: whether the name is an identifier, to be grouped for the eye.
        url: its page, "" when it is gone or no longer in this workspace.
        facts: label and value of what else the row remembers.
        gone: why there is no link, "" otherwise.
        now: what it is called today, "" when that is the same.
        then: the page that tells how it was right after the event.
    """

    kind: str
    name: str
    mono: bool
    url: str
    facts: list[tuple[str, str]]
    gone: str = ""
    now: str = ""
    then: str = ""


@dataclass(frozen=True)
class Panel:
    """Everything that the panel of one event shows."""

    id: int
    workspace_id: int
    url: str
    type_name: str
    type_id: int
    severity: int
    severity_name: str
    source_name: str
    description: str
    moment: datetime
    old: State | None
    new: State | None
    objects: list[Named]
    detail: list[Line]
    line: ActorLine
    actor_url: str
    reason: str
    subject: Person | None
    surface: str
    request_id: str
    request_url: str
    results: list[tuple[str, str]]
    siblings: Siblings
    neighbours: Neighbours
    reversal: ReversalLinks
    ip: str
    client: str
    json: str


def panel_of(
    row: dict[str, Any], workspace: Workspace, *, staff: bool, context_visible: bool, may: Container[str] = ()
) -> Panel:
    """Lay out one event.

    Args:
        row: of `selectors.event_row`.
        workspace: whose log it stands in.
        staff: whether the reader is on the operator's staff.
        context_visible: whether the reader may see address and client; those of staff are for staff only.
        may: names of the rights with which the reader could reverse it.
    """
    others = siblings(row)
    persons = persons_of([row, *others.rows])
    line = actor_line(row, persons, staff=staff)
    client_visible = context_visible and (staff or row["actor_kind"] not in STAFF_KINDS)
    detail = detail_of(row, persons, staff=staff) if row["detail"] else None
    if decision := decision_of(detail):
        line = replace(line, after=((because(decision), False), *line.after))
    told = {key: value for key, value in detail.items() if key != REVERSES} if isinstance(detail, Mapping) else detail
    base = reverse("events:list", args=[workspace.pk])
    for other in others.rows:
        other["description"] = description_of(other, persons, staff=staff)
        other["type_name"] = registry.describe(other["type"])
    around = neighbours(row)
    subject = persons.get(row["subject_id"])
    old, new = states_of(row)
    return Panel(
        id=row["id"],
        workspace_id=workspace.pk,
        url=reverse("events:detail", args=[workspace.pk, row["id"]]),
        type_name=registry.describe(row["type"]),
        type_id=row["type"],
        severity=row["severity"],
        severity_name=severity_name(row["severity"]),
        source_name=source_name(row["source"]),
        description=description_of(row, persons, staff=staff),
        moment=row["timestamp"],
        old=old,
        new=new,
        objects=_objects(row, workspace.pk, present_objects(row)),
        detail=detail_lines(told) if told else [],
        line=line,
        actor_url=f"{base}?actor={line.actor}" if line.actor else "",
        reason=support_reason(row),
        subject=subject,
        surface=surface_name(row["surface"]),
        request_id=str(row["request_id"]),
        request_url=f"{base}?request={row['request_id']}",
        results=results_of(workspace.pk, row["request_id"]),
        siblings=others,
        neighbours=around,
        reversal=links_of(row, others, around, may),
        ip=(row["ip"] or "") if client_visible else "",
        client=row["user_agent"] if client_visible else "",
        json=_json(row, persons, workspace, staff=staff),
    )


def results_of(workspace_id: int, request_id: Any) -> list[tuple[str, str]]:
    """Return what a request was asked to do in bulk, with the address of the result. One query."""
    return [(report.job.title, report.url) for report in reports_of_request(workspace_id, request_id)]


def severity_name(severity: int) -> str:
    """Return the word for a severity; unknown ones keep their number."""
    return str(SEVERITY_NAMES[Severity(severity)]) if severity in Severity.values else str(severity)


def source_name(source: int) -> str:
    """Return the word for a source; unknown ones keep their number."""
    return str(SOURCE_NAMES[Source(source)]) if source in Source.values else str(source)


def _json(row: EventColumns, persons: Persons, workspace: Workspace, *, staff: bool) -> str:
    made = wire(row, persons, {workspace.pk: workspace.name}, staff=staff)
    return orjson.dumps(made, option=orjson.OPT_INDENT_2).decode()


def surface_name(surface: int) -> str:
    """Return the word for the door an action came through, "" for an unknown one."""
    return str(Surface(surface).label) if surface in Surface.values else ""


def states_of(row: EventColumns) -> tuple[State | None, State | None]:
    """Return from which state to which an event led, where it tells of one."""
    states: type[SimStatus] | type[DeviceStatus]
    if row["type"] in SIM_STATE_TYPES:
        states = SimStatus
    elif row["type"] in DEVICE_STATE_TYPES:
        states = DeviceStatus
    else:
        return None, None
    old, new = (
        State(states(value).name.lower(), str(states(value).label)) if value in states.values else None
        for value in (row["old_state"], row["new_state"])
    )
    return old, new


def page_url(name: str, workspace_id: int, pk: int) -> str:
    """Return the address of an object's page, "" while that page is not installed."""
    try:
        return reverse(name, args=[workspace_id, pk])
    except NoReverseMatch:
        return ""


def _then(row: EventColumns, kind: str) -> str:
    url = reverse(f"events:{kind}_then", args=[row["workspace_id"], row[f"{kind}_id"]])
    return f"{url}?at={quote(stamp(row['timestamp']))}"


def _objects(row: EventColumns, workspace_id: int, present: Present) -> list[Named]:
    found = []
    if row["sim_id"] is not None:
        found.append(
            Named(
                kind=_("SIM"),
                name=as_printed(row["iccid"]) or str(row["sim_id"]),
                mono=True,
                url=page_url("sims:sim_detail", workspace_id, row["sim_id"]) if present.sim else "",
                facts=[
                    (label, value)
                    for label, value in (("IMSI", row["imsi"]), (_("SIM ID"), str(row["sim_id"])))
                    if value
                ],
                gone="" if present.sim else _("no longer in this workspace"),
                then=_then(row, "sim"),
            )
        )
    if row["device_id"] is not None:
        facts = [
            (_("Device ID"), str(row["device_id"])),
            ("IMEI", row["device_imei"]),
            (_("IP address"), row["device_ip_address"]),
            (_("Tags"), (row["device_tags"] or "").replace(",", ", ")),
        ]
        found.append(
            Named(
                kind=_("Device"),
                name=row["device_name"] or str(row["device_id"]),
                mono=False,
                url="" if present.device is None else page_url("sims:device_detail", workspace_id, row["device_id"]),
                facts=[(label, str(value)) for label, value in facts if value],
                gone=_("deleted since") if present.device is None else "",
                now=present.device if present.device and present.device != row["device_name"] else "",
                then=_then(row, "device"),
            )
        )
    return found
