"""Comparing what the log says is so with what the tables hold, a piece at a time. Each difference is named.

A piece is read in one moment of the database: on PostgreSQL and SQLite alike nobody waits for it, and what others do
meanwhile makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, Membership, Workspace
from accounts.operator import OPERATOR_ID
from events.models import Event, RetentionReceipt
from events.replay.reading import MOST_ID, Span, object_rows, rows_of
from events.replay.state import Replay, folded
from events.replay.states import Break, DeviceState, Known, SimState
from events.replay.told import IMPORTED, MEMBER_TYPES, ORDER_TYPES, REGISTERED, TOKEN_TYPES
from events.text import COVERS
from kit.querysets import CHUNK
from orders.models import Order
from orders.states import OrderStatus
from sims.models import Device, Sim
from sims.states import DEVICE_WIRE_NAMES, SIM_WIRE_NAMES


class Difference(NamedTuple):
    """Something that the log and a table do not say alike.

    Args:
        workspace_id: whose log.
        kind: what sort of object, such as "sim".
        id: of the object.
        name: what people know it by.
        field: what of it; "presence" where one of the two does not know it.
        log, table: what each says, readable.
        event_id: the event that the log says it by, `None` where it tells nothing.
    """

    workspace_id: int
    kind: str
    id: int
    name: str
    field: str
    log: str
    table: str
    event_id: int | None

    @property
    def key(self) -> str:
        """What tells it from other differences, whatever the values."""
        return f"{self.workspace_id}/{self.kind}/{self.id}/{self.field}"

    @property
    def sentence(self) -> str:
        """The difference in one sentence."""
        values = self._asdict() | {"kind": _kinds()[self.kind]}
        if self.event_id is None:
            text = _(
                "%(kind)s %(name)s (ID %(id)s, workspace %(workspace_id)s): no event tells of it, the table has it."
            )
            return text % values
        text = _(
            "%(kind)s %(name)s (ID %(id)s, workspace %(workspace_id)s), %(field)s: %(log)s by event %(event_id)s, "
            "%(table)s in the table."
        )
        return text % values


def _kinds() -> dict[str, str]:
    return {
        "sim": _("SIM"),
        "device": _("Device"),
        "member": _("User"),
        "token": _("Application token"),
        "order": _("Order"),
    }


@dataclass(slots=True)
class Result:
    """What a piece, or several, found.

    Args:
        objects: how many were compared.
        untold: fields that the log can't tell, because it begins later or was written by an older version.
        differences: what is not alike.
        breaks: events that say something else was so before them than the events before them say.
    """

    objects: int = 0
    untold: int = 0
    differences: list[Difference] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything inside as it is at one moment, without keeping anybody from writing."""
    if connection.in_atomic_block:
        yield
        return
    how = " ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{how}")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


Show = Callable[[Any], str]
"""Makes a value readable."""
Piece = Callable[[int, int], tuple[Result, int | None]]
"""Compares a piece of a workspace: takes its id and the id after which to begin, returns where the next one begins."""


def _next_span(ids: QuerySet[Any, int], after: int) -> Span:
    """Return the span of the next 5,000 objects of a table, the last one without an end: the log may know of more."""
    found = list(ids.filter(pk__gt=after).order_by("pk")[:CHUNK])
    return Span(after + 1, found[-1] if len(found) == CHUNK else MOST_ID)


def _rest(span: Span) -> int | None:
    return None if span.last == MOST_ID else span.last


class _Comparison:
    """Compares objects of one kind in one workspace, and keeps what it found in `result`."""

    def __init__(self, workspace_id: int, kind: str, replay: Replay) -> None:
        self.workspace_id = workspace_id
        self.kind = kind
        self.result = Result(breaks=replay.breaks)

    def field(self, pk: int, name: str, field: str, known: Known, value: Any, show: Show = str) -> None:
        """Compare one field of an object that both know."""
        if not known.told:
            self.result.untold += 1
        elif known.value != value:
            self._add(pk, name, field, show(known.value), show(value), known.event_id)

    def missing(self, pk: int, name: str, known: Known, *, log: str = "", table: str = "") -> None:
        """Note an object that the log knows and the table does not, or has elsewhere."""
        self._add(pk, name, "presence", log or _("there"), table or _("not there"), known.event_id)

    def untold(self, pk: int, name: str, *, excused: bool) -> None:
        """Note an object of the table that no event tells of.

        Args:
            pk, name: the object.
            excused: the log begins after it.
        """
        if excused:
            self.result.untold += 1
        else:
            self._add(pk, name, "presence", _("not told"), _("there"), None)

    def _add(self, pk: int, name: str, field: str, log: str, table: str, event_id: int | None) -> None:
        self.result.differences.append(Difference(self.workspace_id, self.kind, pk, name, field, log, table, event_id))

    @cached_property
    def begins_later(self) -> bool:
        """Whether retention has taken the beginning of this log. One query, where something is not told."""
        return RetentionReceipt.objects.filter(workspace_id=self.workspace_id, removed__gt=0).exists()


