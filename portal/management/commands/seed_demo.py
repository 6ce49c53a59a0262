"""`manage.py seed_demo`: load the demo, and say who may sign in."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from django.core.management import BaseCommand, CommandError

from portal import preparation
from portal.demo import Demo, ForeignDatabase, load

_HEADINGS = ("E-mail", "Password", "Workspaces and roles")


class Command(BaseCommand):
    """Loads the demo into an empty database; a second run tops up what was used and changes nothing else."""

    help = "Load the demo into an empty database, or top up the one that is there, and say who may sign in."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add `--json`, for programs that read the answer."""
        parser.add_argument("--json", action="store_true", help="print all that a program needs as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and print.

        Raises:
            CommandError: the database lacks its tables, or holds data of somebody else.
        """
        if missing := preparation.missing_migrations():
            raise CommandError(f"The database lacks {missing} migrations. Run first: manage.py migrate")
        started = time.monotonic()
        line = _ProgressLine(started)
        try:
            demo = load(progress=line)
        except ForeignDatabase as error:
            raise CommandError(error.message) from error
        finally:
            line.end()
        if demo.fresh:
            self.stdout.write(f"Demo loaded in {time.monotonic() - started:.1f} s")
        if options["json"]:
            self.stdout.write(json.dumps(demo.as_json()))
        else:
            self.stdout.write(_table(demo))


class _ProgressLine:
    """One line on a terminal that counts; elsewhere a single line that says what takes so long."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._told = False

    def __call__(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\rLoading the demo: {100 * done // max(total, 1)} %")
            self._told = True
        elif not self._told:
            sys.stderr.write("Loading the demo, this takes some seconds\n")
            self._told = True
        sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._told and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def _table(demo: Demo) -> str:
    """Return who may sign in, one line a person."""
    passwords = {demo.staff.email: demo.staff.password}
    places = {demo.staff.email: ["operator staff, in the admin site"]}
    for workspace in demo.workspaces:
        for user in workspace.users:
            passwords[user.email] = user.password
            places.setdefault(user.email, []).append(f"{workspace.name}: {user.role}")
    rows = [_HEADINGS, *((email, passwords[email], ", ".join(places[email])) for email in passwords)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"  {email:<{widths[0]}}  {password:<{widths[1]}}  {roles}" for email, password, roles in rows)
