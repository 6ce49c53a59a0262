"""The operator's own workspace: one fixed row that migrations make, so that there is always a log for staff's acts.

Whatever concerns staff alone, or somebody without a workspace, is logged there (`docs/rules.md` section 8).
"""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps as current
from django.apps.registry import Apps
from django.db import connections

OPERATOR_ID: Final = 1
"""Id of the operator's workspace in every database; no other workspace is of its type."""
OPERATOR_TYPE: Final = 1
OPERATOR_NAME: Final = "Operator"
"""What the workspace and its package are called until somebody names them."""


# untold: a migration makes it; there is no log before there is this workspace
def make_operator_workspace(apps: Apps, using: str) -> None:
    """Make the operator's workspace and the package that every workspace needs, unless they are there.

    Args:
        apps: the models as they are at this point of the migrations.
        using: alias of the database.

    Raises:
        RuntimeError: the database has the operator under another id, or a customer under the operator's.
    """
    workspaces = apps.get_model("accounts", "Workspace")._default_manager.using(using)
    known = list(workspaces.filter(type=OPERATOR_TYPE).values_list("pk", flat=True))
    if known == [OPERATOR_ID]:
        return
    if known or workspaces.filter(pk=OPERATOR_ID).exists():
        raise RuntimeError(
            f"The operator's workspace must have the id {OPERATOR_ID} and be the only one of its type; here it has "
            f"{known or 'none, and a customer has that id'}. Use a new database."
        )
    packages = apps.get_model("accounts", "PlatformPackage")._default_manager.using(using)
    package, _made = packages.get_or_create(
        name=OPERATOR_NAME, defaults={"description": "The operator's own workspace; not sold.", "status": 0}
    )
    workspaces.create(pk=OPERATOR_ID, name=OPERATOR_NAME, type=OPERATOR_TYPE, package=package)
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A given id does not move the sequence, which must not give it again; nor may it ever go back.
            cursor.execute("SELECT pg_get_serial_sequence('accounts_workspace', 'id')")
            (sequence,) = cursor.fetchone()
            cursor.execute(f"SELECT setval(%s, GREATEST(last_value, {OPERATOR_ID})) FROM {sequence}", [sequence])  # noqa: S608 - a constant, and a name that PostgreSQL quotes
            # The constraint that the same migration adds next can't wait for what is checked at the end.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def keep_operator_workspace(using: str = "default", apps: Apps = current, **_kwargs: Any) -> None:
    """Make the operator's workspace anew where it is gone, as after `flush`; receiver of `post_migrate`.

    Args:
        using: alias of the database.
        apps: the models as they are after the migrations that ran.
    """
    try:
        constraints = apps.get_model("accounts", "Workspace")._meta.constraints
    except LookupError:
        return  # migrated back to before this app
    if any(constraint.name == "workspace_one_operator" for constraint in constraints):
        make_operator_workspace(apps, using)
