"""A row of the log as a leaf: one canonical text, read from the database by a statement that any reader can repeat.

`docs/trust.md` describes the text member by member. What is null is left out, so a column that is added later changes
no leaf of an older row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from events.seals.canonical import canonical, canonical_json
from events.seals.commitments import commit, derived_salt, person_value
from events.writer import COLUMNS

VERSION: Final = 1

_PERSONS: Final = ("actor", "subject", "acted_for")
_DATES: Final = ("timestamp", "production_date", "import_date")
_SPECIAL: Final = ("alert", "request_id", *_DATES, *(f"{name}_id" for name in _PERSONS), "detail", "ip", "user_agent")
_PLAIN: Final = tuple(name for name in ("id", "external_id", *COLUMNS) if name not in _SPECIAL)
"""Columns that enter a leaf as they are; they stand first in a row."""
_ALL: Final = (*_PLAIN, *_SPECIAL)
_PLACE: Final = {name: number for number, name in enumerate(_ALL)}
_MEMBERS: Final = tuple("workspace" if name == "workspace_id" else name for name in _PLAIN)
_MOMENTS: Final = tuple((_PLACE[name], name) for name in _DATES)
_WHO: Final = tuple((_PLACE[f"{name}_id"], name) for name in _PERSONS)
ID, WORKSPACE, TYPE, ACTOR_KIND = (_PLACE[name] for name in ("id", "workspace_id", "type", "actor_kind"))
TIMESTAMP, EXTERNAL_ID = _PLACE["timestamp"], _PLACE["external_id"]
DETAIL, _IP, _AGENT, _ALERT, _REQUEST = (_PLACE[name] for name in ("detail", "ip", "user_agent", "alert", "request_id"))
PERSON_COLUMNS: Final = tuple(place for place, _name in _WHO)

StoredEvent = Sequence[Any]
"""A row of the log as `select` returns it."""


class SealedPerson(NamedTuple):
    """A frozen person as seals see it.

    Args:
        member: what a leaf says of the person.
        salt: opens the commitment; `None` once erased.
        value: the canonical text that was committed to.
    """

    member: dict[str, Any]
    salt: bytes | None
    value: bytes


SealedPersons = Mapping[int, SealedPerson]


def _columns() -> str:
    """Return the list of columns, cast so that both databases give plain texts and numbers: that is quickest, too."""
    if connection.vendor == "postgresql":
        casts = {
            **{name: f'"{name}"::text' for name in ("detail", "request_id", *_DATES)},
            **{name: f'host("{name}")' for name in ("ip", "device_ip_address")},
        }
    else:
        casts = {name: f'CAST("{name}" AS TEXT)' for name in ("detail", *_DATES)}
    return ", ".join(casts.get(name, f'"{name}"') for name in _ALL)


def select(condition: str, parameters: Sequence[Any]) -> list[StoredEvent]:
    """Read rows of the log, in the order of their ids. One query.

    Args:
        condition: what follows WHERE, a constant of ours with places for `parameters`; it may end in LIMIT.
        parameters: its values.
    """
    where, limit, most = condition.partition(" LIMIT ")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_columns()} FROM events_event WHERE {where} ORDER BY id{limit}{most}",  # noqa: S608 - constants
            list(parameters),
        )
        rows: list[StoredEvent] = cursor.fetchall()
        return rows


def _stamp(stored: str) -> str:
    """Return a moment in UTC with six digits of a second.

    Args:
        stored: as a database writes it, in UTC: "2026-11-28 08:15:00.25", with "+00" behind or without.
    """
    text = stored.removesuffix("+00")
    if len(text) == 19:
        return f"{text[:10]}T{text[11:]}.000000Z"
    return f"{text[:10]}T{text[11:]:0<15}Z"


def moment_of(row: StoredEvent) -> datetime:
    """Return when an event says that it happened."""
    return datetime.fromisoformat(_stamp(row[TIMESTAMP])[:-1]).replace(tzinfo=UTC)


def _dashed(text: str) -> str:
    return text if len(text) == 36 else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def context_value(row: StoredEvent) -> bytes | None:
    """Return the canonical text of address and client, `None` when neither is known."""
    if row[_IP] is None and not row[_AGENT]:
        return None
    return canonical({"ip": row[_IP], "user_agent": row[_AGENT]})


def detail_value(row: StoredEvent) -> bytes | None:
    """Return the canonical text of the stored detail, `None` when there is none."""
    return None if row[DETAIL] is None else canonical_json(row[DETAIL])


PARTS: Final[Mapping[str, Callable[[StoredEvent], bytes | None]]] = {"context": context_value, "detail": detail_value}
"""What of an event is committed to under a salt of its own."""


def leaf_of(row: StoredEvent, persons: SealedPersons, secret: bytes) -> bytes:
    """Return the leaf of a row.

    Args:
        row: of `select`.
        persons: the frozen persons it names, by id; one that is missing is left without a commitment.
        secret: `SealLog.salt` of its workspace.
    """
    leaf: dict[str, Any] = {name: value for name, value in zip(_MEMBERS, row, strict=False) if value is not None}
    leaf["v"] = VERSION
    leaf["alert"] = bool(row[_ALERT])
    leaf["request_id"] = _dashed(row[_REQUEST])
    for place, name in _MOMENTS:
        if row[place] is not None:
            leaf[name] = _stamp(row[place])
    for place, name in _WHO:
        number = row[place]
        if number is not None:
            person = persons.get(number)
            leaf[name] = person.member if person else {"commitment": None, "person": number}
    for name, value_of in PARTS.items():
        value = value_of(row)
        if value is not None:
            leaf[name] = commit(derived_salt(secret, name, row[ID]), value).hex()
    return canonical(leaf)


def persons_named(rows: Iterable[StoredEvent]) -> set[int]:
    """Return the ids of the frozen persons that rows name."""
    return {row[place] for row in rows for place in PERSON_COLUMNS if row[place] is not None}


def read_persons(ids: Iterable[int]) -> dict[int, SealedPerson]:
    """Return frozen persons by id. One query, none for nobody."""
    wanted = list(ids)
    if not wanted:
        return {}
    marks = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, user_id, name, username, salt, commitment FROM events_frozenperson WHERE id IN ({marks})",  # noqa: S608 - only marks
            wanted,
        )
        return {
            pk: SealedPerson(
                {"commitment": bytes(commitment).hex(), "person": pk},
                None if salt is None else bytes(salt),
                person_value(user_id=user_id, name=name, username=username),
            )
            for pk, user_id, name, username, salt, commitment in cursor.fetchall()
        }
