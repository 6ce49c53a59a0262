"""An event as programs read it: the published JSON object, from a row of `.values()`.

Key order and absent keys are those of recorded answers (`docs/api.md` section 3). The hot lists go through here a
hundred rows at a time, so rows are plain dicts and nothing is looked up twice.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from accounts.actors import staff_seen
from events import registry
from events.text import complete, complete_detail, mask, without_covers
from events.types.base import Severity, Source
from kit.context import STAFF_KINDS, Person
from sims.identifiers import iccid_with_luhn

WIRE_FIELDS: Final = (
    "id",
    "timestamp",
    "alert",
    "description",
    "type",
    "source",
    "severity",
    "workspace_id",
    "detail",
    "sim_id",
    "iccid",
    "production_date",
    "imsi_id",
    "imsi",
    "import_date",
    "device_id",
    "device_name",
    "device_imei",
    "device_ip_address",
    "device_tags",
    "user_id",
    "actor_id",
    "subject_id",
    "acted_for_id",
    "actor_kind",
)
"""What `.values()` must hold for `wire`."""

EventColumns = Mapping[str, Any]
Persons = Mapping[int, Person]


_SOURCES: Final = {member.value: {"id": member.value, "description": str(member.label)} for member in Source}
_SEVERITIES: Final = {member.value: {"id": member.value, "description": str(member.label)} for member in Severity}


class _Kind(NamedTuple):
    """What the wire needs to know of a type."""

    lookup: dict[str, Any]
    user_is_subject: bool
    has_secrets: bool


WHOLE_ICCID: Final = frozenset({48})
"""Types in whose published object the SIM's ICCID has its 20th digit, as the numbers in the detail beside it."""


@functools.cache
def _kind(type_id: int) -> _Kind:
    found = registry.find(type_id)
    return _Kind(
        lookup={"id": type_id, "description": registry.describe(type_id)},
        user_is_subject=found is not None and found.user_is == "subject",
        # Of a type that we don't know, the secrets of all types are masked.
        has_secrets=found is None or bool(found.secrets),
    )


def stamp(moment: datetime | str | None) -> str | None:
    """Return a moment as the wire has it: UTC, milliseconds, "Z".

    Args:
        moment: aware; or text in UTC as a database writes it, e.g. "2026-11-22 08:15:00.25+00", with or without offset.
    """
    if moment is None:
        return None
    if isinstance(moment, str):
        fraction = moment[20:23].partition("+")[0] if moment[19:20] == "." else ""
        return f"{moment[:10]}T{moment[11:19]}.{fraction:0<3}Z"
    text = moment.isoformat(timespec="milliseconds")
    if not text.endswith("+00:00"):
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text[:-6] + "Z"


def seen_actor(row: EventColumns, persons: Persons, *, staff: bool) -> Person | None:
    """Return who acted as this reader may know it.

    Args:
        row: needs `actor_kind` and `actor_id`.
        persons: frozen persons by id.
        staff: whether the reader is on the operator's staff; how customers know staff is the operator's choice.
    """
    person = persons.get(row["actor_id"])
    if person is None or row["actor_kind"] not in STAFF_KINDS:
        return person
    return staff_seen(person, staff=staff)


def shown_user(row: EventColumns, persons: Persons, *, staff: bool) -> Person | None:
    """Return the person of the wire's `user`: whose credentials acted, or who is concerned; `None` where none is.

    Arguments as `seen_actor`.
    """
    user_id = row["user_id"]
    if user_id is None:
        return None
    if _kind(row["type"]).user_is_subject:
        person = persons.get(row["subject_id"])
    else:
        person = seen_actor(row, persons, staff=staff)
    return person if person is not None and person.user_id == user_id else Person(user_id, "", "")


def description_of(row: EventColumns, persons: Persons, *, staff: bool) -> str:
    """Return the completed text of an event. Needs `description`, `subject_id` and what `seen_actor` needs."""
    text: str = row["description"]
    if "{" not in text and "}" not in text:
        return text
    return complete(text, seen_actor(row, persons, staff=staff), persons.get(row["subject_id"]))


def detail_of(row: EventColumns, persons: Persons, *, staff: bool) -> Any:
    """Return the completed detail with secrets masked, or `None`."""
    detail = without_covers(row["detail"])
    if not detail:
        return detail
    if _kind(row["type"]).has_secrets:
        detail = mask(row["type"], detail)
    return complete_detail(detail, seen_actor(row, persons, staff=staff), persons.get(row["subject_id"]))


def _person(person: Person) -> dict[str, Any]:
    return {"id": person.user_id, "name": person.name, "username": person.username}


def wire(
    row: EventColumns, persons: Persons, organisations: Mapping[int, str], *, staff: bool = False
) -> dict[str, Any]:
    """Return one event as the wire has it.

    Args:
        row: of `.values(*WIRE_FIELDS)`.
        persons: frozen persons by id, see `selectors.persons_of`.
        organisations: names of the workspaces by id.
        staff: whether the reader is on the operator's staff.
    """
    source, severity, workspace_id = row["source"], row["severity"], row["workspace_id"]
    made: dict[str, Any] = {
        "timestamp": stamp(row["timestamp"]),
        "alert": row["alert"],
        "description": description_of(row, persons, staff=staff),
        "id": row["id"],
        "event_type": _kind(row["type"]).lookup,
        "event_source": _SOURCES.get(source) or {"id": source, "description": f"Event source {source}"},
        "event_severity": _SEVERITIES.get(severity) or {"id": severity, "description": f"Severity {severity}"},
        "organisation": {"id": workspace_id, "name": organisations.get(workspace_id, "")},
    }
    user = shown_user(row, persons, staff=staff)
    if user is not None:
        made["user"] = _person(user)
    acted_for = persons.get(row["acted_for_id"])
    # Whoever comes in is told by event 13 itself, whose `user` that person is.
    if acted_for is not None and not _kind(row["type"]).user_is_subject:
        made["acting_for"] = _person(acted_for)
    if row["device_id"] is not None:
        made["endpoint"] = {
            "id": row["device_id"],
            "imei": row["device_imei"],
            "ip_address": row["device_ip_address"],
            "name": row["device_name"],
            "tags": row["device_tags"],
        }
    if row["sim_id"] is not None:
        iccid = row["iccid"]
        if row["type"] in WHOLE_ICCID and iccid:
            iccid = iccid_with_luhn(iccid)
        made["sim"] = {"iccid": iccid, "id": row["sim_id"], "production_date": stamp(row["production_date"])}
    if row["imsi_id"] is not None:
        made["imsi"] = {"id": row["imsi_id"], "import_date": stamp(row["import_date"]), "imsi": row["imsi"]}
    if row["detail"] is not None:
        detail = detail_of(row, persons, staff=staff)
        if detail is not None:
            made["detail"] = detail
    return made


def wire_list(
    rows: Iterable[EventColumns], persons: Persons, organisations: Mapping[int, str], *, staff: bool = False
) -> list[dict[str, Any]]:
    """Return many events as the wire has them. Arguments as `wire`."""
    return [wire(row, persons, organisations, staff=staff) for row in rows]
