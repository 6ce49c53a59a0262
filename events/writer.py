"""The one way into the log: facts become rows, all rows of an action in one statement.

Handlers call `log` while the action runs. `kit.action` calls `write` once, at the outermost exit and inside the
transaction. Rows get increasing ids in the order recorded; ids are not returned, rows of one action are tied by their
request id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events.models import Event, FrozenPerson
from events.text import COVERS, REVERSES, SCHEDULED, escape_detail
from events.types.base import EventType
from kit.action import record
from kit.context import PERSON_KINDS, ActionContext, Actor, Person, current_context
from sims.signals import DeviceRow, SimRow

COPY_FROM = 6
"""Rows from which PostgreSQL's COPY is quicker than INSERT: it takes one more exchange with the server."""


class ObjectColumns(NamedTuple):
    """The frozen names of a SIM and a device, in the order of the table's columns."""

    sim_id: int | None = None
    iccid: str | None = None
    production_date: datetime | None = None
    imsi_id: int | None = None
    imsi: str | None = None
    import_date: datetime | None = None
    device_id: int | None = None
    device_name: str | None = None
    device_imei: str | None = None
    device_ip_address: str | None = None
    device_tags: str | None = None


NOTHING = ObjectColumns()


def objects_of(sim: SimRow | None = None, device: DeviceRow | None = None) -> ObjectColumns:
    """Return the frozen columns of a SIM (with the device it says it is on) or of a device and its SIM.

    Args:
        sim: the SIM concerned; its IMSI has the id of the SIM, there is one to one.
        device: the device concerned; wins over the one the SIM names.
    """
    if device is not None:
        place = (device.id, device.name, device.imei or None, device.ip_address, device.tags or None)
    elif sim is not None and sim.device_id is not None:
        place = (
            sim.device_id,
            sim.device_name or "",
            sim.device_imei or None,
            sim.device_ip_address,
            sim.device_tags or None,
        )
    else:
        place = None
    card = (sim.id, sim.iccid, sim.production_date, sim.id, sim.imsi, sim.imported) if sim is not None else None
    if card and place:
        return ObjectColumns(*card, *place)
    if card:
        return ObjectColumns(*card)
    if place:
        return ObjectColumns(None, None, None, None, None, None, *place)
    return NOTHING


class PendingEvent(NamedTuple):
    """One fact, ready to be written.

    Args:
        type: a registered type.
        workspace_id: whose log it enters.
        text: key of the type's wording.
        description: the text in stored form, from `EventType.text`.
        objects: frozen names.
        detail: JSON-safe and not yet escaped, or `None`.
        old_state, new_state: for changes of state.
        subject: the account concerned, if any.
        covers: ids of further objects that this one row speaks of, by kind (`sim`, `device`, `order`, …): the members
            of a batch, and what has no column of its own. Kept in `detail` under `COVERS`, shown to nobody.
        moment: when it happened, where that was before the action that tells it: what the network reports.
    """

    type: EventType
    workspace_id: int
    description: str
    objects: ObjectColumns = NOTHING
    detail: dict[str, Any] | None = None
    old_state: int | None = None
    new_state: int | None = None
    subject: Person | None = None
    text: str = "default"
    covers: Mapping[str, Sequence[int]] | None = None
    moment: datetime | None = None


@dataclass(slots=True)
class Batch:
    """Entries recorded in one go, with the surroundings of that moment."""

    entries: list[PendingEvent]
    actor: Actor
    context: ActionContext
    moment: datetime


def log(entries: Iterable[PendingEvent]) -> None:
    """Record entries in the running action, in this order.

    Raises:
        NoAction: no action is running.
    """
    batch = list(entries)
    if not batch:
        return
    context = current_context()
    if context.actor is None:  # an action has checked it; the type checker has not
        raise RuntimeError("No actor.")
    record([Batch(batch, context.actor, context, context.now())])


HEAD = ("workspace_id", "timestamp", "type", "source", "severity", "alert", "description", "detail")
STATES = ("old_state", "new_state")
PERSONS = ("user_id", "actor_id", "subject_id", "acted_for_id")
CONTEXT = ("actor_kind", "actor_ref", "actor_label", "request_id", "ip", "user_agent", "surface")
COLUMNS = (*HEAD, *STATES, *ObjectColumns._fields, *PERSONS, *CONTEXT)

_TABLE = Event._meta.db_table
_LIST = ", ".join(f'"{name}"' for name in COLUMNS)


def write(batches: Sequence[Batch]) -> None:
    """Store recorded batches; the action's writer."""
    persons = _person_ids(batches)
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        rows += _rows(batch, persons)
    if connection.vendor == "postgresql":
        _write_postgresql(rows)
    else:
        _write_sqlite(rows)


