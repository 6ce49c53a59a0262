"""`manage.py create_operator`: the first thing a new portal in production needs."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction

from accounts.models import PlatformPackage, User, Workspace
from accounts.packages.services.catalogue import OPERATOR_PACKAGE, create_package
from accounts.people.services.staff_accounts import create_user
from accounts.workspaces.services.workspaces import create_workspace
from kit.context import SYSTEM, Surface, acting_as
from kit.errors import DomainError
from portal import preparation

PASSWORD_VARIABLE = "OPERATOR_PASSWORD"  # noqa: S105 - the name of a variable, not a password


class Command(BaseCommand):
    """Makes the operator's workspace, a package for it, and the first member of staff."""

    help = (
        "Make the operator's workspace and its first member of staff, who can do everything else in the admin site. "
        f"What is not given is asked for; the password comes from the terminal or from {PASSWORD_VARIABLE}."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add all options; the password is none, because it would stay in the shell's history."""
        parser.add_argument("--name", default="", help="name of the operator, e.g. Example Mobile")
        parser.add_argument("--country", default="", help="ISO 3166 code of the operator, e.g. DE (may be empty)")
        parser.add_argument("--email", default="", help="sign-in address of the first member of staff")
        parser.add_argument("--staff-name", default="", help="full name of the first member of staff")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the password, then make workspace, package and person: all or nothing.

        Raises:
            CommandError: there is an operator already, an answer is missing or wrong, or the tables are.
        """
        if missing := preparation.missing_migrations():
            raise CommandError(f"The database lacks {missing} migrations. Run first: manage.py migrate")
        present = Workspace.objects.filter(type=Workspace.Type.OPERATOR).first()
        if present is not None:
            raise CommandError(
                f"The operator has its workspace already: {present.name} (id {present.pk}). Nothing was changed."
            )
        name = options["name"] or _ask("Name of the operator", "--name")
        email = options["email"] or _ask("E-mail address of the first member of staff", "--email")
        staff_name = options["staff_name"] or _ask("Full name", "--staff-name")
        password = os.environ.get(PASSWORD_VARIABLE) or _ask_password()
        try:
            workspace, user = _create(name, options["country"], email, staff_name, password)
        except DomainError as error:
            field = f" ({error.field})" if error.field else ""
            raise CommandError(f"{error.message}{field} Nothing was changed.") from error
        self.stdout.write(
            f"{workspace.name} has its workspace (id {workspace.pk}).\n"
            f"{user.email} can sign in at /accounts/login/ and opens the admin site; "
            "the next step there is a platform package and the first workspace."
        )


def _create(name: str, country: str, email: str, staff_name: str, password: str) -> tuple[Workspace, User]:
    with transaction.atomic(), acting_as(SYSTEM, surface=Surface.COMMAND):
        package = PlatformPackage.objects.filter(name=OPERATOR_PACKAGE["name"]).first() or create_package(
            values=OPERATOR_PACKAGE
        )
        workspace = create_workspace(name=name, package_id=package.pk, type=Workspace.Type.OPERATOR, country=country)
        user = create_user(email=email, name=staff_name, password=password, is_staff=True, is_superuser=True)
    return workspace, user


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"{question}: give it with {option}.")
    answer = input(f"{question}: ").strip()
    if not answer:
        raise CommandError(f"{question}: it can't be empty.")
    return answer


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"Password: give it in the variable {PASSWORD_VARIABLE}.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise CommandError("The two passwords differ. Nothing was changed.")
    return password
