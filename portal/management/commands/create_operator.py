"""`manage.py create_operator`: the first thing a new portal in production needs. The workspace is there already."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User, Workspace
from accounts.people.services.staff_accounts import create_user
from accounts.selectors import operator_workspace_id
from accounts.workspaces.services.workspaces import update_workspace
from kit.context import SYSTEM, Surface, acting_as
from kit.errors import DomainError
from portal import preparation
from portal.management.asking import ask, ask_password

PASSWORD_VARIABLE = "OPERATOR_PASSWORD"  # noqa: S105 - the name of a variable, not a password


class Command(BaseCommand):
    """Names the operator's workspace and makes the first member of staff."""

    help = (
        "Name the operator's workspace and make its first member of staff, who can do everything else in the admin "
        "site. "
        f"What is not given is asked for; the password comes from the terminal or from {PASSWORD_VARIABLE}."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add all options; the password is none, because it would stay in the shell's history."""
        parser.add_argument("--name", default="", help="name of the operator, e.g. Example Mobile")
        parser.add_argument("--country", default="", help="ISO 3166 code of the operator, e.g. DE (may be empty)")
        parser.add_argument("--email", default="", help="sign-in address of the first member of staff")
        parser.add_argument("--staff-name", default="", help="full name of the first member of staff")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the password, then name the workspace and make the person: all or nothing.

        Raises:
            CommandError: there is a member of staff already, an answer is missing or wrong, or the tables are.
        """
        if missing := preparation.missing_migrations():
            raise CommandError(f"The database lacks {missing} migrations. Run first: manage.py migrate")
        if User.objects.filter(is_staff=True).exists():
            raise CommandError(
                "The operator has staff already. Who may do everything can name the workspace and add people in the "
                "admin site, and manage.py createsuperuser adds one more. Nothing was changed."
            )
        name = options["name"] or ask("Name of the operator", "--name")
        email = options["email"] or ask("E-mail address of the first member of staff", "--email")
        staff_name = options["staff_name"] or ask("Full name", "--staff-name")
        password = ask_password(PASSWORD_VARIABLE)
        try:
            workspace, user = _create(name, options["country"], email, staff_name, password)
        except DomainError as error:
            field = f" ({error.field})" if error.field else ""
            raise CommandError(f"{error.message}{field} Nothing was changed.") from error
        self.stdout.write(
            f"The operator's workspace (id {workspace.pk}) is called {workspace.name}.\n"
            f"{user.email} can sign in at /accounts/login/ and opens the admin site; "
            "the next step there is a platform package and the first workspace."
        )


def _create(name: str, country: str, email: str, staff_name: str, password: str) -> tuple[Workspace, User]:
    with transaction.atomic(), acting_as(SYSTEM, surface=Surface.COMMAND):
        workspace = update_workspace(workspace_id=operator_workspace_id(), changes={"name": name, "country": country})
        user = create_user(email=email, name=staff_name, password=password, is_staff=True, is_superuser=True)
    return workspace, user
