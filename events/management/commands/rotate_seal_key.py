"""`manage.py rotate_seal_key`: makes a new key to sign checkpoints with; the old one names it in a signed note."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from events.seals import keys, mirror
from kit.context import SYSTEM, Surface, acting_as


class Command(BaseCommand):
    """Lists the new public key and puts the private key where the old one was."""

    help = "Make a new key to sign checkpoints with. The old public key stays listed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the switch for a lost key."""
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the old key is gone: begin with the one of this process, without the old one's word",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate. Raises CommandError when the old key can't be used and is not said to be lost."""
        lost = options["lost"]
        try:
            with acting_as(SYSTEM, surface=Surface.COMMAND):
                new = keys.rotate(moment=timezone.now(), lost=lost, private=keys.private_key() if lost else None)
        except keys.KeyProblem as error:
            raise CommandError(str(error)) from error
        public = keys.public_of(new).hex()
        if settings.SEAL_KEY:
            if not lost:
                self.stdout.write("Set SEAL_KEY to this new key and restart; until then nothing is signed:\n")
                self.stdout.write(keys.pem(new))
        elif not lost:
            keys.write_private(Path(settings.SEAL_KEY_FILE), new, replace=True)
        mirror.publish_keys(mirror.keys_text())
        self.stdout.write(f"Checkpoints are signed with the key {public} from now on.")
