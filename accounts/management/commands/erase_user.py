"""`manage.py erase_user`: erases a person on request."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.people.services.erasure import erase_user
from accounts.selectors import user_by_email
from kit.context import SYSTEM, Surface, acting_as
from kit.errors import DomainError


class Command(BaseCommand):
    """Asks, unless told not to, and erases."""

    help = "Erase a person's name and address from the portal; it can't be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the user, and the switch that asks nothing."""
        parser.add_argument("user", help="id or e-mail address")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase the person. Raises CommandError with the reason when it is refused."""
        user = self._found(options["user"])
        if not options["no_input"]:
            answer = input(f"Erase {user.name}, {user.email} (User ID: {user.pk})? Type the id: ")
            if answer.strip() != str(user.pk):
                raise CommandError("Nothing was erased.")
        try:
            with acting_as(SYSTEM, surface=Surface.COMMAND):
                done = erase_user(user_id=user.pk)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"User {user.pk} erased.")
        for workspace in done.headless:
            self.stdout.write(f"{workspace.name} (ID {workspace.pk}) has no Administrator now. Name one.")

    @staticmethod
    def _found(asked: str) -> User:
        found = User.objects.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
        found = found or user_by_email(asked)
        if found is None:
            raise CommandError(f"There is no user {asked}.")
        return found
