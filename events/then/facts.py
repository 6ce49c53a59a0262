"""What a page of the past shows: a value, and the event that made it so; or that the log does not tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from events.replay.reading import COLUMNS, allotted
from events.replay.states import Known, Row
from events.selectors import log_of
from kit.paging import capped_count

MOST_FOLDED: Final = 50_000
"""Events that a page reads; what needs more is for `manage.py replay_log`."""


@dataclass(frozen=True)
class Fact:
    """One line.

    Args:
        label: what it is.
        value: what it was, ready to be shown; "" for nothing.
        told: whether any event has told it.
        url: where the value leads.
        mono: whether it is an identifier.
        event_id: the event that made it so; `None` where it stands in the operator's log.
        event_url: its page.
        moment: when.
        by_operator: whether only the operator's log tells it, which customers don't see.
    """

    label: str
    value: Any = ""
    told: bool = True
    url: str = ""
    mono: bool = False
    event_id: int | None = None
    event_url: str = ""
    moment: datetime | None = None
    by_operator: bool = False


def fact(
    workspace_id: int,
    label: str,
    known: Known,
    shown: Callable[[Any], Any] = str,
    *,
    url: str = "",
    mono: bool = False,
) -> Fact:
    """Return a field of the replay as a line.

    Args:
        workspace_id: whose log told it.
        label: what it is.
        known: the field.
        shown: turns a value that is not `None` into what people read.
        url: where the value leads.
        mono: whether it is an identifier.
    """
    if not known.told or known.event_id is None:
        return Fact(label, told=False)
    own = known.log == workspace_id
    return Fact(
        label,
        "" if known.value is None else shown(known.value),
        url=url if known.value is not None else "",
        mono=mono,
        event_id=known.event_id if own else None,
        event_url=reverse("events:detail", args=[workspace_id, known.event_id]) if own else "",
        moment=known.moment,
        by_operator=not own,
    )


def rows_of_types(
    workspace_id: int, types: Iterable[int], until: datetime | None, *, with_allotted: bool = False
) -> list[Row] | None:
    """Return the events of some types in the order of ids, `None` when a page can't read so many.

    By the index of types: a log has far more events of the network than of what people did. Two queries.

    Args:
        workspace_id: whose log.
        types: of the events.
        until: events up to this moment.
        with_allotted: also what the operator's log tells of SIMs that staff put into the workspace.
    """
    events = log_of(workspace_id).filter(type__in=list(types), external_id=None)
    if until is not None:
        events = events.filter(timestamp__lte=until)
    if capped_count(events, cap=MOST_FOLDED).more:
        return None
    rows = list(events.order_by().values_list(*COLUMNS))
    if with_allotted:
        rows += allotted(workspace_id, until).order_by().values_list(*COLUMNS)
    return sorted(map(Row._make, rows), key=lambda row: row.id)


def yes_no(value: Any) -> str:
    """Return a setting that is on or off in a word."""
    return _("On") if value else _("Off")
