"""The fold: events go in one by one, in the order of their ids, and what they say is so stands here.

Nothing here asks the database. A field that no event has told is `UNTOLD`: what the log can't tell is never guessed.
Each field keeps the event that made it so.

Order: whoever changes an object holds its lock until the commit, and the ids of the events are taken before, so the
events of one object have ids in the order in which they became true. Between objects ids say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from accounts.permissions import Role
from events.text import COVERS, complete
from orders.states import OrderStatus
from sims.states import SimStatus


class Row(NamedTuple):
    """What the fold needs of an event; `subject` is the id of the user it is about."""

    id: int
    workspace_id: int
    moment: datetime
    type: int
    sim_id: int | None
    device_id: int | None
    device_name: str | None
    device_imei: str | None
    device_ip_address: str | None
    device_tags: str | None
    old_state: int | None
    new_state: int | None
    subject: int | None
    detail: Any


class Known(NamedTuple):
    """A value, and the event that made it so (or, where the log begins later, first told it).

    Args:
        value: what is so.
        event_id: the event.
        moment: of the event.
        log: id of the workspace in whose log the event stands: the operator's for SIMs that staff have put into an
            inventory, and then customers don't see it.
    """

    value: Any
    event_id: int | None
    moment: datetime | None
    log: int | None

    @property
    def told(self) -> bool:
        """Whether any event has told it."""
        return self.event_id is not None


UNTOLD: Final = Known(None, None, None, None)


@dataclass(slots=True)
class SimState:
    """A SIM as the log tells it.

    Args:
        status: an id of `SimStatus`.
        workspace: id of the workspace it is in, `None` while in stock; another one than that of the log it was read
            from once it has left.
        device: id of the device it is on, `None` for none.
        note: the text on it, "" for none.
    """

    status: Known = UNTOLD
    workspace: Known = UNTOLD
    device: Known = UNTOLD
    note: Known = UNTOLD


@dataclass(slots=True)
class DeviceState:
    """A device as the log tells it.

    Args:
        created: whether it was made in this log; untold where the log begins later.
        status: an id of `DeviceStatus`.
        tags: names joined by commas; the order is that in which they came, which the table may have otherwise.
        service_policy, coverage_policy: ids, `None` once deleted.
        sim: id of the SIM it holds, `None` for none.
    """

    created: Known = UNTOLD
    name: Known = UNTOLD
    tags: Known = UNTOLD
    status: Known = UNTOLD
    service_policy: Known = UNTOLD
    coverage_policy: Known = UNTOLD
    imei: Known = UNTOLD
    imei_lock: Known = UNTOLD
    ip_address: Known = UNTOLD
    note: Known = UNTOLD
    sim: Known = UNTOLD


@dataclass(slots=True)
class MemberState:
    """A person in a workspace: the role of the membership, `None` without one, and whether they are SuperAdmin."""

    role: Known = UNTOLD
    super_admin: Known = UNTOLD


@dataclass(slots=True)
class TokenState:
    """An application token."""

    description: Known = UNTOLD
    role: Known = UNTOLD
    revoked: Known = UNTOLD


@dataclass(slots=True)
class OrderState:
    """An order; `status` is an id of `OrderStatus`."""

    status: Known = UNTOLD


class Break(NamedTuple):
    """An event that says something else was so before it than the events before it say.

    Args:
        kind: "sim" or "device".
        id: of the object.
        field: of its state.
        event_id: the event.
        says: what it says was so.
        before: what the log had told until then.
    """

    kind: str
    id: int
    field: str
    event_id: int
    says: Any
    before: Known


SIM_STATES: Final = frozenset({8, 9, 10, 45})
DEVICE_STATES: Final = frozenset({42, 43})
REGISTERED: Final = 48
RELEASED: Final = 50
ASSIGNED: Final = 51
TRANSFERRED: Final = 69
IMPORTED: Final = 10060
ALLOTTED: Final = 10001
CREATED: Final = 10002
UPDATED: Final = 10003
DELETED: Final = 10004
TAGGED: Final = 10011
NOTED: Final = 10107
SIGNED_UP: Final = 17
ENDED: Final = 46
TOKEN_CREATED: Final = 10030
TOKEN_REVOKED: Final = 10031
TOKEN_CHANGED: Final = 10085
SUBMITTED: Final = 38
ORDER_UPDATED: Final = 39

SIM_BATCHES: Final = (REGISTERED, TRANSFERRED, IMPORTED, ALLOTTED)
"""Types of events that are about many SIMs at once and name them in their detail.

