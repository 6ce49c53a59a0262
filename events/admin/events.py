"""The log as staff read it: all workspaces, newest first, and nothing that could change it.

Fast at any size: no count, no offset, and only what an index answers, or a span of time bounds. Without a filter the
primary key gives the order. Type, source, severity and actor have indexes that begin with the workspace: without one
they are asked workspace by workspace in one statement (`events.admin.across`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from events import registry
from events.admin.filters import StaffEventFilters
from events.admin.people import newest_of_users, of_users
from events.admin.search import Understood, understand
from events.models import Event
from events.panel import panel_of, severity_name, source_name
from events.selectors import LIST_FIELDS, PANEL_FIELDS, persons_of, workspace_names
from events.who import who_of
from events.wire import EventColumns, Persons, description_of
from kit.admin.base import StaffAdmin
from kit.admin.filters import related_filter
from kit.admin.lists import NEWER, OLDER, KeysetChangeList
from kit.context import STAFF_KINDS, ActorKind
from kit.filter_sets import Chip, encode
from kit.paging import CappedCount, capped_count
from kit.rendering import badge, bdi, by_jinja, dash, identifier, severity, when
from sims.identifiers import as_printed

SHOWN_OF_REQUEST = 50
_LEFT_OUT = ("detail", "user_agent", "device_tags", "external_id")


class EventChangeList(KeysetChangeList):
    """The list of the log."""

    narrowing = ("workspace", "q", *StaffEventFilters.base_filters)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.notices: list[Any] = []
        self.others = others_of(request)
        self.event_filters: StaffEventFilters = request.event_filters  # type: ignore[attr-defined]  # by the page
        super().__init__(request, *args, **kwargs)
        self.has_active_filters = self.has_active_filters or self.event_filters.active

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        request.event_list = self  # type: ignore[attr-defined]  # its place is part of the search for people
        for name in self.event_filters.filters:
            self.filter_params.pop(name, None)
        found = super().get_queryset(request, exclude_parameters)
        found = self.event_filters.narrow(
            found,
            searched=getattr(request, "event_search", ""),
            limit=self.list_per_page + 1,
            cursor=self.cursor,
        )
        self.notices = list(getattr(request, "event_notices", ()))
        self.notices += self.event_filters.staff_notices(self.others)
        self.notices += self.event_filters.mistakes.values()
        return found

    def chips_html(self) -> SafeString:
        """The filters with their panels, as customers have them."""
        return by_jinja("kit/_chips.html", {"listing": StaffChips(self.event_filters, self.others)})


OTHERS: Final = ("workspace", "q")
"""What the address holds beside the filters."""


def others_of(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the workspace and the search that were chosen."""
    return [(name, request.GET[name]) for name in OTHERS if request.GET.get(name)]


class StaffChips:
    """What the chips ask of a list, for a list of the admin site."""

    def __init__(self, filters: StaffEventFilters, others: list[tuple[str, str]]) -> None:
        self.filters, self.hidden_parameters = filters, others
        self.path, self.clear_url = "", "?"

    def chip_urls(self) -> list[tuple[Chip, str]]:
        """Each chip with the address that the list has without it."""
        kept = encode(dict(self.hidden_parameters))
        return [(chip, "?" + "&".join(part for part in (kept, chip.without) if part)) for chip in self.filters.chips]

    @property
    def has_more_filters(self) -> bool:
        """Whether some filters wait in the panel of further ones."""
        return self.filters.has_more


