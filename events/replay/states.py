"""What a replay rebuilds: the state of each object, each value with the event that made it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple


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
