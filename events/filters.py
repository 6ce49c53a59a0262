"""How the log is filtered: by what an index answers, else within a span of time."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Workspace
from events import registry
from events.covered import About, Kind, asked_about
from events.search import (
    IMSI,
    NOTHING,
    Found,
    bounded_text,
    contains,
    device_ids,
    known_devices,
    known_sims,
    sim_ids,
    text_since,
    understand,
    within,
)
from events.selectors import actor_choices, actor_label, actors_key, of_requests
from events.types.base import Severity, Source
from events.who import KIND_NAMES
from kit.caches import figures
from kit.context import ActorKind
from kit.filter_fields import ChoicesField
from kit.filter_sets import ListFilters, encode
from kit.filter_values import Values
from kit.filters import (
    ChoicesFilter,
    DateRangeFilter,
    SearchFilter,
    TextFilter,
    whole_number,
)
from sims.identifiers import digits_in, normalise_iccid

CHOICES_SECONDS: Final = 60
"""How long the actors offered are remembered for a workspace."""

SEVERITY_NAMES: Final = {
    Severity.INFO: gettext_lazy("Info"),
    Severity.WARN: gettext_lazy("Warning"),
    Severity.CRITICAL: gettext_lazy("Critical"),
}
SOURCE_NAMES: Final = {
    Source.NETWORK: pgettext_lazy("event source", "Network"),
    Source.POLICY_CONTROL: pgettext_lazy("event source", "Policy control"),
    Source.API: pgettext_lazy("event source", "API"),
}

_ID = re.compile(r"[0-9]{1,13}")


def type_choices(filters: ListFilters) -> list[tuple[int, str]]:
    """Return the types that can stand in this workspace's log, by section and name."""
    workspace = getattr(filters.request, "workspace", None)
    operator = workspace is not None and workspace.type == Workspace.Type.OPERATOR
    kinds = [
        kind for kind in registry.all_types() if kind.status != "name only" and (operator or kind.audience != "staff")
    ]
    kinds.sort(key=lambda kind: (kind.section, kind.description))
    return [(kind.id, kind.description) for kind in kinds]


@dataclass(frozen=True)
class GroupedChoice:
    """A line of the panel of choices that may begin a group; `group` is the heading above it."""

    value: str
    label: str
    checked: bool
    group: str


class TypeFilter(ChoicesFilter):
    """Event types, in the order of their sections."""

    def panel_context(self, value: Any) -> dict[str, Any]:
        context = super().panel_context(value)
        lines, last = [], ""
        for choice in context["choices"]:
            kind = registry.find(int(choice.value))
            section = kind.section if kind is not None else ""
            lines.append(GroupedChoice(choice.value, choice.label, choice.checked, section if section != last else ""))
            last = section
        return {**context, "choices": lines}


def offered_actors(workspace_id: int) -> list[tuple[str, str]]:
    """Return value and label of the actors of a log, as they were up to a minute ago."""
    key = actors_key(workspace_id)
    choices: list[tuple[str, str]] | None = figures.get(key)
    if choices is None:
        choices = actor_choices(workspace_id)
        figures.set(key, choices, CHOICES_SECONDS)
    return choices


class ActorField(ChoicesField):
    """Actors that are offered, and those that acted once and are asked for by an older link."""

    def __init__(self, *, workspace_id: int, **options: Any) -> None:
        super().__init__(**options)
        self.workspace_id = workspace_id

    def valid_value(self, value: str) -> bool:
        """Tell whether such an actor stands in the log; from then on it is offered."""
        offered = self.offered()
        if value not in offered:
            label = actor_label(self.workspace_id, value)
            if label is None:
                return False
            offered[value] = (value, label)
        return True


class ActorFilter(ChoicesFilter):
    """Who acted: a user, an application token, or a kind of actor that has no name."""

    field_class = ActorField

    def of_request(self) -> dict[str, Any]:
        """Return what the field needs: the actors offered, and whose log it is."""
        return {**super().of_request(), "workspace_id": self.parent.workspace_id}

    @cached_property
    def offered(self) -> dict[str, tuple[Any, str]]:
        """Return the actors of the log, as they were up to a minute ago."""
        return {value: (value, label) for value, label in offered_actors(self.parent.workspace_id)}

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        """Find what any of these did."""
        if not value:
            return qs
        users = [int(item.removeprefix("user:")) for item in value if item.startswith("user:")]
        tokens = [int(item.removeprefix("token:")) for item in value if item.startswith("token:")]
        condition = Q()
        if users:
            condition |= _acted(ActorKind.USER, users)
        if tokens:
            condition |= _acted(ActorKind.APPLICATION_TOKEN, tokens)
        for item in value:
            if item in KIND_NAMES:
                condition |= _of_kinds(KIND_NAMES[item][1])
        return qs.filter(condition)


