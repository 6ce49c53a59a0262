"""`manage.py createsuperuser`: another member of staff who may do everything. Unlike Django's, it leaves an event."""

from __future__ import annotations

import argparse
from typing import Any, Final

from django.core.management import BaseCommand, CommandError

from accounts.people.services.staff_accounts import create_user
from kit.context import SYSTEM, Surface, acting_as
from kit.errors import DomainError
from portal import preparation
from portal.management.asking import ask, ask_password

PASSWORD_VARIABLE: Final = "DJANGO_SUPERUSER_PASSWORD"  # noqa: S105 - the name of a variable, not a password


class Command(BaseCommand):
    """Makes a member of staff with every right, and tells it in the operator's log."""

    help = (
        "Make a member of the operator's staff who may do everything in the admin site. What is not given is asked "
        f"for; the password comes from the terminal or from {PASSWORD_VARIABLE}."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of Django's command that mean something here."""
        parser.add_argument("--email", default="", help="sign-in address")
        parser.add_argument("--name", default="", help="full name")
        parser.add_argument("--noinput", "--no-input", action="store_true", help="ask nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account (event 10072).

        Raises:
            CommandError: an answer is missing or refused, or the tables are missing.
        """
        if missing := preparation.missing_migrations():
            raise CommandError(f"The database lacks {missing} migrations. Run first: manage.py migrate")
        given = {"--email": options["email"], "--name": options["name"]}
        absent = [option for option, value in given.items() if not value]
        if absent and options["noinput"]:
            raise CommandError(f"{' and '.join(absent)} must be given when nothing is asked.")
        email = options["email"] or ask("E-mail address", "--email")
        name = options["name"] or ask("Full name", "--name")
        password = ask_password(PASSWORD_VARIABLE)
        try:
            with acting_as(SYSTEM, surface=Surface.COMMAND):
                user = create_user(email=email, name=name, password=password, is_staff=True, is_superuser=True)
        except DomainError as error:
            raise CommandError(f"{error.message} Nothing was changed.") from error
        self.stdout.write(f"{user.email} can sign in at /accounts/login/ and opens the admin site.")
