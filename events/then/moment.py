"""The moment that a page of the past is about: as it was asked for, in the reader's zone, and as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kit.clock import parse_moment
from kit.errors import Invalid

MOST_SHOWN: Final = 40


@dataclass(frozen=True)
class Then:
    """A moment, and whether it was asked for or is just now.

    Args:
        moment: aware.
        asked: what the address says, "" for now.
    """

    moment: datetime
    asked: str = ""

    @classmethod
    def now(cls) -> Then:
        """Return the present moment, up to which everything counts."""
        return cls(timezone.now())

    @property
    def stamp(self) -> str:
        """The moment exactly, as an address carries it."""
        return stamp(self.moment)

    @property
    def until(self) -> datetime | None:
        """The moment up to which events count; `None` for all of them."""
        return self.moment if self.asked else None

    @property
    def text(self) -> str:
        """The moment in the reader's zone: "3 November 2026, 14:00 (CET)"."""
        local = timezone.localtime(self.moment)
        form = "j F Y, H:i:s" if local.second or local.microsecond else "j F Y, H:i"
        return f"{date_format(local, form)} ({local.tzname()})"

    @property
    def field(self) -> str:
        """The moment as an `<input type="datetime-local">` has it."""
        local = timezone.localtime(self.moment)
        return local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")

    @property
    def zone(self) -> str:
        """The reader's zone, as the field names it."""
        return timezone.get_current_timezone_name()

    @property
    def latest(self) -> str:
        """The latest moment that can be chosen."""
        return timezone.localtime().strftime("%Y-%m-%dT%H:%M:%S")


def then_of(request: HttpRequest) -> Then:
    """Read the moment from `?at=`: ISO 8601, in the reader's zone where the text names none; now where it is empty.

    Raises:
        Invalid: it is no moment, or has not come yet.
    """
    text, now = request.GET.get("at", "").strip(), timezone.now()
    if not text:
        return Then.now()
    try:
        found = parse_moment(text, zone=timezone.get_current_timezone())
    except (ValueError, OverflowError) as error:
        raise _unreadable(text) from error
    # Beyond these years a zone's offset leaves the range of a datetime.
    if not 1970 <= found.year <= 9000:
        raise _unreadable(text)
    if found > now + timedelta(minutes=1):
        raise Invalid(_("The log cannot tell what will be. Choose a moment that has passed."), field="at")
    return Then(found, text)


def _unreadable(text: str) -> Invalid:
    sentence = _("“%(text)s” is no moment like 2026-11-21T14:00. Choose one, or leave it empty for now.")
    return Invalid(sentence % {"text": text[:MOST_SHOWN]}, field="at")


def stamp(moment: datetime) -> str:
    """Return a moment exactly, as an address carries it."""
    return moment.isoformat().replace("+00:00", "Z")
