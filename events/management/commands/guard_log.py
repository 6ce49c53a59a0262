"""`manage.py guard_log`: creates the triggers of the log anew, also when the system check stops everything else."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from events.guard_checks import look_at_guards
from events.trigger_state import trigger_problems
from events.triggers import create_triggers, has_tables


class Command(BaseCommand):
    """Says what is wrong with the guards, puts it right, and looks again."""

    help = (
        "Create the database triggers that keep the event log append-only anew, and say what was wrong with them. "
        "Run it as the owner of the tables. Then run verify_log: whoever lifted a guard may have used it."
    )
    requires_system_checks = []  # their failing is what this command mends

    def handle(self, *args: Any, **options: Any) -> None:
        """Put the triggers right.

        Raises:
            CommandError: the tables are not there, or something stays wrong that this command must not touch.
        """
        if not has_tables(connection):
            raise CommandError("The tables of the log are not there. Run first: manage.py migrate")
        for problem in trigger_problems():
            self.stdout.write(problem)
        with transaction.atomic():
            create_triggers()
        left = look_at_guards()
        if left:
            raise CommandError("Still wrong, because somebody made it and it is not ours to remove: " + " ".join(left))
        self.stdout.write("All guards of the log stand.")
