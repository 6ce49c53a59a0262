"""`manage.py seal_log`: seals at once what the schedule would seal within half a minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.seals.models import SealLog, SealState
from events.seals.services import seal_now


class Command(BaseCommand):
    """Gives every settled event its place and signs the new roots."""

    help = "Seal every event that has no place yet, and sign the new checkpoints."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal. Raises CommandError when a checkpoint could not be signed."""
        events, checkpoints = seal_now()
        self.stdout.write(f"{events:,} events sealed, {checkpoints:,} checkpoints signed.")
        problems = [state.problem for state in SealState.objects.exclude(problem="")]
        problems += [f"{log.origin}: {log.problem}" for log in SealLog.objects.exclude(problem="")]
        if problems:
            raise CommandError("\n".join(problems))
