"""The customers' filters over the logs of all workspaces, and those that staff alone have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from events import registry
from events.admin.across import Driver, newest_across
from events.filters import EventFilters, TypeFilter
from events.models import FrozenPerson
from events.search import MAX_ID, NOTHING, bounded_text, text_since
from kit.context import ActorKind
from kit.filter_sets import encode
from kit.filter_values import Values
from kit.filters import ChoicesFilter, TextFilter
from kit.paging import Cursor

NAMELESS: Final = frozenset({ActorKind.ANONYMOUS, ActorKind.SCHEDULE, ActorKind.NETWORK, ActorKind.SYSTEM})
"""Actors with the id 0."""
DIRECT: Final = ("sim", "device", "request")
"""Filters that have an index over all workspaces."""
Searched = Literal["", "named", "people"]
"""Whether the search box asks for nothing, for what an index finds by itself, or for what people did."""
_ACTOR: Final = re.compile(r"(user|token|staff):([0-9]{1,18})", re.IGNORECASE)
_KINDS: Final = {
    "user": ActorKind.USER,
    "token": ActorKind.APPLICATION_TOKEN,
    "staff": ActorKind.STAFF,
}


def all_types(_filters: Any) -> list[tuple[int, str]]:
    """Return every type that a log can hold, those of the operator's own log too."""
    kinds = [kind for kind in registry.all_types() if kind.status != "name only"]
    return [(kind.id, kind.description) for kind in sorted(kinds, key=lambda kind: (kind.section, kind.description))]


def _address(value: str) -> str:
    """Read an IP address. Raises ValidationError for what is none."""
    validate_ipv46_address(value)
    return value


def _account(value: str) -> str:
    """Read who is meant: an e-mail address, a user's id, or a kind with an id. Raises ValidationError."""
    text = value.strip().casefold()
    if _ACTOR.fullmatch(text) or "@" in text or (text.isascii() and text.isdigit() and int(text) <= MAX_ID):
        return text
    wrong = _("“%(value)s” is no e-mail address, user ID, user:ID, staff:ID or token:ID.")
    raise ValidationError(wrong % {"value": value})


