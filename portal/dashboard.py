"""The dashboard: what runs, what it costs, what needs attention, and what happened in the last 30 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db import connection
from django.db.models import Count
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.models import Workspace
from accounts.packages.prices import hosting_fee, money_text, rate_of
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from events.panel import severity_name
from events.views import recent_context
from kit.billing import month_text
from kit.caches import figures
from kit.context import current_context
from kit.htmx import render_fragment
from portal.first_steps import DISMISSED, facts_of, first_steps, matters
from sims.charges import charged_departed, charged_here
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus

DAYS: Final = 30
PICTURE_SECONDS: Final = 60
"""How long the picture's numbers are remembered."""

WIDTH: Final = 1080
HEIGHT: Final = 190
LEFT: Final = 56
TOP: Final = 10
BOTTOM: Final = 22
GAP: Final = 6
LEVELS: Final = ("info", "warn", "critical")


@dataclass(frozen=True)
class Tile:
    """A number with the list of what it counts; `text` stands in its place where it is an amount of money."""

    label: str
    count: int
    url: str
    text: str = ""


@dataclass(frozen=True)
class Piece:
    """A rectangle of the picture, in its own units."""

    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Day:
    """One bar: a day with its events by severity, and the list it leads to."""

    label: str
    title: str
    url: str
    counts: tuple[int, int, int]
    pieces: tuple[Piece, ...]
    field: Piece
    tick: str

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Chart:
    """The picture of events per day by severity."""

    days: list[Day]
    lines: list[tuple[float, str]]
    totals: tuple[int, int, int]
    width: int = WIDTH
    left: int = LEFT
    height: int = HEIGHT

    @property
    def legend(self) -> list[tuple[str, str, int]]:
        """Return style, word and number of each severity."""
        return [
            (f"s-{level}", severity_name(n), count)
            for n, (level, count) in enumerate(zip(LEVELS, self.totals, strict=True))
        ]


@require_safe
def dashboard(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The front page of a workspace. A constant number of queries, at most eleven."""
    authorise(workspace_id, Permission.EVENT_READ)
    sims = _counts(Sim, workspace_id)
    facts = facts_of(request.workspace)
    context: dict[str, Any] = {
        "sims": _tiles(sims, SimStatus, "sims:sim_list", workspace_id),
        "charges": _charged(request.workspace, sims.get(SimStatus.ACTIVATED, 0)),
        "charged_month": month_text(current_context().now()),
        "devices": _tiles(_counts(Device, workspace_id), DeviceStatus, "sims:device_list", workspace_id),
        "chart": chart(workspace_id, timezone.localdate()),
        "matters": matters(request.workspace, facts, request.may),
        "steps": first_steps(
            request.workspace,
            facts,
            has_sims=bool(sims),
            may=request.may,
            dismissed=workspace_id in (request.user.preferences or {}).get(DISMISSED, []),
        ),
        **recent_context(request),
    }
    return render_fragment(request, "portal/dashboard.html", context)


def _counts(model: type[Sim] | type[Device], workspace_id: int) -> dict[int, int]:
    """Count a workspace's rows by state; the index on (workspace, status) answers alone."""
    rows = model.objects.filter(workspace_id=workspace_id).order_by().values_list("status").annotate(n=Count("pk"))
    return dict(rows)


def _tiles(
    counts: dict[int, int], states: type[SimStatus] | type[DeviceStatus], name: str, workspace_id: int
) -> list[Tile]:
    base = _list_url(name, workspace_id)
    # Deleted SIMs are worth a tile while there are some; deleted devices are gone.
    return [
        Tile(str(state.label), counts.get(state.value, 0), f"{base}?status={state.value}" if base else "")
        for state in states
        if state.name != "DELETED" or (states is SimStatus and counts.get(state.value))
    ]


def _charged(workspace: Workspace, active: int) -> list[Tile]:
    """Count the SIMs that are charged this month, with the list of those that are still here, and what they cost."""
    now = current_context().now()
    url = f"{reverse('sims:sim_list', args=[workspace.pk])}?charged=1"
    here, left = charged_here(workspace.pk, now, active=active), charged_departed(workspace.pk, now)
    found = [Tile(_("Charged SIMs"), here, url)]
    if left:
        found.append(Tile(_("Transferred since"), left, ""))
    package = workspace.package
    if rate_of(package, here + left) is not None:
        fee = money_text(package, hosting_fee(package, here + left))
        package_url = reverse("accounts:workspace_package", args=[workspace.pk])
        found.append(Tile(_("Their fees"), here + left, package_url, fee))
    return found


def _list_url(name: str, workspace_id: int) -> str:
    try:
        return reverse(name, args=[workspace_id])
    except NoReverseMatch:
        return ""


# --- events per day ---


def boundaries(last: date) -> list[datetime]:
    """Return where the days begin, in the viewer's zone: 30 of them and the end of the last."""
    first = last - timedelta(days=DAYS - 1)
    return [timezone.make_aware(datetime.combine(first + timedelta(days=n), time())) for n in range(DAYS + 1)]


def counts_by_day(workspace_id: int, starts: list[datetime]) -> list[tuple[int, int, int]]:
    """Return the number of events a day by severity, remembered for a minute.

    Each day and severity is a range of one index, counted without reading a row; a GROUP BY over the days would work
    out the day of each event first, which costs several times as much.

    Args:
        workspace_id: whose log.
        starts: where each day begins, and where the last ends.
    """
    key = f"portal:days:{workspace_id}:{starts[0].timestamp():.0f}:{starts[-1].timestamp():.0f}"
    found: list[tuple[int, int, int]] | None = figures.get(key)
    if found is None:
        found = _count_days(workspace_id, starts)
        figures.set(key, found, PICTURE_SECONDS)
    return found


def _count_days(workspace_id: int, starts: list[datetime]) -> list[tuple[int, int, int]]:
    moment = "%s::timestamptz" if connection.vendor == "postgresql" else "%s"
    days = ", ".join(f"(%s, {moment}, {moment})" for _start in starts[1:])
    statement = f"""
        WITH days(n, start, stop) AS (VALUES {days}), levels(severity) AS (VALUES (0), (1), (2))
        SELECT days.n, levels.severity, (
            SELECT count(*) FROM events_event e
            WHERE e.workspace_id = %s AND e.severity = levels.severity
              AND e."timestamp" >= days.start AND e."timestamp" < days.stop)
        FROM days CROSS JOIN levels
    """  # noqa: S608 - only placeholders are put in
    adapt = connection.ops.adapt_datetimefield_value
    values: list[Any] = []
    for n, (start, stop) in enumerate(pairwise(starts)):
        values += [n, adapt(start), adapt(stop)]
    counts = [[0, 0, 0] for _start in starts[1:]]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, workspace_id])
        for n, severity, count in cursor.fetchall():
            counts[n][severity] = count
    return [(info, warn, critical) for info, warn, critical in counts]


