"""Long checks that are done piece by piece: a row says where the next piece begins, so they can be killed and go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from django.db import models
from django.utils import timezone


class Check(Protocol):
    """What a row of such a check has, whatever it checks."""

    pk: int
    step: int
    started: datetime
    finished: datetime | None

    def save(self, *, force_insert: bool = False) -> None:
        """Store it."""


C = TypeVar("C", bound=Check)


# untold: the state of a check; who finds something tells it
def go_on(
    last: C | None,
    *,
    begin: Callable[[], C],
    step: Callable[[C], bool],
    store: Callable[[C, int, bool], bool],
    every: timedelta,
    seconds: float,
) -> C | None:
    """Go on with a check by a piece or more, or begin one when it is due; `None` when it is not, or another worker did.

    Args:
        last: the newest check.
        begin: returns one that has not begun, not stored yet.
        step: does the next piece in memory, and returns whether there is more.
        store: keeps what a piece found. It gets the check, the number of pieces before it and whether there is more,
            and returns whether nobody else has done that piece; see `stored`.
        every: how long after a check has begun the next one is due.
        seconds: begin no further piece after this time.
    """
    check = last
    if check is None or check.finished is not None:
        # One that lies ahead of our clock keeps no other one away: the clock was set back, or somebody wrote it there.
        if check is not None and timedelta(0) <= timezone.now() - check.started < every:
            return None
        check = begin()
        check.save(force_insert=True)
    end = time.monotonic() + seconds
    more = True
    while more:
        before = check.step
        more = step(check)
        if not store(check, before, more):
            return None
        more = more and time.monotonic() < end
    return check


# untold: the state of a check; who finds something tells it
def stored(check: models.Model, before: int, columns: Sequence[str]) -> bool:
    """Keep what a piece found, and tell whether nobody else has done the piece meanwhile. One query.

    Args:
        check: after the piece.
        before: its `step` before it.
        columns: those that pieces change, `step` among them.
    """
    rows = type(check)._default_manager.filter(pk=check.pk, step=before)
    return bool(rows.update(**{name: getattr(check, name) for name in columns}))
