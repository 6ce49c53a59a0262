"""What the supervisor's three children run: gunicorn, a Celery worker and Celery beat."""

from __future__ import annotations

import io
import signal
import socket
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from celery.exceptions import SecurityWarning, WorkerShutdown
from celery.signals import worker_ready
from celery.worker import state
from django.conf import settings
from django.core.management import call_command
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from portal.celery import app as celery
from portal.processes import end_with_parent
from portal.web_worker import PatientWorker
from portal.wsgi import application

# Seconds for requests and tasks under way to end by themselves.
GRACE = 30 if settings.PRODUCTION else 5


class _PortalLogger(Logger):
    """gunicorn's messages go where all our log lines go."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True


def _worker_forked(arbiter: Arbiter, worker: Worker) -> None:
    end_with_parent(arbiter.pid)


class _WebServer(BaseApplication):
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": [f"fd://{self._listener.fileno()}"],
            "worker_class": PatientWorker,
            "workers": settings.PORTAL_WEB_PROCESSES,
            "threads": settings.PORTAL_WEB_THREADS,
            "graceful_timeout": GRACE,
            "timeout": 120,
            "keepalive": 5,
            "control_socket_disable": True,
            "logger_class": _PortalLogger,
            "loglevel": settings.LOG_LEVEL.lower(),
            "post_fork": _worker_forked,
            "proc_name": "portal-web",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return application


def web(listener: socket.socket) -> Callable[[], None]:
    """gunicorn with threads (`portal.web_worker`) on the bound socket `listener`."""

    def run() -> None:
        Arbiter(_WebServer(listener)).run()

    return run


def _stop_worker(number: int, frame: FrameType | None) -> None:
    """End at once when nothing runs, else after the running tasks; Celery itself takes seconds for the former.

    A message taken in this very moment may be lost; the sweep brings it back, as it does after a crash.
    """
    if state.reserved_requests or state.active_requests:
        state.should_stop = 0  # type: ignore[assignment]  # typed by its first value, None
    else:
        raise WorkerShutdown(0)


def _take_over_stop(**_: Any) -> None:
    signal.signal(signal.SIGTERM, _stop_worker)


def worker(processes: int) -> Callable[[], None]:
    """A Celery worker. With one process it runs the tasks itself; with more it starts that many."""

    def run() -> None:
        # It warns of running as root, because pickled messages could then do anything; we accept JSON only.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        made = celery.Worker(
            pool_cls="solo" if processes == 1 else "prefork",
            concurrency=processes,
            loglevel=settings.LOG_LEVEL,
            quiet=True,
            # One worker has nobody to gossip or mingle with.
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker_ready.connect(_take_over_stop)
        made.start()
        raise SystemExit(made.exitcode)

    return run


def beat() -> None:
    """Celery beat, which starts the periodic tasks."""
    celery.Beat(loglevel=settings.LOG_LEVEL, quiet=True).run()


def network(listener: socket.socket) -> Callable[[], None]:
    """The demo's network, which delivers usage over HTTP to the bound socket `listener`.

    Gently: a dozen records every quarter of a minute, so that something moves while one watches.
    """
    host, port = listener.getsockname()[:2]
    target = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104  (compared)

    def run() -> None:
        call_command("simulate_network", url=f"http://{target}:{port}", verbosity=0, stdout=io.StringIO())

    return run
