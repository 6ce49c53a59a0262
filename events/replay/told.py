"""Which types of events tell of what, and how an event names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from events.replay.states import Known, Row
from events.text import COVERS, complete

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

UNDER_THE_DEVICES_LOCK: Final = frozenset({42, 43, RELEASED, ASSIGNED, 68, UPDATED, DELETED, TAGGED})
"""Types whose frozen columns say how the device was at that very event, because they were read under its lock."""


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


def known(value: Any, row: Row) -> Known:
    """Return a value as an event tells it."""
    return Known(value, row.id, row.moment, row.workspace_id)


def part(detail: Any, key: str) -> Mapping[str, Any]:
    """Return an object within a stored detail, an empty one where there is none."""
    found = detail.get(key) if isinstance(detail, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def value_of(detail: Any, key: str) -> Any:
    """Return what a stored detail holds under a key, `None` for nothing."""
    return detail.get(key) if isinstance(detail, Mapping) else None


def text(value: Any) -> Any:
    """Return a value of a stored detail as it was: texts are stored with their braces doubled."""
    return complete(value, None, None) if isinstance(value, str) else value


def _covered(row: Row, kind: str) -> list[int]:
    ids = part(row.detail, COVERS).get(kind)
    return ids if isinstance(ids, list) else []


def items(row: Row, key: str) -> list[Mapping[str, Any]]:
    """Return what an event lists under a key: objects with an id."""
    found = value_of(row.detail, key)
    return [item for item in found if isinstance(item, Mapping) and "id" in item] if isinstance(found, list) else []


def _named(row: Row, key: str) -> list[int]:
    return [item["id"] for item in items(row, key)]