def chart(workspace_id: int, last: date) -> Chart:
    """Draw the events of 30 days.

    Args:
        workspace_id: whose log.
        last: the last day, in the viewer's zone.
    """
    starts = boundaries(last)
    counts = counts_by_day(workspace_id, starts)
    top, steps = scale(max(sum(day) for day in counts))
    height = HEIGHT - TOP - BOTTOM
    width = (WIDTH - LEFT) / DAYS
    base = reverse("events:list", args=[workspace_id])
    days = []
    for n, day in enumerate(counts):
        days.append(_day(timezone.localdate(starts[n]), day, LEFT + n * width, width, height / top, base))
    lines = [(TOP + height - step * height / top, f"{step:,}") for step in steps]
    totals = (sum(day[0] for day in counts), sum(day[1] for day in counts), sum(day[2] for day in counts))
    return Chart(days, lines, totals)


def _day(moment: date, counts: tuple[int, int, int], x: float, width: float, scale_y: float, base: str) -> Day:
    pieces = []
    y = float(HEIGHT - BOTTOM)
    for level, count in zip(LEVELS, counts, strict=True):
        if count:
            # Whatever happened can be seen, be it ever so little beside the rest.
            height = max(count * scale_y, 1.5)
            y -= height
            pieces.append(
                Piece(f"s-{level}", round(x + GAP / 2, 2), round(y, 2), round(width - GAP, 2), round(height, 2))
            )
    label = formats.date_format(moment, "j F Y")
    total = sum(counts)
    title = ngettext("%(day)s: %(n)s event", "%(day)s: %(n)s events", total) % {"day": label, "n": f"{total:,}"}
    more = [(_("%(n)s warning"), _("%(n)s warnings"), counts[1]), (_("%(n)s critical"), _("%(n)s critical"), counts[2])]
    title += "".join(f", {(one if n == 1 else many) % {'n': f'{n:,}'}}" for one, many, n in more if n)
    return Day(
        label=label,
        title=title,
        url=f"{base}?date={moment.isoformat()}",
        counts=counts,
        pieces=tuple(pieces),
        field=Piece("day-field", round(x, 2), float(TOP), round(width, 2), float(HEIGHT - TOP - BOTTOM)),
        tick=formats.date_format(moment, "j M") if moment.weekday() == 0 else "",
    )


def scale(most: int) -> tuple[int, list[int]]:
    """Return the top of an axis that fits `most`, and the steps to mark on it: round numbers, five at most."""
    step = 1
    while step * 4 < most:
        # 1, 2, 5, 10, 20, 50, …
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    count = max(1, -(-most // step))
    return step * count, [step * n for n in range(count + 1)]