def _acted(kind: ActorKind, refs: list[int]) -> Q:
    return Q(actor_kind=kind, actor_ref__in=refs)


def _of_kinds(kinds: tuple[int, ...]) -> Q:
    # Those without a person have the id 0: named, the index gives the order too.
    return Q(actor_kind=kinds[0], actor_ref=0) if len(kinds) == 1 else Q(actor_kind__in=kinds)


def _sim_value(value: str) -> str:
    """Bring a typed SIM into the form it is looked for. Raises ValueError for what cannot be one."""
    digits = digits_in(value)
    if _ID.fullmatch(digits) or IMSI.fullmatch(digits):
        return digits
    return normalise_iccid(value)


def _request_value(value: str) -> uuid.UUID:
    return uuid.UUID(value)


class EventFilters(ListFilters):
    """Filters of the log."""

    q = SearchFilter(method="filter_q", placeholder=gettext_lazy("ID, ICCID, person, device, text"))
    severity = ChoicesFilter(
        field_name="severity",
        label=gettext_lazy("Severity"),
        choices=list(SEVERITY_NAMES.items()),
        primary=True,
    )
    type = TypeFilter(field_name="type", label=gettext_lazy("Event type"), choices=type_choices, primary=True)
    actor = ActorFilter(field_name="actor", label=gettext_lazy("Actor"), choices=(), searchable=True, primary=True)
    date = DateRangeFilter(field_name="timestamp", label=gettext_lazy("Date"), primary=True)
    sim = TextFilter(
        method="filter_sim",
        label=gettext_lazy("SIM"),
        normalise=_sim_value,
        partial=False,
        primary=True,
        headings=("ICCID", "IMSI", gettext_lazy("SIM ID")),
        complete=lambda text: len(text) in (14, 15, 19),
        hint=gettext_lazy("ICCID, IMSI or SIM ID."),
    )
    device = TextFilter(
        method="filter_device",
        label=gettext_lazy("Device"),
        partial=False,
        primary=True,
        headings=(gettext_lazy("Device name"), gettext_lazy("Name"), gettext_lazy("Device ID")),
        hint=gettext_lazy("Device name or ID."),
    )
    source = ChoicesFilter(field_name="source", label=gettext_lazy("Event source"), choices=list(SOURCE_NAMES.items()))
    request = TextFilter(
        method="filter_request",
        label=gettext_lazy("Request"),
        normalise=_request_value,
        wildcards=False,
        partial=False,
        hint=gettext_lazy("Ties together all events of one action."),
    )

    bounded = False
    """Whether something was only looked for in the last 30 days. Known once `qs` was read."""
    search_notice = ""
    split: tuple[object, ...] = ()
    """What was asked for first whose events are in two indexes: SIMs, devices, people. Known once `qs` was read."""
    part = ""
    """Which of the two this set of filters finds alone: "named" or "among"; "" for both."""

    @property
    def scope(self) -> int | None:
        """Return the workspace in whose log SIMs and devices are looked for by name; `None` for all."""
        return self.workspace_id

    @property
    def dated(self) -> bool:
        """Tell whether the reader chose a span of time."""
        return "date" in self.values

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep events that the text in the search box finds; `events.search` says how."""
        found: Found = self._once(("q", value), lambda: understand(self.workspace_id, value))
        self.bounded = self.bounded or (found.bounded and not self.dated)
        self.search_notice = found.notice
        if found.about is not None:
            return queryset.filter(self._about(*found.about))
        if found.also is not None:
            return queryset.filter(self._either(("people", value), found.condition, found.also))
        return within(queryset, found, dated=self.dated)

    def _once(self, key: tuple[object, ...], find: Callable[[], Any]) -> Any:
        """Look something up once, although the filters are applied anew to tell which of them hides everything."""
        known: dict[tuple[object, ...], Any] = self.__dict__.setdefault("_looked_up", {})
        if key not in known:
            known[key] = find()
        return known[key]

    def filter_sim(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep events of SIMs named by id, ICCID or IMSI, or with a wildcard by the names that the log has frozen."""
        texts = [str(item) for item in value.exact]
        iccids = [item for item in texts if len(item) == 19]
        imsis = [item for item in texts if IMSI.fullmatch(item)]
        ids = [int(item) for item in texts if _ID.fullmatch(item)]
        ids += self._once(("sims", *iccids, *imsis), lambda: sim_ids(self.scope, iccids=iccids, imsis=imsis))
        if value.patterns:
            patterns = Values(patterns=value.patterns)
            unbound = patterns.q("iccid") | patterns.q("imsi")
            return self._bounded(queryset, unbound | self._about("sim", ids) if ids else unbound)
        if not ids:
            # Numbers that no SIM has now may still stand in the log.
            return self._bounded(queryset, Q(iccid__in=iccids) | Q(imsi__in=imsis))
        return queryset.filter(self._about("sim", ids))

    absent = (
        gettext_lazy("%(n)s is not in the log of this workspace"),
        gettext_lazy("%(n)s are not in the log of this workspace"),
    )

    def present_sim(self, queryset: QuerySet[Any], value: Values) -> set[str]:
        """Return which of these numbers are of SIMs that occur in the log, whatever the other filters say."""
        asked = [str(item) for item in value.exact]
        found: set[str] = self._once(("known sims", *asked), lambda: known_sims(self.workspace_id, asked))
        return found

    def present_device(self, queryset: QuerySet[Any], value: Values) -> set[str]:
        """Return which of these names and ids are of devices of the workspace, whatever the other filters say."""
        asked = [str(item) for item in value.exact]
        found: set[str] = self._once(("known devices", *asked), lambda: known_devices(self.workspace_id, asked))
        return found

    def filter_request(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep events of these requests."""
        return queryset.filter(of_requests(value.exact))

    def filter_device(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep events of devices named by id or exact name, else by the names that the log has frozen."""
        names = [str(item) for item in value.exact]
        numbers = [item for item in names if re.fullmatch(r"[0-9]{1,18}", item)]
        ids = [whole_number(item) for item in numbers]
        ids += self._once(("devices", *names), lambda: device_ids(self.scope, names))
        ids = list(dict.fromkeys(ids))
        if ids and not value.patterns:
            return queryset.filter(self._about("device", ids))
        condition = Values(patterns=value.patterns).q("device_name")
        for text in names:
            condition |= contains("device_name", text)
        return self._bounded(queryset, condition | self._about("device", ids) if ids else condition)

    def _either(self, key: tuple[object, ...], one: Q, other: Q) -> Q:
        """Return the condition for what two indexes find; only the first that was asked for is split."""
        self.split = self.split or key
        if self.split != key or not self.part:
            return one | other
        return one if self.part == "named" else other

    def _about(self, kind: Kind, ids: list[int]) -> Q:
        """Return the condition for the events of SIMs or devices, those that speak of many of them too."""
        key = ("about", kind, *ids)
        found: About = self._once(key, lambda: asked_about(kind, ids))
        if found.among is None:
            return found.named
        return self._either(key, found.named, found.among)

    @cached_property
    def parts(self) -> tuple[QuerySet[Any], ...]:
        """What matches, as one query or as two that may overlap, each in the order of an index of its own."""
        found = self.qs
        if not self.split:
            return (found,)
        made = []
        for part in ("named", "among"):
            other = copy.copy(self)
            other.part = part
            made.append(other.filter_queryset(self.queryset.all()))
        return tuple(made)

    def _bounded(self, queryset: QuerySet[Any], condition: Q) -> QuerySet[Any]:
        queryset = queryset.filter(condition or NOTHING)
        if self.dated:
            return queryset
        self.bounded = True
        return queryset.filter(timestamp__gte=text_since())

    def notices(self, path: str) -> list[str]:
        """Return what the reader must know of how was searched; a link widens it."""
        self.qs  # noqa: B018 - what was understood is known once the query was made
        found = [self.search_notice] if self.search_notice else []
        if self.bounded:
            workspace = getattr(self.request, "workspace", None)
            days = workspace.event_days if workspace is not None else 400
            first = timezone.localdate() - timedelta(days=days)
            query = encode({**self.query_values(), "date": f"{first.isoformat()}.."})
            link = format_html('<a href="{}?{}">{}</a>', path, query, _("Search all %(days)s days") % {"days": days})
            found.append(format_html("{} {}", bounded_text(), link))
        return found
