"""Starts processes, starts again what crashed, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from portal.processes import fork

_LONGEST_WAIT = 30.0  # seconds between two attempts to start a child
_STEADY_AFTER = 60.0  # seconds after which a child's earlier crashes are forgotten
_TICK = 0.1  # seconds


class Child:
    """One process to keep alive."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self.name = name
        self.pid = 0  # 0: not running
        self._run = run
        self._crashes = 0
        self._started = 0.0
        self.start_at = 0.0

    def start(self) -> None:
        """Start it now."""
        self._started = time.monotonic()
        self.pid = fork(self._run, own_session=True)

    def ended(self) -> float:
        """Note that it ended by itself, and return the seconds until its next start: 1, 2, 4 ... 30."""
        now = time.monotonic()
        if now - self._started > _STEADY_AFTER:
            self._crashes = 0
        wait = min(2.0**self._crashes, _LONGEST_WAIT)
        self._crashes += 1
        self.pid = 0
        self.start_at = now + wait
        return wait

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to it, or to it and all that it started; one that has ended already is no error."""
        if self.pid:
            with suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.pid, number)


class Supervisor:
    """Runs the children until it is told to stop by SIGTERM, SIGINT (Ctrl-C) or SIGHUP.

    Args:
        children: what to run.
        say: prints one line.
        grace: seconds that the children get to end by themselves.
        on_tick: called a few times a second while all is well.
    """

    def __init__(
        self, children: list[Child], *, say: Callable[[str], None], grace: float, on_tick: Callable[[], None]
    ) -> None:
        self._children = children
        self._say = say
        self._grace = grace
        self._on_tick = on_tick
        self._stops = 0

    def run(self) -> None:
        """Start all, keep them running, and return when the last one has ended after a stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self._stops:
                self._reap()
                self._start_due()
                self._on_tick()
                time.sleep(_TICK)
        finally:
            self._end_all()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1

    def _start_due(self) -> None:
        for child in self._children:
            if not child.pid and not self._stops and time.monotonic() >= child.start_at:
                child.start()
                self._say(f"  {child.name:<8} process {child.pid}")

    def _reap(self) -> None:
        for child in self._children:
            if child.pid and _has_ended(child.pid):
                # What it started must not go on beside its successor. Its number is its own until it is reaped.
                child.signal(signal.SIGKILL, group=True)
                status = _status_of(child.pid)
                wait = child.ended()
                self._say(f"  {child.name:<8} ended ({_words(status)}), starts again in {wait:.0f} s")

    def _end_all(self) -> None:
        """Ask all to end; kill, group by group, what has not after the grace or at a second Ctrl-C."""
        started = [child for child in self._children if child.pid]
        for child in started:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        stops = self._stops
        while time.monotonic() < deadline and self._stops == stops:
            if all(_has_ended(child.pid) for child in started):
                break
            time.sleep(_TICK / 2)
        for child in started:
            child.signal(signal.SIGKILL, group=True)
            _status_of(child.pid)


def _has_ended(pid: int) -> bool:
    """Tell whether a child has ended, without reaping it.

    The system gives the number of a process to no other before it is reaped, so the child's group can be signalled
    still and nobody else is hit. A child that somebody else reaped has ended.
    """
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _status_of(pid: int) -> int:
    """Reap a child, after it has ended, and return how it ended; 0 when somebody else has reaped it."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return 0


def _words(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"status {code}"