class StaffEventFilters(EventFilters):
    """Filters of the log in the admin site. The workspace is chosen beside them, and the search box is the list's."""

    q = None  # type: ignore[assignment]  # the library takes away what is None
    type = TypeFilter(field_name="type", label=gettext_lazy("Event type"), choices=all_types, primary=True)
    actor = TextFilter(
        method="filter_actor",
        label=gettext_lazy("Actor"),
        normalise=_account,
        wildcards=False,
        partial=False,
        primary=True,
        hint=gettext_lazy("E-mail address or user ID; token:ID for an application token, staff:ID for staff."),
    )
    actor_kind = ChoicesFilter(
        field_name="actor_kind", label=gettext_lazy("Kind of actor"), choices=list(ActorKind.choices)
    )
    subject = TextFilter(
        method="filter_subject",
        label=gettext_lazy("Account concerned"),
        normalise=_account,
        wildcards=False,
        partial=False,
        hint=gettext_lazy("E-mail address or user ID of whom the event is about."),
    )
    ip = TextFilter(
        method="filter_ip",
        label=gettext_lazy("IP address"),
        normalise=_address,
        wildcards=False,
        partial=False,
        hint=gettext_lazy("Of the client that acted."),
    )

    chosen: int | None = None
    """Id of the workspace that is chosen, `None` for all."""

    @property
    def scope(self) -> int | None:
        """SIMs and devices are looked for in all logs."""
        return self.chosen

    # --- what each asks ---

    def filter_actor(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep what any of these did."""
        wanted = Q()
        for kind, ref in self.actors(value):
            wanted |= Q(actor_kind=kind, actor_ref=ref)
        return queryset.filter(wanted or NOTHING)

    def actors(self, value: Values) -> list[tuple[int, int]]:
        """Return kind and id of the actors that are meant. One query, none for ids."""
        named = [_ACTOR.fullmatch(str(text)) for text in value.exact]
        found = [(int(_KINDS[match[1].lower()]), int(match[2])) for match in named if match]
        people = self._people([str(text) for text in value.exact])
        return found + [(int(kind), ref) for ref in people for kind in (ActorKind.USER, ActorKind.STAFF)]

    def _people(self, texts: list[str]) -> list[int]:
        """Return the ids of people by id or address, present or former."""
        ids = [int(text) for text in texts if text.isdigit()]
        addresses = [text for text in texts if "@" in text]
        if addresses:
            ids += self._once(("people", *addresses), lambda: _users_with(addresses))
        return list(dict.fromkeys(ids))

    def filter_subject(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep what is about any of these accounts."""
        texts = [str(text).removeprefix("user:").removeprefix("staff:") for text in value.exact]
        persons = FrozenPerson.objects.filter(user_id__in=self._people(texts)).values("pk")
        return self._bounded(queryset, Q(subject_id__in=persons))

    def filter_ip(self, queryset: QuerySet[Any], name: str, value: Values) -> QuerySet[Any]:
        """Keep what came from any of these addresses."""
        return self._bounded(queryset, Q(ip__in=[str(text) for text in value.exact]))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply all values; of persons' kinds of actors, whose index is ordered by person, what is recent."""
        found = super().filter_queryset(queryset)
        kinds = self.values.get("actor_kind") or ()
        if self.is_valid() and any(kind not in NAMELESS for kind in kinds):
            return self._bounded(found, Q(pk__isnull=False))
        return found

    # --- all workspaces at once ---

    def narrow(
        self, queryset: QuerySet[Any], *, searched: Searched, limit: int, cursor: Cursor | None
    ) -> QuerySet[Any]:
        """Return what matches, of one page where all workspaces are asked by an index that begins with the workspace.

        Args:
            queryset: already held to the workspace and search that were chosen.
            searched: what the search box asks for beside them.
            limit: rows of a page, and one more.
            cursor: where the page begins; `None` at the newest.
        """
        asked = set(self.values)
        if not self.active or not self.is_valid():
            return self.filter_queryset(queryset)
        if self.chosen is not None or asked & set(DIRECT) or searched == "named":
            return self.filter_queryset(queryset)
        matching = self.filter_queryset(queryset)
        driver = self._driver()
        if len(asked - {"date"}) + (searched == "people") > 1 and not self.dated and not self.bounded:
            # What one index finds is read until the rest fits: not for ever.
            self.bounded = True
            matching = matching.filter(timestamp__gte=text_since())
        return queryset.filter(pk__in=newest_across(matching, driver, limit=limit, cursor=cursor))

    def _driver(self) -> Driver | None:
        """Return the filter whose index is walked, value by value."""
        if "actor" in self.values:
            return Driver(("actor_kind", "actor_ref"), self.actors(self.values["actor"]))
        kinds = self.values.get("actor_kind") or ()
        if kinds and all(kind in NAMELESS for kind in kinds):
            return Driver(("actor_kind", "actor_ref"), [(int(kind), 0) for kind in kinds])
        for name in ("type", "severity", "source"):
            if self.values.get(name):
                return Driver((name,), [(int(value),) for value in self.values[name]])
        return None

    def kept(self, others: Iterable[tuple[str, str]]) -> str:
        """Return the clean address of the list with these filters and other parameters."""
        return "?" + encode({**dict(others), **self.query_values()})

    def staff_notices(self, others: Iterable[tuple[str, str]]) -> list[Any]:
        """Return what staff must know of how was searched, with a link that widens it."""
        if not self.bounded or self.dated:
            return []
        url = "?" + encode({**dict(others), **self.query_values(), "date": "2000-01-01.."})
        link = format_html('<a href="{}">{}</a>', url, _("Search the whole log"))
        return [format_html("{} {}", bounded_text(), link)]


def _users_with(addresses: list[str]) -> list[int]:
    """Return the ids of people who have, or had in the log, one of these addresses."""
    wanted, frozen = Q(), Q()
    for address in addresses:
        wanted |= Q(email__iexact=address)
        frozen |= Q(username__iexact=address)
    now = User.objects.filter(wanted).values_list("pk", flat=True)
    then = FrozenPerson.objects.filter(frozen).values_list("user_id", flat=True)
    return [*now, *then]
