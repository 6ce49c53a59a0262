"""What events say was done to SIMs and devices, object by object: the first state and the last, and all between is no
matter. It is read from the log of one workspace, so that nobody else's events are ever reversed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from events.models import EventQuerySet
from events.reversals import BULK
from events.search import as_uuid
from events.selectors import log_of, of_requests
from events.text import complete_detail
from kit.errors import Invalid

SIM_TYPES: Final = (BULK["sims"] - {10107}) | {10, 45}
NOTE: Final = 10107
DEVICE_TYPES: Final = BULK["devices"] | {68, 10004}
TAGS: Final = 10011


@dataclass(frozen=True)
class Target:
    """What is to be reversed: one event, or all of a request; in a form it is "event:12" or "request:<uuid>"."""

    event: int | None = None
    request: uuid.UUID | None = None

    def __str__(self) -> str:
        return f"event:{self.event}" if self.event is not None else f"request:{self.request}"

    @classmethod
    def read(cls, text: str) -> Target:
        """Read what a dialog has sent back.

        Raises:
            Invalid: it names neither.
        """
        kind, _colon, value = text.partition(":")
        if kind == "event" and value.isascii() and value.isdigit() and len(value) < 19:
            return cls(event=int(value))
        if kind == "request" and (request := as_uuid(value)) is not None:
            return cls(request=request)
        raise Invalid(_("It is not said which events are to be reversed. Open one and choose “Reverse this”."))

    def rows(self, workspace_id: int) -> EventQuerySet:
        """Return the events, in the order recorded."""
        found = log_of(workspace_id).order_by("id")
        return found.filter(of_requests([self.request]) if self.event is None else Q(pk=self.event))


class Row(NamedTuple):
    """What of an event matters here."""

    type: int
    sim_id: int | None
    device_id: int | None
    old_state: int | None
    new_state: int | None
    detail: Any


Change = tuple[Any, Any]
"""What was before and what came of it."""


def _after(change: Change | None, old: Any, new: Any) -> Change:
    """Return the first value before and the last one after."""
    return (old if change is None else change[0], new)


@dataclass(slots=True)
class DevicePast:
    """What happened to a device, and to the SIMs it has to do with.

    Args:
        created, deleted: whether it was.
        status: states before and after.
        put_on, taken_off: the SIM that came onto it, and the one that left it.
        sims: states before and after of SIMs, by id.
        values: properties before and after, as the event calls them.
        added, removed: tags.
    """

    created: bool = False
    deleted: bool = False
    status: Change | None = None
    put_on: int | None = None
    taken_off: int | None = None
    sims: dict[int, Change] = field(default_factory=dict)
    values: dict[str, Change] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take in the next event of the device."""
        match row.type:
            case 10002:
                self.created = True
            case 10004:
                self.deleted = True
            case 42 | 43:
                self.status = _after(self.status, row.old_state, row.new_state)
            case 50 if row.sim_id == self.put_on:
                self.put_on = None
            case 50:
                self.taken_off = row.sim_id
            case 51 if row.sim_id == self.taken_off:
                self.taken_off = None
            case 51:
                self.put_on = row.sim_id
            case 10003:
                for name, change in _changes(row.detail).items():
                    self.values[name] = _after(self.values.get(name), change["from"], change["to"])
            case 10011:
                self.add_tags(row.detail)

    def add_sim(self, row: Row) -> None:
        """Take in a change of its SIM's state."""
        if row.sim_id is not None:
            self.sims[row.sim_id] = _after(self.sims.get(row.sim_id), row.old_state, row.new_state)

    def add_tags(self, detail: Any) -> None:
        """Take in tags that came and went; one that came and went again is no matter."""
        for came, own, other in (("added", self.added, self.removed), ("removed", self.removed, self.added)):
            for name in detail.get(came, []):
                if name in other:
                    other.remove(name)
                else:
                    own.append(name)


