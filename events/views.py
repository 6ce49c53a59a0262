"""The pages of the log: the list, one event, and the lists other pages embed."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.saved_views.selectors import opened_by_default, view_menu
from events.covered import Kind, covering
from events.export import MOST_ROWS, columns_for, csv_file, exported
from events.filters import EventFilters
from events.listing import ALL, EventListing, poll_scope, ready_rows, row_context, unfold_scope
from events.panel import panel_of, results_of
from events.selectors import event_row, log_of, of_requests
from events.services import record_export
from events.tables import EmbeddedEventTable, EventTable, RecentEventTable
from kit.errors import Invalid, NotFound
from kit.filter_sets import encode
from kit.htmx import private, problem, render_fragment, respond
from kit.lists import Empty
from kit.paging import Cursor, InvalidCursorError, after, keyset_page
from kit.rendering import by_jinja
from kit.tables import View, asked_view, chosen_view

EMBEDDED_ROWS = 25
RECENT_ROWS = 10
MOST_NEW = 99
"""Newer events that the poll counts."""
MOST_UNFOLDED = 200
"""Rows that a folded line shows when it is opened; the rest is a list of its own."""


@require_http_methods(["GET", "HEAD", "POST"])
def event_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The log of a workspace, newest first."""
    authorise(workspace_id, Permission.EVENT_READ)
    if (opened := opened_by_default(request, EventTable.list_name)) is not None:
        return opened
    listing = EventListing(
        request,
        table=EventTable,
        filters=EventFilters,
        queryset=log_of(workspace_id),
        fetch=lambda found: ready_rows(found, workspace_id=workspace_id, staff=request.user.is_staff),
        empty=Empty(
            icon="scroll-text",
            title=_("No events yet"),
            text=_("Everything that happens in this workspace is told here, with who did it."),
        ),
        context=row_context(request.workspace),
    )
    if listing.filters.is_valid():
        listing.notices += listing.filters.notices(request.path)
        listing.notices += _results(workspace_id, listing.filters)
    listing.menu = view_menu(request, listing)
    return listing.respond("events/event_list.html")


def _results(workspace_id: int, filters: EventFilters) -> list[str]:
    """Return where the result of the only request stands that is asked for. One query then, else none."""
    asked = filters.values.get("request")
    if asked is None or len(asked.exact) != 1:
        return []
    return [
        format_html(_("Result of this request: {}"), format_html('<a href="{}">{}</a>', url, title))
        for title, url in results_of(workspace_id, asked.exact[0])
    ]


@require_safe
def event_detail(request: WorkspacePageRequest, workspace_id: int, event_id: int) -> HttpResponse:
    """One event: in its list as a panel, else as a page of its own.

    Raises:
        NotFound: unknown, or of another workspace.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    row = event_row(workspace_id=workspace_id, event_id=event_id)
    if row is None:
        raise NotFound(_("There is no event %(id)s in this workspace.") % {"id": event_id})
    panel = panel_of(
        row,
        request.workspace,
        staff=request.user.is_staff,
        context_visible=Permission.EVENT_CONTEXT_READ.name in request.may,
        may=request.may,
    )
    return respond(request, "events/event_detail.html", "events/_event_panel.html", {"event": panel})


@require_safe
def embedded(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The log of one SIM or device (`?sim=` or `?device=` with its id), for a tab of that object's page.

    Raises:
        Invalid: neither is named, or not by its id.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    of: Kind | None = "sim" if request.GET.get("sim") else "device" if request.GET.get("device") else None
    value = request.GET.get(of, "") if of else ""
    if of is None or not value.isascii() or not value.isdigit() or len(value) > 18:
        raise Invalid(_("Name a SIM or a device by its ID."))
    scope = f"{workspace_id}:{of}={value}"
    cursor = None
    if text := request.GET.get("cursor"):
        try:
            cursor = Cursor.load(text, scope)
        except InvalidCursorError:
            cursor = None
    among = covering(of, [int(value)])
    page = keyset_page(
        log_of(workspace_id).filter(**{f"{of}_id": int(value)}),
        also=log_of(workspace_id).filter(pk__in=among) if among else None,
        per_page=EMBEDDED_ROWS,
        cursor=cursor,
        scope=scope,
        fetch=lambda found: ready_rows(found, workspace_id=workspace_id, staff=request.user.is_staff),
    )
    columns = tuple(name for name in EmbeddedEventTable.default_columns if name != of)
    density = chosen_view(EventTable, request.user.preferences or {}).density
    context = {
        "table": EmbeddedEventTable(page.rows, view=View(columns, density), context=row_context(request.workspace)),
        "page": page,
        "here": f"{request.path}?{of}={value}",
        "all_url": f"{reverse('events:list', args=[workspace_id])}?{of}={value}",
        "of": of,
    }
    return respond(request, "events/embedded.html", "events/_embedded.html", context)


@require_safe
def recent(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The newest events, for the dashboard."""
    authorise(workspace_id, Permission.EVENT_READ)
    return render_fragment(request, "events/_recent.html", recent_context(request))


