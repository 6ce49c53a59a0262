"""`manage.py api_table`: write the compatibility table of the REST API into `docs/api.md`, or check it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.api_table import document_path, written


class Command(BaseCommand):
    """Writes the compatibility table of the REST API."""

    help = "Write the compatibility table of the REST API into docs/api.md."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--check`."""
        parser.add_argument("--check", action="store_true", help="only tell whether the table is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or check. Raises CommandError where the table is out of date and only checked."""
        path = document_path()
        now = path.read_text(encoding="utf-8")
        wanted = written(now)
        if now == wanted:
            self.stdout.write(f"{path.name} is up to date.")
        elif options["check"]:
            raise CommandError(f"The table in {path.name} is out of date. Run: manage.py api_table")
        else:
            path.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"{path.name} is written anew.")
