"""How a workspace was at a moment: its own data, its people, tokens and orders, and how many SIMs and devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from accounts.permissions import Role
from events import registry
from events.models import Event
from events.replay.state import Replay, folded
from events.replay.states import UNTOLD, Known, MemberState
from events.replay.told import MEMBER_TYPES, ORDER_TYPES, SIM_BATCHES, TOKEN_TYPES
from events.selectors import log_of, persons_of
from events.text import complete, complete_detail
from events.then.facts import MOST_FOLDED, Fact, fact, rows_of_types
from events.then.moment import Then
from events.then.objects import device_badge, sim_badge
from kit.context import Person
from kit.paging import capped_count
from orders.states import OrderStatus
from sims.states import DeviceStatus, SimStatus

CREATED: Final = 10071
PLAN_CHANGED: Final = 34
SETTINGS: Final = (31, 33, PLAN_CHANGED, 10040, CREATED)
"""Types that tell of the workspace's own data."""
OBJECTS: Final = (8, 9, 10, 45, *SIM_BATCHES, 42, 43, 10002, 10004)
"""Types that tell how many SIMs and devices there were, and in which state."""


class Said(NamedTuple):
    """An event of the workspace itself."""

    id: int
    moment: datetime
    type: int
    description: str
    detail: Any


@dataclass(frozen=True)
class MemberPast:
    """A person in a workspace as they were."""

    person: Person
    role: Fact
    super_admin: bool


@dataclass(frozen=True)
class TokenPast:
    """An application token that was good."""

    id: int
    description: Fact
    role: Fact


@dataclass(frozen=True)
class WorkspacePast:
    """A workspace as it was; `None` where a page can't read so many events.

    Args:
        facts: its own data.
        members: who belonged to it.
        tokens: application tokens that were not revoked.
        sims, devices, orders: state as its badge shows it, and how many.
    """

    facts: list[Fact] | None
    members: list[MemberPast] | None
    tokens: list[TokenPast] | None
    sims: list[tuple[Any, int]] | None
    devices: list[tuple[Any, int]] | None
    orders: list[tuple[Any, int]] | None


def members_past(workspace_id: int, then: Then) -> list[MemberPast] | None:
    """Return who belonged to a workspace, by name; `None` when a page can't read so many events. Five queries."""
    rows = rows_of_types(workspace_id, MEMBER_TYPES, then.until)
    if rows is None:
        return None
    told = folded(rows).members
    members = {pk: member for pk, member in told.items() if member.role.value or member.super_admin.value}
    people = _people(members)
    found = [
        MemberPast(
            people.get(pk, Person(pk, _("User %(id)s") % {"id": pk}, "")),
            fact(workspace_id, _("Role"), _told(member), _role_label),
            bool(member.super_admin.value),
        )
        for pk, member in members.items()
    ]
    return sorted(found, key=lambda each: (each.person.name.casefold(), each.person.user_id))


def _told(member: MemberState) -> Known:
    """Return what decides about a member: being SuperAdmin goes before the role of the membership."""
    if member.super_admin.value:
        return member.super_admin._replace(value=Role.SUPERADMIN.value)
    return member.role


