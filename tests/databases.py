"""The databases of a run: one is migrated, and every process of the run works on a copy of it.

A run that was cut short may leave databases behind. The next run replaces them, because their names do not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker, blocking_manager_key

from tests.locks import locked
from tests.stage import STAGE


def use(name: str) -> None:
    """Connect to another database from now on, threads that start later included.

    Args:
        name: of the database on the server, or path of its file.
    """
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def migrate() -> str:
    """Make the test database anew, whatever an earlier run has left, and return its name."""
    return connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)


def copied(worker: str, folder: Path) -> str:
    """Make this process's copy of the database that the first process of the run has migrated.

    Args:
        worker: the name of this process, such as gw0.
        folder: a folder that all processes of this run share, and no other run.

    Returns:
        The name of the copy.
    """
    if settings.SQLITE:
        settings.DATABASES["default"]["TEST"]["NAME"] = str(folder / "template.sqlite3")
    made = folder / "template"
    with locked(folder / "template.lock"):
        if made.exists():
            use(made.read_text())
        else:
            made.write_text(migrate())
        connection.close()
        # PostgreSQL copies a database only while nobody else reads it, so the copies are made one after the other.
        connection.creation.clone_test_db(worker, verbosity=0)
    name: str = connection.creation.get_test_db_clone_settings(worker)["NAME"]
    return name


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Prepare the database of this process; takes the place of pytest-django's fixture, which migrates every time."""
    original = settings.DATABASES["default"]["NAME"]
    worker = getattr(request.config, "workerinput", {}).get("workerid")
    with django_db_blocker.unblock():
        name = copied(worker, tmp_path_factory.getbasetemp().parent) if worker else migrate()
        use(name)
    STAGE.blocker = django_db_blocker
    yield
    STAGE.prepare(None)
    STAGE.blocker = None
    with django_db_blocker.unblock():
        connection.creation.destroy_test_db(str(original), verbosity=0)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the database that was copied: in the process that leads the run, after all others have ended."""
    config = session.config
    if settings.SQLITE or hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    name = connection.ops.quote_name(connection.creation._get_test_db_name())  # type: ignore[attr-defined]
    with config.stash[blocking_manager_key].unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