def _named(names: Mapping[int, str]) -> Show:
    return lambda value: names.get(value, str(value))


def _or(nothing: str) -> Show:
    return lambda value: nothing if value in (None, "") else str(value)


# --- SIMs ---

_SIM: Final = ("id", "iccid", "status", "workspace_id", "device_id", "batch_id", "note")


def compare_sims(workspace_id: int, after: int) -> tuple[Result, int | None]:
    """Compare the next SIMs: state, workspace and device. With the operator's workspace come those in stock."""
    here = Q(workspace_id=workspace_id) | (Q(workspace=None) if workspace_id == OPERATOR_ID else Q())
    rows = Sim.objects.filter(here)
    span = _next_span(rows.values_list("pk", flat=True), after)
    replay = Replay()
    for pk, events in object_rows("sim", workspace_id, span):
        for event in events:
            replay.take_sim(pk, event)
    table = {row.pk: row for row in rows.filter(pk__range=span).only(*_SIM)}
    compared = _Comparison(workspace_id, "sim", replay)
    place, device = _or(_("in stock")), _or(_("on no device"))
    for pk, state in replay.sims.items():
        if (row := table.get(pk)) is None:
            continue
        compared.result.objects += 1
        compared.field(pk, row.iccid, "workspace", state.workspace, row.workspace_id, place)
        compared.field(pk, row.iccid, "status", state.status, row.status, _named(SIM_WIRE_NAMES))
        compared.field(pk, row.iccid, "device", state.device, row.device_id, device)
        _compare_note(compared, pk, row.iccid, state.note, row.note)
    _missing_sims(compared, {pk: sim for pk, sim in replay.sims.items() if pk not in table})
    if unknown := [row for pk, row in table.items() if pk not in replay.sims]:
        batches, imports = _blind(workspace_id)
        for row in unknown:
            blind = imports if row.workspace_id is None else row.batch_id in batches
            compared.untold(row.pk, row.iccid, excused=blind or compared.begins_later)
    return compared.result, _rest(span)


def _compare_note(compared: _Comparison, pk: int, name: str, known: Known, note: str) -> None:
    """Compare a note; a log that begins after the object tells of none before it is written."""
    if known.told or note:
        compared.field(pk, name, "note", known, note, _or(_("none")))


def _missing_sims(compared: _Comparison, told: Mapping[int, SimState]) -> None:
    """Note SIMs that the log has here, or in stock, and the table does not."""
    here = [pk for pk, sim in told.items() if sim.workspace.value in (None, compared.workspace_id)]
    found = dict(Sim.objects.filter(pk__in=here).values_list("pk", "workspace_id"))
    for pk in here:
        known = told[pk].workspace
        if pk not in found:
            compared.missing(pk, "", known)
        elif known.value is not None:
            where = _("in workspace %(id)s") % {"id": found[pk]} if found[pk] else _("in stock")
            compared.missing(pk, "", known, table=where)


def _blind(workspace_id: int) -> tuple[set[int], bool]:
    """Return what older versions wrote without saying which SIMs: batches registered here, and whether imports."""
    silent = Event.objects.of(workspace_id).filter(sim_id=None, external_id=None).exclude(detail__has_key=COVERS)
    batches = silent.filter(type=REGISTERED).values_list("detail__sim_batch__id", flat=True)
    imports = Event.objects.of(workspace_id).filter(type=IMPORTED, detail=None).exists()
    return set(batches), imports


# --- devices ---

_DEVICE: Final = ("id", "workspace_id", "status", "name", "tags", "imei", "imei_lock", "ip_address", "note")
_POLICIES: Final = ("service_policy", "coverage_policy")


