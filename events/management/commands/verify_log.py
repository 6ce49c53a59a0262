"""`manage.py verify_log`: checks the whole live log against its seals, streaming."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.seals import verify


class Command(BaseCommand):
    """Says in one sentence each what is wrong, and ends with an error when something is."""

    help = "Check every event against its seal, and every seal against what was signed, here and outside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the workspace."""
        parser.add_argument("--workspace", type=int, help="only the log of this workspace (its id)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check. Raises CommandError with the number of findings, if there are any."""
        check = verify.begin(workspace_id=options["workspace"])
        told = 0
        more = True
        while more:
            more = verify.step(check)
            for finding in check.findings[told:]:
                self.stdout.write(finding["text"])
            told = len(check.findings)
        if options["workspace"] is None:
            check.save(force_insert=True)
        self.stdout.write(f"{check.checked:,} events checked.")
        if check.found > told:
            self.stdout.write(f"… and {check.found - told:,} more findings.")
        if check.found:
            raise CommandError(f"{check.found:,} findings: the log is not what was sealed.")
        self.stdout.write("The log is what was sealed.")
