"""What decided that a factory test was over, in words: for the panel of the event and the line of its actor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.readable import Line, lines_of

KEY = "factory_test"


def decision_of(detail: Any) -> Mapping[str, Any] | None:
    """Return the numbers that decided, `None` for an event that has none."""
    found = detail.get(KEY) if isinstance(detail, Mapping) else None
    return found if isinstance(found, Mapping) else None


def because(decision: Mapping[str, Any]) -> str:
    """Return what follows the actor's name: ", threshold 10 SMS reached by record 333"."""
    limit = _amount(decision.get("limit"), decision.get("unit"))
    if decision.get("threshold") == "period":
        return _(", test period of %(limit)s elapsed") % {"limit": limit}
    if decision.get("threshold") == "package":
        return _(", the package has no factory test")
    if decision.get("record"):
        return _(", threshold %(limit)s reached by record %(record)s") % {"limit": limit, "record": decision["record"]}
    return _(", threshold %(limit)s reached") % {"limit": limit}


def detail_lines(detail: Any) -> list[Line]:
    """Return a detail line by line, the numbers that decided first."""
    decision = decision_of(detail)
    if decision is None:
        return lines_of(detail)
    rest = {key: value for key, value in detail.items() if key != KEY}
    return [*_decision_lines(decision), *lines_of(rest)]


def _decision_lines(decision: Mapping[str, Any]) -> list[Line]:
    unit = decision.get("unit")
    values = (
        (_("Factory test limit"), _amount(decision.get("limit"), unit)),
        (_("Counted"), _amount(decision.get("counted"), unit)),
        (_("Record that crossed"), str(decision.get("record") or "")),
        (_("Crossed"), _moment(decision.get("crossed_at"))),
        (_("Record received"), _moment(decision.get("received_at"))),
        (_("Time from crossing to activation"), _seconds(decision.get("lag_seconds"))),
    )
    return [Line(label, value) for label, value in values if value]


def _amount(value: Any, unit: Any) -> str:
    if not isinstance(value, int):
        return ""
    number = f"{value:,}"
    if unit == "bytes":
        return ngettext("%(n)s byte", "%(n)s bytes", value) % {"n": number}
    if unit == "days":
        return ngettext("%(n)s day", "%(n)s days", value) % {"n": number}
    return _("%(n)s SMS") % {"n": number}


def _moment(value: Any) -> str:
    try:
        moment = parse_datetime(value)
    except (TypeError, ValueError):
        return ""
    if moment is None or moment.tzinfo is None:
        return ""
    return date_format(localtime(moment), "j F Y, H:i:s T")


def _seconds(value: Any) -> str:
    if not isinstance(value, int | float):
        return ""
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": f"{hours:,}", "minutes": minutes}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}
    return _("%(seconds)s s") % {"seconds": f"{value:.1f}"}
