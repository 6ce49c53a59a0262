"""Whether factory tests are checked in time, and waking those who check.

A check looks at one range of SIM ids. Its row says when it last came to its end, so that a stopped beat, a dead worker
and a lost message look the same: some range was not checked for too long. All of it goes by the clock that the machines
share (`kit.clock`), and goes on when that one is set back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max, Min, Q

from kit.action import action, retried
from kit.caches import figures
from kit.clock import shared_now
from kit.context import current_context
from kit.wakeups import wake_worker
from sims import signals
from sims.models import FactoryTestRange, FactoryTestWatch, Sim
from sims.states import SimStatus
from sims.usage.services.ingest_sql import SPAN

LATE_AFTER: Final = timedelta(minutes=5)
"""A check runs every minute and right after usage that reaches a limit; after this long something is wrong."""
AHEAD: Final = timedelta(minutes=2)
"""A check that was noted this far in the future was noted before the clock was set back."""
EVERY: Final = 60
"""Seconds between two sweeps; a message that waits longer is dropped, the next sweep sends it again."""
SHOWN_SECONDS: Final = 20
_SHOWN: Final = "sims:factory-test-checks-late"
SETTLE: Final = "sims.settle_factory_tests"


def first_id(number: int) -> int:
    """Return the first SIM id of a range."""
    return number * SPAN + 1


def wake(numbers: Iterable[int]) -> None:
    """Ask workers to check ranges now; what gets lost is repeated by the sweep.

    Args:
        numbers: of the ranges.
    """
    for number in numbers:
        if not wake_worker(SETTLE, number, expires=EVERY):
            # The broker is away, and the sweep will ask for all ranges.
            return


def ranges_in_test() -> list[int]:
    """Return the numbers of the ranges with SIMs in factory test, jumping from one to the next by the index."""
    testing = Sim.objects.filter(status=SimStatus.FACTORY_TEST)
    last = testing.aggregate(last=Max("pk"))["last"]
    found: list[int] = []
    start = 0
    while last is not None and start <= last:
        pk = testing.filter(pk__gte=start).aggregate(first=Min("pk"))["first"]
        if pk is None:
            break
        found.append((pk - 1) // SPAN)
        start = first_id(found[-1] + 1)
    return found


def note_ranges(numbers: Iterable[int], now: datetime) -> None:
    """Begin to watch ranges that are not watched yet.

    Args:
        numbers: of ranges with SIMs in test.
        now: from when on they wait for their check.
    """
    rows = [FactoryTestRange(first_id=first_id(number), checked=now) for number in sorted(numbers)]
    if rows:
        FactoryTestRange.objects.bulk_create(rows, ignore_conflicts=True)


def watch_only(numbers: Iterable[int], now: datetime) -> None:
    """Watch exactly these ranges: the others have no SIM in test any more."""
    wanted = list(numbers)
    FactoryTestRange.objects.exclude(first_id__in=[first_id(number) for number in wanted]).delete()
    note_ranges(wanted, now)


def note_check(number: int, began: datetime) -> None:
    """Note that a range was checked to its end.

    Args:
        number: of the range.
        began: when the check began; an older check that ends later changes nothing.
    """
    # A moment that is still to come was noted before the clock was set back.
    older = Q(checked__lt=began) | Q(checked__gt=began + AHEAD)
    FactoryTestRange.objects.filter(older, first_id=first_id(number)).update(checked=began)


def late_since(now: datetime | None = None) -> datetime | None:
    """Return the last moment up to which everything was checked, if that is too long ago. One query.

    Args:
        now: the moment to look from; the present one by the shared clock when left out.
    """
    return _late(FactoryTestRange.objects.aggregate(oldest=Min("checked"))["oldest"], now or shared_now())


def _late(oldest: datetime | None, now: datetime) -> datetime | None:
    return oldest if oldest is not None and oldest < now - LATE_AFTER else None


def shown_late_since(workspace_id: int | None) -> datetime | None:
    """Return since when checks run late, for the banner; the answer is remembered for some seconds.

    Args:
        workspace_id: whose pages show it, if it has SIMs in test; `None` for staff, whom it always concerns.
    """
    # A list, because the cache does not tell a kept None from nothing kept.
    kept: list[datetime | None] | None = figures.get(_SHOWN)
    if kept is None:
        kept = [late_since()]
        figures.set(_SHOWN, kept, SHOWN_SECONDS)
    if kept[0] is None or workspace_id is None:
        return kept[0]
    concerned = Sim.objects.of(workspace_id).filter(status=SimStatus.FACTORY_TEST).exists()
    return kept[0] if concerned else None


@retried
def tell_lateness() -> None:
    """Tell staff when checks begin to run late and when they are on time again, each once.

    Whoever flips the row tells; two at once cannot both.
    """
    moment = current_context().moment
    now = moment or shared_now()
    noted = FactoryTestRange.objects.aggregate(oldest=Min("checked"), newest=Max("checked"))
    if moment is None and noted["newest"] is not None and noted["newest"] > now + AHEAD:
        # What was noted before the clock was set back would hide lateness until the clock has caught up.
        FactoryTestRange.objects.filter(checked__gt=now + AHEAD).update(checked=now)
        noted["oldest"] = min(noted["oldest"], now)
    since = _late(noted["oldest"], now)
    told = FactoryTestWatch.objects.filter(pk=1).values_list("late_since", flat=True).first()
    if (since is None) == (told is None):
        return
    with action():
        if since is not None:
            FactoryTestWatch.objects.bulk_create([FactoryTestWatch(pk=1)], ignore_conflicts=True)
            flipped = FactoryTestWatch.objects.filter(pk=1, late_since=None).update(late_since=since)
        else:
            flipped = FactoryTestWatch.objects.filter(pk=1, late_since=told).update(late_since=None)
        if flipped:
            signals.factory_test_checks_changed.send(
                sender=FactoryTestWatch, late=since is not None, since=since or told
            )
