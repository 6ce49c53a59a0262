"""The Usage tab of a SIM: what is used of its factory test, and 30 days of traffic as bars with their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Workspace
from kit.billing import billing_day
from kit.rendering import number, volume
from sims.models import Sim, UsageDay
from sims.states import SimStatus
from sims.usage.progress import progress

DAYS: Final = 30
WIDTH: Final = 720
HEIGHT: Final = 150
LEFT: Final = 64
TOP: Final = 10
BOTTOM: Final = 20
GAP: Final = 5
SUMS: Final = ("data_total", "data_rx", "data_tx", "sms_total", "sms_mt", "sms_mo")


@dataclass(frozen=True)
class Meter:
    """How much of something is used up: `text` says it in words, `high` where it begins to be near the end."""

    label: str
    value: int
    most: int
    text: str

    @property
    def high(self) -> int:
        """Return where the bar begins to warn: at four fifths."""
        return self.most * 4 // 5


@dataclass(frozen=True)
class Bar:
    """One day of a picture, in the picture's units; `height` 0 for a day without traffic."""

    title: str
    x: float
    y: float
    width: float
    height: float
    tick: str


@dataclass(frozen=True)
class Picture:
    """Bars by day.

    Args:
        name: of the picture, for its ids.
        title: what it shows.
        month: the sum of this month.
        bars: one for each day, oldest first.
        lines: marks of the axis: height and text.
    """

    name: str
    title: str
    month: str
    bars: list[Bar]
    lines: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = HEIGHT - BOTTOM


def usage_context(sim: Sim, workspace: Workspace, now: datetime) -> dict[str, Any]:
    """Return what the tab shows. Two queries.

    Args:
        sim: whose usage.
        workspace: who looks: only what was used here is theirs to see.
        now: aware.
    """
    today = billing_day(now)
    days = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    used = UsageDay.objects.filter(sim_id=sim.pk, workspace_id=workspace.pk)
    by_day = {row["day"]: row for row in used.filter(day__range=(days[0], today)).values("day", *SUMS)}
    month = used.filter(day__range=(today.replace(day=1), today)).aggregate(
        data=Sum("data_total"), sms=Sum("sms_total")
    )
    rows = [{"day": day, **dict.fromkeys(SUMS, 0), **by_day.get(day, {})} for day in days]
    return {
        "meters": meters(sim, workspace, now),
        "pictures": [
            _picture("data", _("Data"), days, [row["data_total"] for row in rows], volume(month["data"] or 0)),
            _picture("sms", _("SMS"), days, [row["sms_total"] for row in rows], number(month["sms"] or 0)),
        ],
        "month": date_format(today, "F Y"),
        "billing_zone": settings.BILLING_ZONE,
        "usage_rows": rows[::-1],
    }


def meters(sim: Sim, workspace: Workspace, now: datetime) -> list[Meter]:
    """Return what a SIM has used of its factory test; none outside of it."""
    if sim.status != SimStatus.FACTORY_TEST:
        return []
    test = progress(sim.tested_bytes, sim.tested_sms, sim.factory_test_since, workspace, now)
    days, left = workspace.factory_test_days, test.days_left(now)
    return [
        Meter(_("Data"), test.data, test.most_data, test.data_text),
        Meter(_("SMS"), test.sms, test.most_sms, test.sms_text),
        Meter(
            _("Period"),
            min(max(days - left, 0), days),
            days,
            ngettext("%(ends)s, %(left)s day left", "%(ends)s, %(left)s days left", left)
            % {"ends": test.ends_text, "left": number(left)},
        ),
    ]


def _picture(name: str, title: str, days: Sequence[date], values: Sequence[int], month: str) -> Picture:
    shown = volume if name == "data" else number
    top = _top(max(values), name == "data")
    field = HEIGHT - TOP - BOTTOM
    width = (WIDTH - LEFT) / len(days)
    bars = []
    for n, (day, value) in enumerate(zip(days, values, strict=True)):
        # Whatever was used can be seen, be it ever so little beside the rest.
        height = max(value * field / top, 1.5) if value else 0
        bars.append(
            Bar(
                title=f"{date_format(day, 'j F Y')}: {shown(value)}",
                x=round(LEFT + n * width + GAP / 2, 2),
                y=round(HEIGHT - BOTTOM - height, 2),
                width=round(width - GAP, 2),
                height=round(height, 2),
                tick=date_format(day, "j M") if day.weekday() == 0 else "",
            )
        )
    lines = [(TOP + field * (1 - part), str(shown(int(top * part)))) for part in (0, 0.5, 1)]
    return Picture(name=name, title=title, month=str(month), bars=bars, lines=lines)


def _top(most: int, data: bool) -> int:
    """Return the top of an axis: 1, 2 or 5 with zeros, and at least something."""
    top = 1000 if data else 2
    while top < most:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top
