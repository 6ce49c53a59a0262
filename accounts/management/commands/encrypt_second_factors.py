"""`manage.py encrypt_second_factors`: encrypts second factors with the present `SECRET_KEY`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.sign_in.second_factors import encrypt_anew


class Command(BaseCommand):
    """Reads each key and recovery code by `SECRET_KEY_FALLBACKS`, and writes it by `SECRET_KEY`."""

    help = "Encrypt second factors and recovery codes with the present SECRET_KEY; then no fallback is needed for them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and name who has to set up a second factor anew."""
        done = encrypt_anew()
        self.stdout.write(f"{done.rows} second factors and sets of recovery codes were encrypted anew.")
        if done.lost:
            ids = ", ".join(map(str, done.lost))
            raise CommandError(
                f"Neither SECRET_KEY nor a fallback reads those of users {ids}. Add the key that encrypted them to "
                "SECRET_KEY_FALLBACKS, or remove these second factors in the admin site."
            )