def _rows(batch: Batch, persons: dict[Person, int]) -> Iterable[tuple[Any, ...]]:
    """Build the rows of one batch; what is the same for all is built once."""
    actor, context = batch.actor, batch.context
    actor_id = persons[actor.person] if actor.person is not None else None
    acted_for_id = persons[actor.acted_for] if actor.acted_for is not None else None
    surroundings = (
        int(actor.kind),
        actor.id,
        actor.label[:240],
        context.request_id,
        context.ip,
        context.user_agent,
        int(context.surface),
    )
    shown = _shown_user(actor)
    heads: dict[tuple[int, str], tuple[int, int, bool]] = {}
    for entry in batch.entries:
        key = (entry.type.id, entry.text)
        head = heads.get(key)
        if head is None:
            kind = entry.type
            head = heads[key] = (
                int(kind.source_of(entry.text)),
                int(kind.severity_of(entry.text)),
                kind.alert_of(entry.text),
            )
        detail: Any = None if entry.detail is None else escape_detail(entry.detail)
        if entry.covers:
            detail = {**(detail or {}), COVERS: {name: list(ids) for name, ids in entry.covers.items()}}
        if context.reverses is not None:
            detail = {**(detail or {}), REVERSES: dict(context.reverses)}
        if context.scheduled is not None:
            detail = {**(detail or {}), SCHEDULED: dict(context.scheduled)}
        subject = entry.subject
        account = subject.user_id if subject is not None else None
        user_id = account if entry.type.user_is == "subject" else shown
        yield (
            entry.workspace_id,
            entry.moment or batch.moment,
            entry.type.id,
            *head,
            entry.description,
            None if detail is None else orjson.dumps(detail).decode(),
            entry.old_state,
            entry.new_state,
            *entry.objects,
            user_id,
            actor_id,
            persons[subject] if subject is not None else None,
            acted_for_id,
            *surroundings,
        )


def _shown_user(actor: Actor) -> int | None:
    """Return the id of the user the wire shows for what this actor does: whose credentials acted, if anybody's."""
    return actor.person.user_id if actor.kind in PERSON_KINDS and actor.person is not None else None


def _write_postgresql(rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) < COPY_FROM:
        marks = "(" + ", ".join(["%s"] * len(COLUMNS)) + ")"
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{_TABLE}" ({_LIST}) VALUES {", ".join([marks] * len(rows))}',  # noqa: S608 - constants
                [value for row in rows for value in row],
            )
        return
    with connection.cursor() as cursor, cursor.copy(f'COPY "{_TABLE}" ({_LIST}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


_DATES = tuple(COLUMNS.index(name) for name in ("timestamp", "production_date", "import_date"))
_REQUEST = COLUMNS.index("request_id")


def _write_sqlite(rows: Sequence[tuple[Any, ...]]) -> None:
    adapt = connection.ops.adapt_datetimefield_value
    known: dict[datetime, Any] = {}
    ready = []
    for row in rows:
        values = list(row)
        for index in _DATES:
            moment = values[index]
            if moment is not None:
                text = known.get(moment)
                if text is None:
                    text = known[moment] = adapt(moment)
                values[index] = text
        values[_REQUEST] = values[_REQUEST].hex
        ready.append(values)
    marks = ", ".join(["%s"] * len(COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{_TABLE}" ({_LIST}) VALUES ({marks})', ready)  # noqa: S608 - constants


_known_persons: dict[tuple[str, Person], int] = {}
"""Ids of committed persons, by database; the rows never go away, so an id once known stays right."""


def forget_persons() -> None:
    """Empty the memory of persons; for tests, whose databases are emptied behind its back."""
    _known_persons.clear()


def _person_ids(batches: Sequence[Batch]) -> dict[Person, int]:
    """Return the row ids of all persons the batches name, making rows for new ones."""
    needed: set[Person] = set()
    for batch in batches:
        needed.update(person for person in (batch.actor.person, batch.actor.acted_for) if person is not None)
        needed.update(entry.subject for entry in batch.entries if entry.subject is not None)
    alias = connection.alias
    found = {person: _known_persons[alias, person] for person in needed if (alias, person) in _known_persons}
    unknown = needed - found.keys()
    if not unknown:
        return found
    fresh = _read_persons(unknown)
    if absent := unknown - fresh.keys():
        # Two actions may meet here with the same new person: whoever is second waits and then reads the first's row.
        FrozenPerson.objects.bulk_create(
            [
                FrozenPerson.remembered(user_id=p.user_id, name=p.name, username=p.username)
                for p in sorted(absent, key=_by_id)
            ],
            ignore_conflicts=True,
        )
        fresh = _read_persons(unknown)
    _remember(connection, fresh)
    return found | fresh


def _by_id(person: Person) -> int:
    return person.user_id


def _read_persons(persons: set[Person]) -> dict[Person, int]:
    rows = FrozenPerson.objects.filter(user_id__in=[person.user_id for person in persons])
    columns = rows.values_list("pk", "user_id", "name", "username")
    read = {Person(user_id, name, username): pk for pk, user_id, name, username in columns}
    return {person: read[person] for person in persons if person in read}


def _remember(database: BaseDatabaseWrapper, persons: dict[Person, int]) -> None:
    """Keep ids once they are committed: a rollback would take them away again."""
    alias = database.alias
    transaction.on_commit(
        lambda: _known_persons.update({(alias, person): pk for person, pk in persons.items()}), using=alias
    )
