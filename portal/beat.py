"""A scheduler of periodic tasks that goes on when the clock is set back."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)

_LEEWAY: Final = timedelta(seconds=5)
"""What a clock may jump back by itself, when it is kept right in small steps."""


class Scheduler(PersistentScheduler):
    """Celery's own, which would otherwise wait until the clock has caught up with the last run of each task.

    Entries whose last run lies in the future ran before the clock was set back. They are due once more from now on, at
    their own pace: that a sweep runs once too often does no harm, that none runs for an hour does.
    """

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run one round, and return the seconds until the next; see the class."""
        if self.wind_back():
            self.populate_heap()
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def wind_back(self) -> int:
        """Give entries that ran in the future the present moment as their last run, and return how many."""
        wound = 0
        for entry in self.schedule.values():
            now = entry.default_now()
            last: datetime | None = entry.last_run_at
            if last is not None and last - now > _LEEWAY:
                entry.last_run_at = now
                wound += 1
        if wound:
            logger.warning("The clock was set back: %s periodic tasks go on from now.", wound)
            self.sync()
        return wound