def recent_context(request: WorkspacePageRequest) -> dict[str, Any]:
    """Return what the template of the newest events needs."""
    newest = log_of(request.workspace.pk).newest()[:RECENT_ROWS]
    rows = ready_rows(newest, workspace_id=request.workspace.pk, staff=request.user.is_staff)
    table = RecentEventTable(rows, view=View(RecentEventTable.default_columns), context=row_context(request.workspace))
    return {"recent_events": table}


@require_safe
def newer(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Say how many events came since the list was shown: nothing, or a button that shows them."""
    authorise(workspace_id, Permission.EVENT_READ)
    filters = EventFilters(request.GET, log_of(workspace_id), request=request, keep=("since", "known", "rows"))
    known = request.GET.get("known", "")
    try:
        since = Cursor.load(request.GET.get("since", ""), poll_scope(known, filters.query))
    except InvalidCursorError:
        return private(HttpResponse(status=204))
    above = filters.qs.filter(after(since)).order_by().values("pk")[: int(known) + MOST_NEW + 1]
    count = above.count() - int(known)
    if count <= 0:
        return private(HttpResponse(status=204))
    url = reverse("events:list", args=[workspace_id])
    query = encode({**filters.query_values(), **({"rows": ALL} if request.GET.get("rows") == ALL else {})})
    context = {
        "count": min(count, MOST_NEW),
        "more": count > MOST_NEW,
        "url": f"{url}?{query}" if query else url,
    }
    return render_fragment(request, "events/_newer.html", context)


@require_safe
def unfold(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The rows of a folded line (`?of=` its request, `n` rows from `place` on), as the list's filter finds them.

    Raises:
        NotFound: there is no such line.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    filters = EventFilters(request.GET, log_of(workspace_id), request=request, keep=("of", "n", "place"))
    request_id, count = request.GET.get("of", ""), request.GET.get("n", "")
    try:
        place = Cursor.load(request.GET.get("place", ""), unfold_scope(filters.query, request_id, count))
    except InvalidCursorError as error:
        raise NotFound(_("The link to this line is no longer valid. Load the list again.")) from error
    found = filters.qs.filter(of_requests([uuid.UUID(request_id)])).filter(after(place))
    rows = ready_rows(
        found.order_by("-timestamp", "-id")[: min(int(count), MOST_UNFOLDED)],
        workspace_id=workspace_id,
        staff=request.user.is_staff,
    )
    context = {
        "rows": rows,
        "columns": asked_view(EventTable, request.user.preferences or {}, request.GET.get("columns", "")).columns,
        "now": timezone.now(),
        "of": request_id,
        **row_context(request.workspace),
    }
    if int(count) > len(rows):
        asked = encode({**filters.query_values(), "request": request_id})
        context["rest"] = {
            "url": f"{reverse('events:list', args=[workspace_id])}?{asked}",
            "text": _("Show all %(n)s events of this request") % {"n": f"{int(count):,}"},
        }
    return private(HttpResponse(by_jinja("events/_event_rows.html", context)))


@require_POST
def export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The list, as it is filtered (`filter`: its query string), as a CSV file. Writes event 10051."""
    authorise(workspace_id, Permission.EVENT_READ)
    filters = EventFilters(QueryDict(request.POST.get("filter", "")), log_of(workspace_id), request=request)
    if not filters.is_valid():
        return problem(request, " ".join(filters.mistakes.values()), 422)
    columns = columns_for(context_visible=Permission.EVENT_CONTEXT_READ.name in request.may)
    found, count = exported(filters)
    if count.more:
        message = _("More than %(most)s events match. Narrow the filter, for example by date, and export in parts.")
        return problem(request, message % {"most": f"{MOST_ROWS:,}"}, 422)
    record_export(workspace_id=workspace_id, count=count.value, filters=filters.query_values(), columns=columns)
    made = csv_file(found, columns, staff=request.user.is_staff)
    response = StreamingHttpResponse(made, content_type="text/csv; charset=utf-8")
    name = f"events-{workspace_id}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
