"""Questions to the log. Each is answered by an index; nothing here counts or walks the whole table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery, Value
from django.utils.translation import gettext as _

from accounts.actors import token_label
from accounts.models import ApplicationToken, SupportAccess, Workspace
from events.covered import MOST, Kind, covers
from events.models import Event, EventQuerySet, FrozenPerson
from events.who import KIND_KEYS, KIND_NAMES, MOST_ACTORS
from events.wire import WIRE_FIELDS, EventColumns
from kit.context import ActorKind, Person
from kit.paging import CappedCount, capped_count
from sims.models import Device, Sim
from sims.states import DeviceStatus

LIST_FIELDS: Final = (
    "id",
    "timestamp",
    "type",
    "source",
    "severity",
    "description",
    "old_state",
    "new_state",
    "sim_id",
    "iccid",
    "imsi",
    "device_id",
    "device_name",
    "request_id",
    "actor_id",
    "subject_id",
    "acted_for_id",
    "actor_kind",
    "actor_ref",
    "actor_label",
)
PANEL_FIELDS: Final = (
    *WIRE_FIELDS,
    "old_state",
    "new_state",
    "actor_ref",
    "actor_label",
    "request_id",
    "ip",
    "user_agent",
    "surface",
)
SHOWN_SIBLINGS: Final = 10
"""Events of the same request that the panel lists."""


def log_of(workspace_id: int) -> EventQuerySet:
    """Return the log of one workspace, unordered and unread."""
    return Event.objects.of(workspace_id)


def of_requests(request_ids: Sequence[Any]) -> Q:
    """Return the condition for the events of requests.

    SQLite, which keeps no statistics unless told to, would rather walk a workspace's whole log in order than sort the
    few rows of a request. The bounds on the id, which every row meets, show it that the request's index is narrower.
    """
    condition = Q(request_id__in=request_ids)
    return condition & Q(pk__gt=0, pk__lt=2**62) if connection.vendor == "sqlite" else condition


def list_rows(events: Any, *more: str) -> list[dict[str, Any]]:
    """Read a sliced queryset as rows for a list, with further columns where a file needs them."""
    return list(events.values(*LIST_FIELDS, *more))


def event_row(*, workspace_id: int, event_id: int) -> dict[str, Any] | None:
    """Return one event of a workspace with its context, or `None`: unknown and foreign ids look the same."""
    found: dict[str, Any] | None = log_of(workspace_id).filter(pk=event_id).values(*PANEL_FIELDS).first()
    return found


def persons_of(rows: Iterable[EventColumns]) -> dict[int, Person]:
    """Return the frozen persons that rows name, by id. One query, none when they name nobody."""
    wanted = {row[name] for row in rows for name in ("actor_id", "subject_id", "acted_for_id") if row[name] is not None}
    if not wanted:
        return {}
    found = FrozenPerson.objects.filter(pk__in=wanted).values_list("pk", "user_id", "name", "username")
    # Rows of an erased person differ in blanks only (`events.handlers.accounts.on_user_erased`).
    return {pk: Person(user_id, name, username.rstrip()) for pk, user_id, name, username in found}


def workspace_names(rows: Iterable[EventColumns]) -> dict[int, str]:
    """Return the names of the workspaces that rows stand in, by id. One query, none for no rows."""
    ids = {row["workspace_id"] for row in rows}
    return dict(Workspace.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


# --- around one event ---


@dataclass(frozen=True)
class Siblings:
    """The other events of a request in the same workspace: the first few, and how many there are."""

    rows: list[dict[str, Any]]
    count: CappedCount


def siblings(row: EventColumns) -> Siblings:
    """Return the other events of the request of an event, in the order recorded. One query, two for many events."""
    same = log_of(row["workspace_id"]).filter(of_requests([row["request_id"]])).exclude(pk=row["id"])
    rows = list_rows(same.order_by("timestamp", "id")[: SHOWN_SIBLINGS + 1])
    if len(rows) <= SHOWN_SIBLINGS:
        return Siblings(rows, CappedCount(len(rows)))
    return Siblings(rows[:SHOWN_SIBLINGS], capped_count(same))


@dataclass(frozen=True)
class Neighbours:
    """The events before and after one, of the same SIM or device in the same workspace.

    Args:
        of: "sim" or "device", "" when the event has neither.
        older, newer: ids.
    """

    of: str = ""
    older: int | None = None
    newer: int | None = None


def neighbours(row: EventColumns) -> Neighbours:
    """Return the neighbours of an event on the log of its SIM, else of its device. Two queries."""
    of: Kind | None = "sim" if row["sim_id"] is not None else "device" if row["device_id"] is not None else None
    if of is None:
        return Neighbours()
    log = log_of(row["workspace_id"])
    same = log.filter(**{f"{of}_id": row[f"{of}_id"]})
    place = (row["timestamp"], row["id"])
    asked = (same.before(*place).newest(), same.after(*place).order_by("timestamp", "id"))
    columns = [Subquery(rows.values(name)[:1]) for rows in asked for name in ("timestamp", "id")]
    found = Workspace.objects.filter(pk=row["workspace_id"]).values_list(*columns).first() or (None,) * 4
    # Those that speak of many are few, and in another index.
    among = list(log.filter(covers(of, row[f"{of}_id"])).order_by().values_list("timestamp", "id")[:MOST])
    older = [each for each in (found[:2], *among) if each[0] is not None and each < place]
    newer = [each for each in (found[2:], *among) if each[0] is not None and each > place]
    return Neighbours(of, max(older)[1] if older else None, min(newer)[1] if newer else None)


@dataclass(frozen=True)
class Present:
    """Which objects of an event are still there, in its own workspace.

    Args:
        sim: whether the SIM is.
        device: the device's name today, `None` when it is not.
    """

    sim: bool = False
    device: str | None = None


def present_objects(row: EventColumns) -> Present:
    """Tell which objects of an event can still be opened. One query, none when it names no object."""
    if row["sim_id"] is None and row["device_id"] is None:
        return Present()
    workspace_id = row["workspace_id"]
    sims = Sim.objects.of(workspace_id).filter(pk=row["sim_id"])
    devices = Device.objects.of(workspace_id).filter(pk=row["device_id"]).exclude(status=DeviceStatus.DELETED)
    found = (
        Workspace.objects.filter(pk=workspace_id)
        .values_list(
            Exists(sims) if row["sim_id"] is not None else Value(False),
            Subquery(devices.values("name")[:1]) if row["device_id"] is not None else Value(None, CharField()),
        )
        .first()
    )
    return Present(bool(found[0]), found[1]) if found else Present()


def support_reason(row: EventColumns) -> str:
    """Return why staff were in the workspace when they did this, "" outside support access. One query, or none."""
    if row["actor_kind"] != ActorKind.STAFF_FOR_USER:
        return ""
    visits = SupportAccess.objects.of(row["workspace_id"]).filter(
        staff_id=row["actor_ref"], started__lte=row["timestamp"]
    )
    return visits.order_by("-started").values_list("reason", flat=True).first() or ""


# --- what the actor filter offers ---

_ACTORS = """
WITH RECURSIVE kinds(kind) AS (VALUES {kinds}), found(kind, ref) AS (
    SELECT kinds.kind, (SELECT min(e.actor_ref) FROM events_event e
                        WHERE e.workspace_id = %s AND e.actor_kind = kinds.kind)
    FROM kinds
    UNION ALL
    SELECT found.kind, (SELECT min(e.actor_ref) FROM events_event e
                        WHERE e.workspace_id = %s AND e.actor_kind = found.kind AND e.actor_ref > found.ref)
    FROM found WHERE found.ref IS NOT NULL
)
SELECT kind, ref FROM found WHERE ref IS NOT NULL LIMIT %s
"""


def actors_in_log(workspace_id: int) -> list[tuple[int, int]]:
    """Return kind and id of everybody who ever acted in a workspace, at most `MOST_ACTORS`.

    A DISTINCT would read the whole log. This jumps through the index from one actor to the next: one look-up each.
    """
    kinds = ", ".join(f"({int(kind)})" for kind in ActorKind)
    statement = _ACTORS.format(kinds=kinds)
    with connection.cursor() as cursor:
        cursor.execute(statement, [workspace_id, workspace_id, MOST_ACTORS])
        return [(int(kind), int(ref)) for kind, ref in cursor.fetchall()]


def actors_key(workspace_id: int) -> str:
    """Return the cache key under which the actor choices of a workspace, with names, are kept for a minute."""
    return f"events:actors:{workspace_id}"


def actor_choices(workspace_id: int) -> list[tuple[str, str]]:
    """Return value and label of the actors a log can be filtered by. At most three queries."""
    actors = actors_in_log(workspace_id)
    users = [ref for kind, ref in actors if kind == ActorKind.USER]
    tokens = [ref for kind, ref in actors if kind == ActorKind.APPLICATION_TOKEN]
    kinds = {KIND_KEYS[kind] for kind, _ref in actors if kind in KIND_KEYS}
    people = latest_persons(workspace_id, users)
    names = token_names(workspace_id, tokens)
    choices = [(f"user:{ref}", _person_label(people.get(ref), ref)) for ref in users]
    choices.sort(key=lambda choice: choice[1].casefold())
    choices += [(f"token:{ref}", token_label(names.get(ref) or str(ref), ref)) for ref in tokens]
    return choices + [(key, str(KIND_NAMES[key][0])) for key in KIND_NAMES if key in kinds]


def actor_label(workspace_id: int, value: str) -> str | None:
    """Return the label of one value of the actor filter, for a link to an actor the list does not offer."""
    if value in KIND_NAMES:
        return str(KIND_NAMES[value][0])
    kind, _colon, text = value.partition(":")
    if kind not in ("user", "token") or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    ref = int(text)
    if kind == "token":
        return token_label(token_names(workspace_id, [ref]).get(ref) or str(ref), ref)
    known = log_of(workspace_id).filter(actor_kind=ActorKind.USER, actor_ref=ref).exists()
    return _person_label(latest_persons(workspace_id, [ref]).get(ref) if known else None, ref)


def _person_label(person: Person | None, ref: int) -> str:
    return f"{person.name}, {person.username}" if person is not None else _("User %(id)s") % {"id": ref}


def latest_persons(workspace_id: int, user_ids: Iterable[int]) -> Mapping[int, Person]:
    """Return how users were called when they acted in a workspace last, by user id; removed users too.

    What somebody is called since they left is no business of the workspace. One query, none for nobody.
    """
    wanted = list(user_ids)
    if not wanted:
        return {}
    acted = log_of(workspace_id).filter(actor_kind=ActorKind.USER, actor_ref=OuterRef("user_id")).newest()
    rows = (
        FrozenPerson.objects.filter(user_id__in=wanted)
        .alias(newest=Subquery(acted.values("actor_id")[:1]))
        .filter(pk=F("newest"))
        .values_list("user_id", "name", "username")
    )
    return {user_id: Person(user_id, name, username.rstrip()) for user_id, name, username in rows}


def token_names(workspace_id: int, ids: Iterable[int]) -> Mapping[int, str]:
    """Return the names of application tokens by id. One query, none for none."""
    wanted = list(ids)
    if not wanted:
        return {}
    return dict(ApplicationToken.objects.of(workspace_id).filter(pk__in=wanted).values_list("pk", "description"))
