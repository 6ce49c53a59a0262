"""A child process, and what it needs to know of its parent, so that none is left behind when one is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

from django.db import connections

_PR_SET_PDEATHSIG = 1
_CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def end_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent ends, however that happens. Linux only; elsewhere a no-op.

    The kernel looks at the thread that forked, so a parent has to fork from its main thread.

    Args:
        parent: process id of the parent, taken before the fork: when it is gone by now, this process ends at once.
        how: the signal to receive.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The parent may have ended between the fork and the call above; nobody would tell us any more.
    if os.getppid() != parent:
        os._exit(1)


def fork(run: Callable[[], None], *, own_session: bool) -> int:
    """Start `run` in a copy of this process, which ends when `run` returns, and return the copy's process id.

    A copy and not a new program: all modules are loaded already, which saves a second and 60 MB for each. It must be
    called from the main thread of a process without other threads.

    Args:
        run: the work; an exception or `SystemExit` becomes the exit status.
        own_session: away from the terminal, so that Ctrl-C reaches the supervisor alone and the child with all its own
            children can be killed as one group.
    """
    connections.close_all()  # a database connection must not be shared by two processes
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        if own_session:
            os.setsid()
        for caught in _CAUGHT:
            signal.signal(caught, signal.SIG_DFL)
        end_with_parent(parent)
        status = _status_of(run)
    except BaseException:  # nothing may get past: the parent's stack lies below
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _status_of(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0
