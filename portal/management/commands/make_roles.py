"""`manage.py make_roles`: rights in PostgreSQL for the role as which the portal runs, which owns no table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
SPECIAL: Final = {
    # Tables on which the portal may do less, and what it needs there.
    "events_event": "SELECT, INSERT",
    "events_eventobject": "SELECT, INSERT",
    "events_retentionreceipt": "SELECT",
    "events_erasurereceipt": "SELECT, INSERT, UPDATE (closed)",
    "events_frozenperson": "SELECT, INSERT, UPDATE (name, username, salt)",
    "events_sealstate": "SELECT, INSERT, UPDATE",
    "events_seallog": "SELECT, INSERT, UPDATE",
    "events_sealtile": "SELECT, INSERT, UPDATE",
    "events_sealkey": "SELECT, INSERT, UPDATE",
    "django_migrations": "SELECT",
}
NONE: Final = frozenset({"events_uncovered"})
"""Tables that nobody but their owner touches: triggers write them, and run as the owner."""


class Command(BaseCommand):
    """Prints the statements, or runs them."""

    help = (
        "Print what grants the role of the running portal its rights in PostgreSQL: everything on ordinary tables, no "
        "change of the event log. Run it as the owner of the tables, again after each migrate. The role has to exist."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the role, and the switch that runs the statements."""
        parser.add_argument("--portal", required=True, metavar="ROLE", help="role as which the portal runs")
        parser.add_argument("--apply", action="store_true", help="run the statements in place of printing them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or run the statements.

        Raises:
            CommandError: the database is not PostgreSQL, the role does not exist, or it is the one that owns the log.
        """
        if connection.vendor != "postgresql":
            raise CommandError("There are no roles in SQLite: whoever may write the file may change the log.")
        role: str = options["portal"]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.rolsuper OR pg_has_role(r.oid, c.relowner, 'USAGE')"
                " FROM pg_roles r LEFT JOIN pg_class c ON c.oid = to_regclass(%s) WHERE r.rolname = %s",
                ["events_event", role],
            )
            found = cursor.fetchone()
        if found is None:
            raise CommandError(f"There is no role {role}. As superuser run first: CREATE ROLE {role} LOGIN")
        if found[0] is None:
            raise CommandError("The tables of the log are not there. Run first: manage.py migrate")
        if found[0]:
            raise CommandError(f"{role} is a superuser or owns the tables, so no right can be taken from it.")
        statements = list(statements_for(role))
        if not options["apply"]:
            self.stdout.write("BEGIN;\n" + ";\n".join(statements) + ";\nCOMMIT;")
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(statements))
        self.stdout.write(f"{role} can run the portal and can't change the log.")


def statements_for(role: str) -> Iterator[str]:
    """Return the statements that give a role exactly what the portal needs, whatever it had before.

    Args:
        role: its name, as it stands in `pg_roles`.
    """
    quote = connection.ops.quote_name
    grantee = quote(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = quote(cursor.fetchone()[0])
    yield f"GRANT USAGE ON SCHEMA {schema} TO {grantee}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {grantee}"
    # The sealer reads the newest id that was given out.
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {grantee}"
    ordinary = sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in SPECIAL
    )
    yield f"GRANT {_ALL} ON {', '.join(map(quote, ordinary))} TO {grantee}"
    for table, rights in SPECIAL.items():
        yield f"GRANT {rights} ON {quote(table)} TO {grantee}"
