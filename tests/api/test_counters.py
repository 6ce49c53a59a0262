"""Counters of calls: none is lost when many count at once, in threads and in processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache, caches

from kit.api import limits
from kit.api.counters import add
from kit.caches import figures

pytestmark = pytest.mark.sqlite_too("without Redis the counters lie in files")

THREADS, TIMES = 8, 25


def test_threads_count_each_call_once() -> None:
    cache.clear()
    found: list[int] = []
    barrier = threading.Barrier(THREADS)

    def count() -> None:
        barrier.wait()
        found.extend([add("threads", 7, 1, 60) for _ in range(TIMES)])

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, THREADS * TIMES + 1))
    assert add("threads", 7, 5, 60) == THREADS * TIMES + 5
    assert add("threads", 8, 1, 60) == 1


def test_processes_count_each_call_once() -> None:
    cache.clear()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from django.conf import settings\n"
        "settings.configure(VAR_DIR=Path(sys.argv[1]), REDIS_URL='', CACHES={'default': {'BACKEND':\n"
        " 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': sys.argv[1] + '/counted'}})\n"
        "from kit.api.counters import add\n"
        "print(' '.join(str(add('processes', 1, 1, 60)) for _ in range(40)))\n"
    )
    folder = str(settings.VAR_DIR)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, folder],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(settings.BASE_DIR),
        )
        for _ in range(3)
    ]
    found = sorted(int(number) for each in running for number in each.communicate(timeout=60)[0].split())
    assert found == list(range(1, 121))


def test_what_is_refused_quietly(settings: object, monkeypatch: object) -> None:
    cache.clear()
    assert [limits.may("mail", 2, 60) for _ in range(4)] == [True] * 4  # no limits in tests
    settings.API_RATE_LIMIT_FACTOR = 1  # type: ignore[attr-defined]
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)  # type: ignore[attr-defined]
    assert [limits.may("mail", 2, 60) for _ in range(4)] == [True, True, False, False]
    assert limits.may("another", 2, 60)


def test_asking_for_many_figures_forgets_no_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full folder forgets at random, so whoever could fill it could begin to guess anew."""
    if not settings.REDIS_URL:
        monkeypatch.setattr(caches["figures"], "_max_entries", 20)
    for number in range(5):
        add(f"guesses:{number}", 1, 3, 60)
    for number in range(200):
        figures.set(f"total:{number}", number, 60)
    assert [add(f"guesses:{number}", 1, 1, 60) for number in range(5)] == [4] * 5
    own = {str(each.get("KEY_PREFIX", each["LOCATION"])) for each in settings.CACHES.values()}
    assert len(own) == len(settings.CACHES)
