"""Periodic tasks while the clock is set back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from celery import Celery
from celery.beat import PersistentScheduler
from django.conf import settings

from portal.beat import Scheduler

START = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Recording:
    """What was sent in place of a message to a broker."""

    def __init__(self) -> None:
        self.sent: list[str] = []


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("clocks", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": 60.0}}
    yield app
    app.close()


def _sent(
    app: Celery, kind: type[PersistentScheduler], file: Path, back: timedelta, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """Return how often the task was sent in ten minutes, and in ten minutes after the clock was set back."""
    recording = Recording()
    monkeypatch.setattr(kind, "apply_async", lambda _self, entry, **_kwargs: recording.sent.append(entry.task))
    counts = []
    with time_machine.travel(START, tick=False) as clock:
        scheduler = kind(app=app, schedule_filename=str(file))
        for start in (START, START + timedelta(minutes=10) - back):
            recording.sent.clear()
            for second in range(0, 600, 5):
                clock.move_to(start + timedelta(seconds=second), tick=False)
                scheduler.tick()
            counts.append(len(recording.sent))
        scheduler.close()
    return counts[0], counts[1]


@pytest.mark.parametrize("back", [timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(days=2)])
def test_tasks_go_on_after_the_clock_was_set_back(
    app: Celery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: timedelta
) -> None:
    before, after = _sent(app, Scheduler, tmp_path / "schedule", back, monkeypatch)
    assert before == 9
    assert after in (9, 10)


def test_celerys_own_waits_until_the_clock_has_caught_up(
    app: Celery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day this fails, Celery goes on by itself and ours may go."""
    assert _sent(app, PersistentScheduler, tmp_path / "schedule", timedelta(hours=1), monkeypatch) == (9, 0)


def test_what_an_earlier_run_has_kept_is_wound_back_too(
    app: Celery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scheduler, "apply_async", lambda *_args, **_kwargs: None)
    file = str(tmp_path / "schedule")
    with time_machine.travel(START, tick=False):
        Scheduler(app=app, schedule_filename=file).close()
    with time_machine.travel(START - timedelta(hours=3), tick=False):
        again = Scheduler(app=app, schedule_filename=file)
        assert again.tick() <= 60
        assert again.wind_back() == 0
        again.close()


def test_the_portal_uses_it() -> None:
    assert settings.CELERY_BEAT_SCHEDULER == "portal.beat:Scheduler"