def compare_devices(workspace_id: int, after: int) -> tuple[Result, int | None]:
    """Compare the next devices: existence, name, tags, state, policies, IMEI, its lock and address."""
    rows = Device.objects.of(workspace_id)
    span = _next_span(rows.values_list("pk", flat=True), after)
    replay = Replay()
    for pk, events in object_rows("device", workspace_id, span):
        for event in events:
            replay.take_device(pk, event)
    table = {row.pk: row for row in rows.filter(pk__range=span).only(*_DEVICE, *(f"{each}_id" for each in _POLICIES))}
    compared = _Comparison(workspace_id, "device", replay)
    for pk, state in replay.devices.items():
        row = table.get(pk)
        if row is None:
            told = state.created if state.created.told else state.name
            compared.missing(pk, state.name.value or "", told)
            continue
        compared.result.objects += 1
        _compare_device(compared, row, state)
    for pk, row in table.items():
        if pk not in replay.devices:
            compared.untold(pk, row.name, excused=compared.begins_later)
    return compared.result, _rest(span)


def _compare_device(compared: _Comparison, row: Device, state: DeviceState) -> None:
    nothing = _or(_("none"))
    compared.field(row.pk, row.name, "name", state.name, row.name)
    compared.field(row.pk, row.name, "status", state.status, row.status, _named(DEVICE_WIRE_NAMES))
    for each in ("imei", "imei_lock", "ip_address"):
        compared.field(row.pk, row.name, each, getattr(state, each), getattr(row, each), nothing)
    for each in _POLICIES:
        compared.field(row.pk, row.name, each, getattr(state, each), getattr(row, f"{each}_id"), nothing)
    _compare_note(compared, row.pk, row.name, state.note, row.note)
    # The order of tags is told only where they are changed on one device, and means nothing.
    tags = state.tags if set((state.tags.value or "").split(",")) != set(row.tags.split(",")) else None
    if not state.tags.told or tags is not None:
        compared.field(row.pk, row.name, "tags", state.tags, row.tags, nothing)


# --- people, tokens, orders: few in a workspace, so each kind is one piece ---


def compare_members(workspace_id: int, _after: int) -> tuple[Result, int | None]:
    """Compare who belongs to a workspace, as what, and who is SuperAdmin."""
    replay = folded(rows_of(workspace_id, types=MEMBER_TYPES))
    table = dict(Membership.objects.of(workspace_id).values_list("user_id", "role"))
    chief = Workspace.objects.filter(pk=workspace_id).values_list("super_admin_id", flat=True).first()
    compared = _Comparison(workspace_id, "member", replay)
    nobody = _or(_("no member"))
    for user_id in sorted(replay.members.keys() | table.keys() | ({chief} if chief is not None else set())):
        state = replay.members.get(user_id)
        if state is None:
            compared.untold(user_id, "", excused=compared.begins_later)
            continue
        compared.result.objects += 1
        compared.field(user_id, "", "role", state.role, table.get(user_id), nobody)
        known = state.super_admin
        if known.told or user_id == chief:
            led = known if known.told or compared.begins_later else state.role._replace(value=False)
            compared.field(user_id, "", "super_admin", led, user_id == chief)
    return compared.result, None


def compare_tokens(workspace_id: int, _after: int) -> tuple[Result, int | None]:
    """Compare the application tokens: whether they are revoked, and their roles."""
    replay = folded(rows_of(workspace_id, types=TOKEN_TYPES))
    table = {row.pk: row for row in ApplicationToken.objects.of(workspace_id).only("id", "status", "role")}
    compared = _Comparison(workspace_id, "token", replay)
    for pk, state in replay.tokens.items():
        row = table.get(pk)
        if row is None:
            compared.missing(pk, "", state.role)
            continue
        compared.result.objects += 1
        compared.field(pk, "", "revoked", state.revoked, row.status == ApplicationToken.Status.REVOKED)
        compared.field(pk, "", "role", state.role, row.role)
    for pk in table.keys() - replay.tokens.keys():
        compared.untold(pk, "", excused=compared.begins_later)
    return compared.result, None


def compare_orders(workspace_id: int, _after: int) -> tuple[Result, int | None]:
    """Compare the states of orders."""
    replay = folded(rows_of(workspace_id, types=ORDER_TYPES))
    table = dict(Order.objects.of(workspace_id).values_list("pk", "status"))
    compared = _Comparison(workspace_id, "order", replay)
    names = {status.value: status.name.title() for status in OrderStatus}
    for pk, state in replay.orders.items():
        if pk not in table:
            compared.missing(pk, "", state.status)
            continue
        compared.result.objects += 1
        compared.field(pk, "", "status", state.status, table[pk], _named(names))
    for pk in table.keys() - replay.orders.keys():
        compared.untold(pk, "", excused=compared.begins_later)
    return compared.result, None


PIECES: Final[Mapping[str, Piece]] = {
    "sims": compare_sims,
    "devices": compare_devices,
    "members": compare_members,
    "tokens": compare_tokens,
    "orders": compare_orders,
}
"""What is compared of a workspace, in this order."""