Of these `ALLOTTED` stands in the operator's log alone: SIMs that staff put into a workspace's inventory."""
DEVICE_BATCHES: Final = (TAGGED,)
"""The same for devices."""
MEMBER_TYPES: Final = (SIGNED_UP, ENDED, 10024, 10025, 10026)
TOKEN_TYPES: Final = (TOKEN_CREATED, TOKEN_REVOKED, TOKEN_CHANGED)
ORDER_TYPES: Final = (SUBMITTED, ORDER_UPDATED)

_UNDER_THE_DEVICES_LOCK: Final = frozenset({42, 43, RELEASED, ASSIGNED, 68, UPDATED, DELETED, TAGGED})
"""Types whose frozen columns say how the device was at that very event, because they were read under its lock."""


class Replay:
    """What the events so far say. Attributes: `sims`, `devices`, `members`, `tokens`, `orders`, each by id."""

    def __init__(self) -> None:
        self.sims: dict[int, SimState] = {}
        self.devices: dict[int, DeviceState] = {}
        self.members: dict[int, MemberState] = {}
        self.tokens: dict[int, TokenState] = {}
        self.orders: dict[int, OrderState] = {}
        self.breaks: list[Break] = []
        self.events = 0
        self.last_id = 0
        # States in which the SIMs of the last transfer arrived: it is asked for one SIM after the other.
        self._arrivals: tuple[int, dict[int, int | None]] = 0, {}

    def take(self, row: Row) -> None:
        """Take the next event, with all that it says of anything."""
        self.events += 1
        self.last_id = row.id
        for sim_id in sims_of(row):
            self.take_sim(sim_id, row)
        for device_id in devices_of(row):
            self.take_device(device_id, row)
        self.take_people(row)

    # --- SIMs ---

    def take_sim(self, sim_id: int, row: Row) -> None:
        """Take what an event says of one SIM."""
        sim = self.sims.setdefault(sim_id, SimState())
        if row.type in SIM_STATES:
            self._step("sim", sim_id, sim, row)
        elif row.type == REGISTERED:
            sim.status = _known(SimStatus.ISSUED.value, row)
            sim.workspace = _known(row.workspace_id, row)
            sim.device = _known(None, row)
            sim.note = _known("", row)
            return
        elif row.type == TRANSFERRED:
            self._transferred(sim_id, sim, row)
            return
        elif row.type in (IMPORTED, ALLOTTED):
            sim.status = _known(SimStatus.ISSUED.value, row)
            sim.workspace = _known(_part(row.detail, "workspace").get("id"), row)
            sim.device = _known(None, row)
            sim.note = _known("", row)
            return
        elif row.type == ASSIGNED:
            sim.device = _known(row.device_id, row)
        elif row.type == RELEASED:
            sim.device = _known(None, row)
        elif row.type == NOTED:
            sim.note = _known(_text(_part(row.detail, "note").get("to")) or "", row)
        # Where the log begins later: an event of a SIM is in the log of the workspace it is in, and names its device.
        if not sim.workspace.told:
            sim.workspace = _known(row.workspace_id, row)
        if not sim.device.told and row.type in SIM_STATES:
            sim.device = _known(row.device_id, row)

    def _transferred(self, sim_id: int, sim: SimState, row: Row) -> None:
        """Move a SIM; both sides tell the same. Logs of older versions do not say in which state it arrived."""
        if self._arrivals[0] != row.id:
            self._arrivals = row.id, {item["id"]: _part(item, "status").get("id") for item in _items(row, "sims")}
        target = _part(row.detail, "target").get("id")
        sim.workspace = _known(target, row)
        sim.device = _known(None, row)
        sim.note = _known("", row)
        status = self._arrivals[1].get(sim_id)
        if status is not None:
            sim.status = _known(status, row)
        elif row.workspace_id == target:
            sim.status = UNTOLD

    def _step(self, kind: str, id_: int, state: SimState | DeviceState, row: Row) -> None:
        """Move a SIM or device to the state an event tells, and see whether it was where the event says it was."""
        if state.status.told and row.old_state is not None and state.status.value != row.old_state:
            self.breaks.append(Break(kind, id_, "status", row.id, row.old_state, state.status))
        state.status = _known(row.new_state, row)

    # --- devices ---

    def take_device(self, device_id: int, row: Row) -> None:
        """Take what an event says of one device."""
        device = self.devices.setdefault(device_id, DeviceState())
        if row.type in DEVICE_STATES or row.type == DELETED:
            self._step("device", device_id, device, row)
        if row.type == CREATED:
            _created(device, row)
        elif row.type == UPDATED:
            self._updated(device_id, device, row)
        elif row.type == TAGGED:
            _tagged(device_id, device, row)
        elif row.type == DELETED:
            device.service_policy = device.coverage_policy = _known(None, row)
        elif row.type == ASSIGNED:
            device.sim = _known(row.sim_id, row)
        elif row.type == RELEASED:
            device.sim = _known(None, row)
        if row.device_id == device_id and row.type in _UNDER_THE_DEVICES_LOCK:
            _learn(device, row)

    def _updated(self, device_id: int, device: DeviceState, row: Row) -> None:
        for field, change in _part(row.detail, "changes").items():
            if field not in DeviceState.__slots__ or not isinstance(change, Mapping):
                continue
            before: Known = getattr(device, field)
            says = _text(change.get("from"))
            if before.told and field != "tags" and (before.value or None) != (says or None):
                self.breaks.append(Break("device", device_id, field, row.id, says, before))
            setattr(device, field, _known(_text(change.get("to")), row))

    # --- people, tokens, orders ---

    def take_people(self, row: Row) -> None:
        """Take what an event says of a member, a token or an order."""
        take = _PEOPLE.get(row.type)
        if take is not None and (row.subject is not None or row.type not in MEMBER_TYPES):
            take(self, row)

    def _member(self, row: Row) -> MemberState:
        return self.members.setdefault(row.subject or 0, MemberState())

    def _joined(self, row: Row) -> None:
        self._member(row).role = _known(_value(row.detail, "role"), row)

    def _left(self, row: Row) -> None:
        # Also of withdrawn invitations, which were no memberships.
        self._member(row).role = _known(None, row)

    def _founded(self, row: Row) -> None:
        member = self._member(row)
        member.role = _known(Role.ADMINISTRATOR.value, row)
        member.super_admin = _known(True, row)

    def _role(self, row: Row) -> None:
        change = _part(row.detail, "role")
        old, new = change.get("from"), change.get("to")
        member = self._member(row)
        if new == Role.SUPERADMIN.value:
            member.super_admin = _known(True, row)
            if not member.role.told:
                member.role = _known(None if old == _NO_ROLE else old, row)
            return
        if old == Role.SUPERADMIN.value:
            member.super_admin = _known(False, row)
        member.role = _known(None if new == _NO_ROLE else new, row)

    def _token(self, row: Row) -> None:
        told = _part(row.detail, "application_token")
        token = self.tokens.setdefault(told.get("id") or 0, TokenState())
        changes = _part(row.detail, "changes")
        if row.type == TOKEN_CREATED or not token.role.told or "role" in changes:
            token.role = _known(told.get("role"), row)
        if row.type == TOKEN_CREATED or not token.description.told or "description" in changes:
            token.description = _known(_text(told.get("description")), row)
        if row.type == TOKEN_REVOKED:
            token.revoked = _known(True, row)
        elif not token.revoked.told:
            token.revoked = _known(False, row)

    def _order(self, row: Row) -> None:
        order_id = _value(row.detail, "id")
        if not isinstance(order_id, int):
            return
        order = self.orders.setdefault(order_id, OrderState())
        if row.type == SUBMITTED:
            order.status = _known(OrderStatus.SUBMITTED.value, row)
        else:
            order.status = _known(_part(row.detail, "status").get("id"), row)


_NO_ROLE: Final = "none"

_PEOPLE: Final[Mapping[int, Callable[[Replay, Row], None]]] = {
    SIGNED_UP: Replay._founded,
    ENDED: Replay._left,
    10024: Replay._role,
    10025: Replay._joined,
    10026: Replay._left,
    **dict.fromkeys(TOKEN_TYPES, Replay._token),
    **dict.fromkeys(ORDER_TYPES, Replay._order),
}


def folded(rows: Iterable[Row]) -> Replay:
    """Return what events say, read in the order of their ids."""
    replay = Replay()
    for row in rows:
        replay.take(row)
    return replay


def sims_of(row: Row) -> Iterator[int]:
    """Return the ids of the SIMs an event is about."""
    if row.type in SIM_BATCHES:
        named = {*_covered(row, "sim"), *_named(row, "sims")}
        yield from sorted(named or ({row.sim_id} if row.sim_id is not None else ()))
    elif row.sim_id is not None:
        yield row.sim_id


def devices_of(row: Row) -> Iterator[int]:
    """Return the ids of the devices an event is about."""
    if row.device_id is not None:
        yield row.device_id
    elif row.type in DEVICE_BATCHES:
        yield from sorted({*_covered(row, "device"), *_named(row, "devices")})


def _known(value: Any, row: Row) -> Known:
    return Known(value, row.id, row.moment, row.workspace_id)


def _part(detail: Any, key: str) -> Mapping[str, Any]:
    part = detail.get(key) if isinstance(detail, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _value(detail: Any, key: str) -> Any:
    return detail.get(key) if isinstance(detail, Mapping) else None


def _text(value: Any) -> Any:
    """Return a value of a stored detail as it was: texts are stored with their braces doubled."""
    return complete(value, None, None) if isinstance(value, str) else value


def _covered(row: Row, kind: str) -> list[int]:
    ids = _part(row.detail, COVERS).get(kind)
    return ids if isinstance(ids, list) else []


def _items(row: Row, key: str) -> list[Mapping[str, Any]]:
    items = _value(row.detail, key)
    return [item for item in items if isinstance(item, Mapping) and "id" in item] if isinstance(items, list) else []


def _named(row: Row, key: str) -> list[int]:
    return [item["id"] for item in _items(row, key)]


def _created(device: DeviceState, row: Row) -> None:
    device.created = _known(True, row)
    device.name = _known(row.device_name, row)
    device.tags = _known(row.device_tags or "", row)
    device.imei = _known(row.device_imei or "", row)
    device.ip_address = _known(row.device_ip_address, row)
    device.sim = _known(None, row)
    # A device that is made without a note has none.
    device.note = _known(_text(_value(row.detail, "note")) or "", row)
    for field in ("status", "service_policy", "coverage_policy", "imei_lock"):
        # Logs of older versions do not tell these.
        if isinstance(row.detail, Mapping) and field in row.detail:
            setattr(device, field, _known(row.detail[field], row))


def _tagged(device_id: int, device: DeviceState, row: Row) -> None:
    if row.device_id == device_id:
        device.tags = _known(row.device_tags or "", row)
        return
    if not device.tags.told:
        return
    added = [_text(tag) for tag in _value(row.detail, "added") or ()]
    removed = {_text(tag) for tag in _value(row.detail, "removed") or ()}
    kept = [tag for tag in device.tags.value.split(",") if tag and tag not in removed]
    tags = ",".join(dict.fromkeys([*kept, *(tag for tag in added if tag not in removed)]))
    device.tags = _known(tags, row)


def _learn(device: DeviceState, row: Row) -> None:
    """Take from an event's columns what no event has told yet, where the log begins later."""
    for field, value in (
        ("name", row.device_name),
        ("tags", row.device_tags or ""),
        ("imei", row.device_imei or ""),
        ("ip_address", row.device_ip_address),
    ):
        if not getattr(device, field).told:
            setattr(device, field, _known(value, row))
    if not device.sim.told and row.type in DEVICE_STATES:
        device.sim = _known(row.sim_id, row)
