"""`manage.py portal`: web, worker and beat by one command."""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.urls import get_resolver

from portal import preparation
from portal.processes import end_with_parent, fork
from portal.supervisor import Child, Supervisor


class Command(BaseCommand):
    """Supervises the three processes of a portal. Ctrl-C or SIGTERM ends all of them."""

    help = "Run the portal: web server, Celery worker and Celery beat. Ctrl-C ends all three."
    # `prepare` runs the checks beside the start; running them first would double the time until the first page.
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options; each has an environment variable as its default."""
        parser.add_argument(
            "--demo", action="store_true", help="load the demo first, say who may sign in, and play its network"
        )
        parser.add_argument("--migrate", action="store_true", help="bring the tables up to date first (--demo does)")
        parser.add_argument("--host", default=settings.PORTAL_HOST, help="address to listen on (PORTAL_HOST)")
        parser.add_argument("--port", type=int, default=settings.PORTAL_PORT, help="port; 0 takes a free one (PORT)")
        parser.add_argument(
            "--workers", type=int, default=settings.PORTAL_WORKERS, help="Celery processes (PORTAL_WORKERS)"
        )
        parser.add_argument("--end-with-parent", action="store_true", help="stop when the program that started it ends")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare in a process of its own, then supervise."""
        started = time.monotonic()
        parent = os.getppid()
        if options["end_with_parent"]:
            end_with_parent(parent, signal.SIGTERM)
        listener = preparation.bound_socket(options["host"], options["port"])
        self._prepare(demo=options["demo"], migrate=options["migrate"] or options["demo"])

        from portal import server  # noqa: PLC0415  (it loads gunicorn and all of Celery; not before the port is ours)

        children = [
            Child("web", server.web(listener)),
            Child("worker", server.worker(options["workers"])),
            Child("beat", server.beat),
        ]
        if options["demo"]:
            children.append(Child("network", server.network(listener)))
        self._supervise(server.GRACE, listener, started, children)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _prepare(self, *, demo: bool, migrate: bool) -> None:
        """Prepare tables, static files and demo in a copy of this process, so that what it loads is gone afterwards.

        Meanwhile this one loads what its children will share.
        """

        def work() -> None:
            missing = preparation.missing_migrations()
            if missing and not migrate:
                message = (
                    f"The database lacks {missing} migrations. Run: manage.py migrate (or: manage.py portal --migrate)"
                )
                raise CommandError(message)
            if missing:
                self._say("Bringing the tables up to date")
                preparation.migrate()
            preparation.collect_static(self._say)
            self.check(databases=["default"])
            if demo:
                call_command("seed_demo")

        def run() -> None:
            try:
                work()
            except CommandError as error:
                raise SystemExit(f"{error}") from error

        pid = fork(run, own_session=False)
        _load_for_all()
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except KeyboardInterrupt:
            # Ctrl-C reached it as well; wait, so that its transaction has rolled back when we are gone.
            os.waitpid(pid, 0)
            raise SystemExit(130) from None
        if status:
            raise SystemExit(status if status > 0 else 128 - status)

    def _supervise(self, grace: float, listener: socket.socket, started: float, children: list[Child]) -> None:
        host, port = listener.getsockname()[:2]
        address = f"http://{_name_for_people(host)}:{port}/"
        self._say(f"Starting {address}")
        ready = False

        def on_tick() -> None:
            nonlocal ready
            if not ready and _answers(host, port):
                ready = True
                self._say(f"Ready after {time.monotonic() - started:.1f} s: {address}   (Ctrl-C ends it)")

        Supervisor(children, say=self._say, grace=grace + 2, on_tick=on_tick).run()
        self._say("Stopped")


def _load_for_all() -> None:
    """Import the URLs and with them all views and templates' tags, once for all children."""
    get_resolver().url_patterns  # noqa: B018  (reading it imports)


def _name_for_people(host: str) -> str:
    if host in {"0.0.0.0", "::", "127.0.0.1", "::1"}:  # noqa: S104  (compared, not bound)
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _answers(host: str, port: int) -> bool:
    """Tell whether the web server answers its probe by now."""
    name = settings.ALLOWED_HOSTS[0].lstrip(".")
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    probe = http.client.HTTPConnection(target, port, timeout=1)
    with suppress(OSError, http.client.HTTPException):
        probe.request("GET", "/healthz", headers={"Host": "localhost" if name == "*" else name})
        return probe.getresponse().status < 500
    return False