@admin.register(Event)
class EventAdmin(StaffAdmin):
    """Events: nobody adds, changes or deletes one here, superusers included."""

    icon = "scroll-text"
    list_display = ("date", "level", "kind", "text", "place", "who", "sim", "device", "origin")
    list_filter = (related_filter("workspace", gettext_lazy("Workspace"), "workspace"),)
    search_fields = ("id",)
    search_help_text = gettext_lazy("Event or request ID, ICCID, IMSI, device:ID, e-mail address")
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list. Pasted and uploaded values of filters are posted, and lead to an address that holds them."""
        posted = request.method == "POST" and "action" not in request.POST
        sent = request.POST if posted else request.GET
        if posted:
            request.GET = QueryDict(encode({name: sent[name] for name in OTHERS if sent.get(name)}))
        filters = StaffEventFilters(
            sent, Event.objects.all(), request=request, files=request.FILES, keep=(*OTHERS, OLDER, NEWER)
        )
        place = sent.get("workspace", "")
        filters.chosen = int(place) if place.isascii() and place.isdigit() and len(place) < 19 else None
        if filters.is_valid() and (posted or _untidy(filters, sent)):
            return HttpResponseRedirect(filters.kept(others_of(request)))
        request.event_filters = filters  # type: ignore[attr-defined]  # for the list
        response: HttpResponse = super().changelist_view(request, extra_context)
        if filters.mistakes and response.status_code == 200:
            response.status_code = 422
        return response

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[EventChangeList]:
        return EventChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        within = bool(request.GET.get("workspace"))
        return [name for name in self.list_display if not (within and name == "place")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*_LEFT_OUT)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        notices: list[str] = []
        if term.strip():
            understood = understand(term)
            queryset = queryset.filter(self._condition(request, understood))
            request.event_search = "people" if understood.users else "named"  # type: ignore[attr-defined]
            notices += [understood.notice] if understood.notice else []
        request.event_notices = notices  # type: ignore[attr-defined]  # for the list, which makes the queryset
        return queryset, False

    def _condition(self, request: HttpRequest, understood: Understood) -> Q:
        """Return the condition of a search; of people in all workspaces it names the events of this page."""
        if not understood.users:
            return understood.condition
        if request.GET.get("workspace") or (getattr(request, "event_filters", None) and request.event_filters.active):  # type: ignore[attr-defined]
            return of_users(understood.users)
        cursor = request.event_list.cursor if hasattr(request, "event_list") else None
        return Q(pk__in=newest_of_users(understood.users, limit=self.list_per_page + 1, cursor=cursor))

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Read the persons and workspaces of a page: two queries."""
        plain = [_plain(event) for event in rows]
        persons = persons_of(plain)
        names = workspace_names(plain)
        for event, row in zip(rows, plain, strict=True):
            # Of all workspaces, where names need not differ: each with an id.
            event.who = who_of(row, persons, doubles=None, staff=True)
            event.text = description_of(row, persons, staff=True)
            event.workspace_name = names.get(event.workspace_id, "")

    # --- one event ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one event with its whole context."""
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        number = unquote(object_id)
        row = None
        if number.isascii() and number.isdigit() and len(number) < 19:
            row = Event.objects.filter(pk=int(number)).values(*PANEL_FIELDS, "workspace__name").first()
        if row is None:
            raise Http404(_("There is no event %(id)s.") % {"id": object_id})
        # Read with the event: the panel needs its id and name only.
        workspace = Workspace(pk=row["workspace_id"], name=row["workspace__name"] or "")
        panel = panel_of(row, workspace, staff=True, context_visible=True)
        of_request, persons = _of_request(row)
        listing = self.list_url()
        context = {
            "event": panel,
            "workspace": workspace,
            "persons": _people(row, persons),
            "actor_kind": ActorKind(row["actor_kind"]).label,
            "actor_ref": row["actor_ref"],
            "actor_label": row["actor_label"],
            "request_events": of_request,
            "request_url": f"{listing}?q={row['request_id']}",
            "sim_id": row["sim_id"],
            "device_id": row["device_id"],
        }
        return self.render(request, "admin/events/event/page.html", context)

    # --- columns ---

    @admin.display(description=gettext_lazy("date"))
    def date(self, event: Event) -> SafeString:
        return when(event.timestamp)

    @admin.display(description=gettext_lazy("severity"))
    def level(self, event: Event) -> SafeString:
        return severity(event.severity, severity_name(event.severity))

    @admin.display(description=gettext_lazy("event type"))
    def kind(self, event: Event) -> str:
        return registry.describe(event.type)

    @admin.display(description=gettext_lazy("description"))
    def text(self, event: Any) -> SafeString:
        return format_html('<span class="truncate admin-text" title="{}">{}</span>', event.text, bdi(event.text))

    @admin.display(description=gettext_lazy("workspace"))
    def place(self, event: Any) -> SafeString:
        url = reverse("admin:accounts_workspace_change", args=[event.workspace_id])
        return format_html('<a href="{}">{}</a>', url, bdi(event.workspace_name or event.workspace_id))

    @admin.display(description=gettext_lazy("SIM"))
    def sim(self, event: Event) -> SafeString:
        return identifier(as_printed(event.iccid), "ICCID", copy=False)

    @admin.display(description=gettext_lazy("device"))
    def device(self, event: Event) -> SafeString:
        return bdi(event.device_name) if event.device_name else dash()

    @admin.display(description=gettext_lazy("actor"))
    def who(self, event: Any) -> SafeString:
        html: SafeString = event.who.html
        return format_html("{} {}", html, badge(_("Staff"), "accent")) if event.actor_kind in STAFF_KINDS else html

    @admin.display(description=gettext_lazy("source"))
    def origin(self, event: Event) -> str:
        return source_name(event.source)


def _untidy(filters: StaffEventFilters, sent: QueryDict) -> bool:
    """Tell whether an address holds empty filters, or parts that only the form of a panel has."""
    return any(
        name in filters.part_parameters or (name in filters.filters and (not any(texts) or len(texts) > 1))
        for name, texts in sent.lists()
    )


def _plain(event: Any) -> dict[str, Any]:
    names = (
        "workspace_id",
        "type",
        "description",
        "actor_id",
        "subject_id",
        "acted_for_id",
        "actor_kind",
        "actor_ref",
        "actor_label",
    )
    return {name: getattr(event, name) for name in names}


def _people(row: EventColumns, persons: Persons) -> list[tuple[str, Any]]:
    """Return the people of an event with what they are in it; staff see their own kind too."""
    roles = ((_("Actor"), "actor_id"), (_("Acted for"), "acted_for_id"), (_("Account concerned"), "subject_id"))
    return [(label, persons[row[name]]) for label, name in roles if row[name] in persons]


def _of_request(row: EventColumns) -> tuple[dict[str, Any], Persons]:
    """Return all events of a request, of all workspaces: the first fifty and how many there are; and their persons."""
    same = Event.objects.filter(request_id=row["request_id"])
    rows = list(same.order_by("id").values(*LIST_FIELDS, "workspace_id")[: SHOWN_OF_REQUEST + 1])
    count = CappedCount(len(rows)) if len(rows) <= SHOWN_OF_REQUEST else capped_count(same)
    rows = rows[:SHOWN_OF_REQUEST]
    persons = persons_of([row, *rows])
    names = {row["workspace_id"]: row["workspace__name"]}
    names |= workspace_names([each for each in rows if each["workspace_id"] not in names])
    for each in rows:
        each["text"] = description_of(each, persons, staff=True)
        each["type_name"] = registry.describe(each["type"])
        each["printed"] = as_printed(each["iccid"])
        each["workspace_name"] = names.get(each["workspace_id"]) or each["workspace_id"]
    return {"rows": rows, "count": count}, persons