def _role_label(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


def _people(members: Mapping[int, MemberState]) -> dict[int, Person]:
    """Return what people were called at the event that made them what they were. Two queries."""
    wanted = [known.event_id for member in members.values() for known in (member.role, member.super_admin)]
    rows = Event.objects.filter(pk__in=[pk for pk in wanted if pk is not None])
    columns = list(rows.order_by("id").values("actor_id", "subject_id", "acted_for_id"))
    people = persons_of([{**row, "actor_id": None, "acted_for_id": None} for row in columns])
    return {person.user_id: person for row in columns if (person := people.get(row["subject_id"])) is not None}


def workspace_past(workspace_id: int, then: Then) -> WorkspacePast:
    """Return how a workspace was. Its number of queries is the same for every log."""
    settings = _settings(workspace_id, then)
    things = rows_of_types(workspace_id, OBJECTS, then.until, with_allotted=True)
    tokens = rows_of_types(workspace_id, TOKEN_TYPES, then.until)
    orders = rows_of_types(workspace_id, ORDER_TYPES, then.until)
    replay = folded(things) if things is not None else None
    return WorkspacePast(
        facts=None if settings is None else _facts(workspace_id, settings),
        members=members_past(workspace_id, then),
        tokens=None if tokens is None else _tokens(workspace_id, folded(tokens)),
        sims=None if replay is None else _sims(workspace_id, replay),
        devices=None if replay is None else _devices(replay),
        orders=None if orders is None else _orders(folded(orders)),
    )


def _tokens(workspace_id: int, replay: Replay) -> list[TokenPast]:
    return [
        TokenPast(
            pk,
            fact(workspace_id, _("Description"), token.description),
            fact(workspace_id, _("Role"), token.role, _role_label),
        )
        for pk, token in sorted(replay.tokens.items())
        if not token.revoked.value
    ]


def _sims(workspace_id: int, replay: Replay) -> list[tuple[Any, int]]:
    here = [sim for sim in replay.sims.values() if sim.workspace.value == workspace_id]
    return _counted(Counter(sim.status.value for sim in here if sim.status.value != SimStatus.DELETED), sim_badge)


def _devices(replay: Replay) -> list[tuple[Any, int]]:
    states = (device.status.value for device in replay.devices.values())
    return _counted(Counter(state for state in states if state != DeviceStatus.DELETED), device_badge)


def _orders(replay: Replay) -> list[tuple[Any, int]]:
    def label(status: int) -> str:
        return str(OrderStatus(status).label) if status in OrderStatus.values else str(status)

    return _counted(Counter(order.status.value for order in replay.orders.values()), label)


def _counted(counts: Counter[Any], shown: Callable[[int], Any]) -> list[tuple[Any, int]]:
    known = [(shown(status), count) for status, count in sorted(counts.items(), key=_untold_last) if status is not None]
    return [*known, *([(_("not told by the log"), counts[None])] if counts[None] else [])]


def _untold_last(item: tuple[Any, int]) -> tuple[bool, int]:
    return item[0] is None, item[0] or 0


# --- the workspace's own data ---


def _settings(workspace_id: int, then: Then) -> list[Said] | None:
    """Return what events say of the workspace itself, in the order of ids; `None` when there are too many."""
    events = log_of(workspace_id).filter(type__in=SETTINGS, external_id=None)
    if then.until is not None:
        events = events.filter(timestamp__lte=then.until)
    if capped_count(events, cap=MOST_FOLDED).more:
        return None
    columns = ("id", "timestamp", "type", "description", "detail")
    return sorted(map(Said._make, events.order_by().values_list(*columns)))


def _facts(workspace_id: int, rows: list[Said]) -> list[Fact]:
    """Fold events of the workspace itself: what each says was so from then on."""
    known: dict[str, Known] = {}
    plans: dict[str, Known] = {}
    for row in rows:
        detail = complete_detail(row.detail, None, None)
        if row.type == PLAN_CHANGED:
            _plan(workspace_id, plans, row, detail)
        for key, value in _says(row, detail if isinstance(detail, Mapping) else {}).items():
            known[key] = Known(value, row.id, row.moment, workspace_id)
    labels = {"name": _("Name"), "package": _("Platform package"), "mfa_required": _("Second factor")}
    first = [fact(workspace_id, label, known.pop(key, UNTOLD)) for key, label in labels.items()]
    rest = [fact(workspace_id, _label(key), value) for key, value in sorted(known.items())]
    booked = [fact(workspace_id, _("Data plan"), plan) for _name, plan in sorted(plans.items())]
    return [*first, *booked, *rest]


def _label(key: str) -> str:
    text = key.replace("_", " ").removesuffix(" id")
    return text[:1].upper() + text[1:]


def _says(row: Said, detail: Mapping[str, Any]) -> dict[str, str]:
    """Return what an event says of the workspace, by field."""
    try:
        if row.type == 31:
            changes = [item for each in detail["changed_data"] for item in each.items()]
            return {field: "" if change["new"] == "null" else str(change["new"]) for field, change in changes}
        if row.type == 33:
            return {"package": str(detail["tariff_plan"]["name"])}
        if row.type == 10040:
            return {str(detail["setting"]): str(detail["to"])}
        if row.type == CREATED:
            return {"package": str(detail["package"]["name"]), "name": _created_as(row)}
    except (KeyError, TypeError, AttributeError):
        # An event of an older version, or from outside, that does not say it.
        return {}
    return {}


def _created_as(row: Said) -> str:
    """Return the name under which a workspace was created, which its event tells in the text alone."""
    before, after = registry.get(CREATED).variant().template.split("{name}")
    return complete(row.description, None, None).removeprefix(before).removesuffix(after)


def _plan(workspace_id: int, plans: dict[str, Known], row: Said, detail: Any) -> None:
    """Note a data plan that was booked, or leave out one that was removed: the text of the event tells which."""
    plan = detail.get("inclusive_volume") if isinstance(detail, Mapping) else None
    zone = plan.get("ratezone") if isinstance(plan, Mapping) else None
    name = str(zone.get("name", "")) if isinstance(zone, Mapping) else ""
    if row.description == registry.get(PLAN_CHANGED).text("removed", name=name):
        plans.pop(name, None)
    elif name:
        plans[name] = Known(name, row.id, row.moment, workspace_id)