def _changes(detail: Any) -> Mapping[str, Mapping[str, Any]]:
    found = detail.get("changes") if isinstance(detail, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def noun_of(target: Target, workspace_id: int) -> str:
    """Return what events are of: "devices" if a device is among them, "sims", or "" when nothing can be reversed.

    One query.
    """
    present = set(target.rows(workspace_id).order_by().values_list("type", flat=True).distinct())
    if present & DEVICE_TYPES:
        return "devices" if present & BULK["devices"] else ""
    return "sims" if present & BULK["sims"] else ""


def ids_in(target: Target, workspace_id: int, noun: str) -> list[int]:
    """Return the ids of the SIMs, or of the devices, that events tell of. One query, two for devices."""
    if noun == "sims":
        rows = target.rows(workspace_id).filter(type__in=SIM_TYPES | {NOTE}, sim_id__isnull=False)
        return sorted({pk for pk in rows.order_by().values_list("sim_id", flat=True) if pk is not None})
    rows = target.rows(workspace_id).filter(type__in=DEVICE_TYPES | SIM_TYPES, device_id__isnull=False)
    tagged = target.rows(workspace_id).filter(type=TAGS, device_id__isnull=True).values_list("detail", flat=True)
    named = {device["id"] for detail in tagged if detail for device in detail.get("devices", [])}
    own = {pk for pk in rows.order_by().values_list("device_id", flat=True) if pk is not None}
    return sorted(own | named)


def _read(rows: EventQuerySet) -> Iterable[Row]:
    for row in rows.values_list(*Row._fields):
        found = Row._make(row)
        yield found._replace(detail=complete_detail(found.detail, None, None)) if found.detail else found


def sims_before(target: Target, workspace_id: int, sim_ids: Sequence[int]) -> dict[int, Change]:
    """Return the states of SIMs before and after, by id. One query.

    Args:
        target: the events.
        workspace_id: in whose log they stand.
        sim_ids: a chunk of them.
    """
    found: dict[int, Change] = {}
    for row in _read(target.rows(workspace_id).filter(type__in=SIM_TYPES, sim_id__in=list(sim_ids))):
        if row.sim_id is not None:
            found[row.sim_id] = _after(found.get(row.sim_id), row.old_state, row.new_state)
    return found


def notes_before(target: Target, workspace_id: int, sim_ids: Sequence[int]) -> dict[int, Change]:
    """Return the notes on SIMs before and after, by id. One query. Args: as `sims_before`."""
    found: dict[int, Change] = {}
    for row in _read(target.rows(workspace_id).filter(type=NOTE, sim_id__in=list(sim_ids))):
        if row.sim_id is not None:
            note = row.detail["note"]
            found[row.sim_id] = _after(found.get(row.sim_id), note["from"] or "", note["to"] or "")
    return found


def devices_before(target: Target, workspace_id: int, device_ids: Sequence[int]) -> dict[int, DevicePast]:
    """Return what happened to devices and their SIMs, by id of the device. Three queries.

    The state of a SIM changes before it is put on a device, so that event knows no device; the one of the assignment
    says which it is.

    Args: as `sims_before`.
    """
    wanted = set(device_ids)
    found: dict[int, DevicePast] = {}
    seen: set[int | None] = set()
    rows = target.rows(workspace_id)
    for row in _read(rows.filter(type__in=DEVICE_TYPES | SIM_TYPES, device_id__in=list(device_ids))):
        past = found.setdefault(row.device_id or 0, DevicePast())
        if row.type in SIM_TYPES:
            seen.add(row.sim_id)
            past.add_sim(row)
        else:
            past.add(row)
    for row in _read(rows.filter(type=TAGS, device_id__isnull=True)):
        for device in row.detail.get("devices", []):
            if device["id"] in wanted:
                found.setdefault(device["id"], DevicePast()).add_tags(row.detail)
    on = {past.taken_off: past for past in found.values()} | {past.put_on: past for past in found.values()}
    moved = [sim_id for sim_id in on if sim_id is not None]
    for row in _read(rows.filter(type__in=SIM_TYPES, device_id__isnull=True, sim_id__in=moved)):
        if row.sim_id not in seen:
            on[row.sim_id].add_sim(row)
    return found
