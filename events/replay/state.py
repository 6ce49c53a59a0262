"""The fold: events go in one by one, in the order of their ids, and what they say is so stands here.

Nothing here asks the database. A field that no event has told is `UNTOLD`: what the log can't tell is never guessed.
Each field keeps the event that made it so.

Order: whoever changes an object holds its lock until the commit, and the ids of the events are taken before, so the
events of one object have ids in the order in which they became true. Between objects ids say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from accounts.permissions import Role
from events.replay.states import UNTOLD, Break, DeviceState, Known, MemberState, OrderState, Row, SimState, TokenState
from events.replay.told import (
    ALLOTTED,
    ASSIGNED,
    CREATED,
    DELETED,
    DEVICE_STATES,
    ENDED,
    IMPORTED,
    MEMBER_TYPES,
    NOTED,
    ORDER_TYPES,
    REGISTERED,
    RELEASED,
    SIGNED_UP,
    SIM_STATES,
    SUBMITTED,
    TAGGED,
    TOKEN_CREATED,
    TOKEN_REVOKED,
    TOKEN_TYPES,
    TRANSFERRED,
    UNDER_THE_DEVICES_LOCK,
    UPDATED,
    devices_of,
    items,
    known,
    part,
    sims_of,
    text,
    value_of,
)
from orders.states import OrderStatus
from sims.states import SimStatus


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
            sim.status = known(SimStatus.ISSUED.value, row)
            sim.workspace = known(row.workspace_id, row)
            sim.device = known(None, row)
            sim.note = known("", row)
            return
        elif row.type == TRANSFERRED:
            self._transferred(sim_id, sim, row)
            return
        elif row.type in (IMPORTED, ALLOTTED):
            sim.status = known(SimStatus.ISSUED.value, row)
            sim.workspace = known(part(row.detail, "workspace").get("id"), row)
            sim.device = known(None, row)
            sim.note = known("", row)
            return
        elif row.type == ASSIGNED:
            sim.device = known(row.device_id, row)
        elif row.type == RELEASED:
            sim.device = known(None, row)
        elif row.type == NOTED:
            sim.note = known(text(part(row.detail, "note").get("to")) or "", row)
        # Where the log begins later: an event of a SIM is in the log of the workspace it is in, and names its device.
        if not sim.workspace.told:
            sim.workspace = known(row.workspace_id, row)
        if not sim.device.told and row.type in SIM_STATES:
            sim.device = known(row.device_id, row)

    def _transferred(self, sim_id: int, sim: SimState, row: Row) -> None:
        """Move a SIM; both sides tell the same. Logs of older versions do not say in which state it arrived."""
        if self._arrivals[0] != row.id:
            self._arrivals = row.id, {item["id"]: part(item, "status").get("id") for item in items(row, "sims")}
        target = part(row.detail, "target").get("id")
        sim.workspace = known(target, row)
        sim.device = known(None, row)
        sim.note = known("", row)
        status = self._arrivals[1].get(sim_id)
        if status is not None:
            sim.status = known(status, row)
        elif row.workspace_id == target:
            sim.status = UNTOLD

    def _step(self, kind: str, id_: int, state: SimState | DeviceState, row: Row) -> None:
        """Move a SIM or device to the state an event tells, and see whether it was where the event says it was."""
        if state.status.told and row.old_state is not None and state.status.value != row.old_state:
            self.breaks.append(Break(kind, id_, "status", row.id, row.old_state, state.status))
        state.status = known(row.new_state, row)

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
            device.service_policy = device.coverage_policy = known(None, row)
        elif row.type == ASSIGNED:
            device.sim = known(row.sim_id, row)
        elif row.type == RELEASED:
            device.sim = known(None, row)
        if row.device_id == device_id and row.type in UNDER_THE_DEVICES_LOCK:
            _learn(device, row)

    def _updated(self, device_id: int, device: DeviceState, row: Row) -> None:
        for field, change in part(row.detail, "changes").items():
            if field not in DeviceState.__slots__ or not isinstance(change, Mapping):
                continue
            before: Known = getattr(device, field)
            says = text(change.get("from"))
            if before.told and field != "tags" and (before.value or None) != (says or None):
                self.breaks.append(Break("device", device_id, field, row.id, says, before))
            setattr(device, field, known(text(change.get("to")), row))

    # --- people, tokens, orders ---

    def take_people(self, row: Row) -> None:
        """Take what an event says of a member, a token or an order."""
        take = _PEOPLE.get(row.type)
        if take is not None and (row.subject is not None or row.type not in MEMBER_TYPES):
            take(self, row)

    def _member(self, row: Row) -> MemberState:
        return self.members.setdefault(row.subject or 0, MemberState())

    def _joined(self, row: Row) -> None:
        self._member(row).role = known(value_of(row.detail, "role"), row)

    def _left(self, row: Row) -> None:
        # Also of withdrawn invitations, which were no memberships.
        self._member(row).role = known(None, row)

    def _founded(self, row: Row) -> None:
        member = self._member(row)
        member.role = known(Role.ADMINISTRATOR.value, row)
        member.super_admin = known(True, row)

    def _role(self, row: Row) -> None:
        change = part(row.detail, "role")
        old, new = change.get("from"), change.get("to")
        member = self._member(row)
        if new == Role.SUPERADMIN.value:
            member.super_admin = known(True, row)
            if not member.role.told:
                member.role = known(None if old == _NO_ROLE else old, row)
            return
        if old == Role.SUPERADMIN.value:
            member.super_admin = known(False, row)
        member.role = known(None if new == _NO_ROLE else new, row)

    def _token(self, row: Row) -> None:
        told = part(row.detail, "application_token")
        token = self.tokens.setdefault(told.get("id") or 0, TokenState())
        changes = part(row.detail, "changes")
        if row.type == TOKEN_CREATED or not token.role.told or "role" in changes:
            token.role = known(told.get("role"), row)
        if row.type == TOKEN_CREATED or not token.description.told or "description" in changes:
            token.description = known(text(told.get("description")), row)
        if row.type == TOKEN_REVOKED:
            token.revoked = known(True, row)
        elif not token.revoked.told:
            token.revoked = known(False, row)

    def _order(self, row: Row) -> None:
        order_id = value_of(row.detail, "id")
        if not isinstance(order_id, int):
            return
        order = self.orders.setdefault(order_id, OrderState())
        if row.type == SUBMITTED:
            order.status = known(OrderStatus.SUBMITTED.value, row)
        else:
            order.status = known(part(row.detail, "status").get("id"), row)


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


def _created(device: DeviceState, row: Row) -> None:
    device.created = known(True, row)
    device.name = known(row.device_name, row)
    device.tags = known(row.device_tags or "", row)
    device.imei = known(row.device_imei or "", row)
    device.ip_address = known(row.device_ip_address, row)
    device.sim = known(None, row)
    # A device that is made without a note has none.
    device.note = known(text(value_of(row.detail, "note")) or "", row)
    for field in ("status", "service_policy", "coverage_policy", "imei_lock"):
        # Logs of older versions do not tell these.
        if isinstance(row.detail, Mapping) and field in row.detail:
            setattr(device, field, known(row.detail[field], row))


def _tagged(device_id: int, device: DeviceState, row: Row) -> None:
    if row.device_id == device_id:
        device.tags = known(row.device_tags or "", row)
        return
    if not device.tags.told:
        return
    added = [text(tag) for tag in value_of(row.detail, "added") or ()]
    removed = {text(tag) for tag in value_of(row.detail, "removed") or ()}
    kept = [tag for tag in device.tags.value.split(",") if tag and tag not in removed]
    tags = ",".join(dict.fromkeys([*kept, *(tag for tag in added if tag not in removed)]))
    device.tags = known(tags, row)


def _learn(device: DeviceState, row: Row) -> None:
    """Take from an event's columns what no event has told yet, where the log begins later."""
    for field, value in (
        ("name", row.device_name),
        ("tags", row.device_tags or ""),
        ("imei", row.device_imei or ""),
        ("ip_address", row.device_ip_address),
    ):
        if not getattr(device, field).told:
            setattr(device, field, known(value, row))
    if not device.sim.told and row.type in DEVICE_STATES:
        device.sim = known(row.sim_id, row)
