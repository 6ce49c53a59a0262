"""The billing month: the one place that says which month a moment is charged in (`docs/rules.md` section 1).

Months and days of charges are cut in the operator's billing zone (setting `BILLING_ZONE`), never in a reader's: what
a text promises about money is the same for everybody, wherever they read it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format


def billing_zone() -> ZoneInfo:
    """Return the zone in which the operator bills."""
    return ZoneInfo(settings.BILLING_ZONE)


def billing_day(moment: datetime) -> date:
    """Return the day on which the operator counts a moment, which is aware."""
    return moment.astimezone(billing_zone()).date()


def billing_month(moment: datetime) -> date:
    """Return the first day of the month in which the operator charges what happens at a moment, which is aware."""
    return billing_day(moment).replace(day=1)


def month_before(first: date) -> date:
    """Return the first day of the month before that of a day."""
    return (first.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(first: date) -> date:
    """Return the first day of the month after that of a day."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def begin_of(day: date) -> datetime:
    """Return the moment at which a day begins for the operator."""
    return datetime.combine(day, time(), tzinfo=billing_zone())


def month_begin(moment: datetime) -> datetime:
    """Return the moment at which the billing month of a moment began."""
    return begin_of(billing_month(moment))


def month_text(moment: datetime) -> str:
    """Return the name of the month in which a moment is charged: "November 2026"."""
    return date_format(billing_month(moment), "F Y")


def day_text(moment: datetime) -> str:
    """Return the day of a moment as the operator counts days: "27 January 2027"."""
    return date_format(billing_day(moment), "j F Y")


def charged_until_text(moment: datetime) -> str:
    """Return the day on which charges stop that end at a moment: the first of the next month, "1 December 2026"."""
    return date_format(month_after(billing_month(moment)), "j F Y")
