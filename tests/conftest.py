"""Fixtures for all tests: which database is meant, a cache that starts empty."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from kit import mail as outgoing
from tests.cast import cast, make_cast, stage  # noqa: F401  (two fixtures)
from tests.databases import django_db_setup, pytest_sessionfinish  # noqa: F401  (a fixture and a hook)
from tests.silence import forgiving
from tests.stage import STAGE, wants_the_shared_cast

# A busy machine is slow, which is no failure; the same examples everywhere, so that one is found again.
hypothesis.register_profile(
    "portal", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
hypothesis.load_profile("portal")


SECOND = "second_database"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know a run that repeats, on SQLite, what another run tries in full on PostgreSQL and Redis."""
    parser.addoption(
        "--second-database", dest=SECOND, action="store_true", help="run only the tests marked `sqlite_too`"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what the second run leaves out: the mark stands in the file itself."""
    if config.getoption(SECOND) and collection_path.suffix == ".py" and collection_path.name.startswith("test_"):
        return "mark.sqlite" not in collection_path.read_text(encoding="utf-8") or None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what means nothing on the database of this run, or was tried by another one."""
    here, other = ("sqlite", "postgresql") if settings.SQLITE else ("postgresql", "sqlite")
    left_out = []
    for item in items:
        again = item.get_closest_marker("sqlite_too")
        if again and not (len(again.args) == 1 and isinstance(again.args[0], str) and again.args[0]):
            raise pytest.UsageError(f"{item.nodeid}: sqlite_too wants the reason, one text")
        if item.get_closest_marker(other) and not item.get_closest_marker(here):
            item.add_marker(pytest.mark.skip(reason=f"means something on {other} only"))
        if config.getoption(SECOND) and not (again or item.get_closest_marker("sqlite")):
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Spare the collector what stays for the whole run (modules, tests): it took a fifth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Put the shared cast into the database, or take it away, before the test's own transaction begins."""
    STAGE.prepare(make_cast if wants_the_shared_cast(item) else None)


@pytest.fixture
def vendor() -> str:
    """`sqlite` or `postgresql`."""
    return connection.vendor


@pytest.fixture(autouse=True, scope="session")
def _what_is_arranged_is_forgiven() -> Iterator[None]:
    """Tests make their rows without events; what they try may not."""
    with forgiving():
        yield


@pytest.fixture(autouse=True)
def _locked_rows_are_read_alone() -> Iterator[None]:
    """A statement that waited for a lock gives joined columns as they were before the wait, so none may read them."""

    def check(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "FOR UPDATE" in sql or "FOR NO KEY UPDATE" in sql:
            found = re.match(r'SELECT (".*?) FROM "(\w+)"', sql)
            tables = set(re.findall(r'"(\w+)"\."', found[1])) if found else set()
            assert not found or tables <= {found[2]}, f"reads joined columns under a lock: {sql}"
        return execute(sql, *rest)

    with connection.execute_wrapper(check):
        yield


@pytest.fixture(autouse=True)
def _mails_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside the tests: what would wake it sends the mail itself."""
    monkeypatch.setattr(outgoing, "wake", outgoing.send)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """What one test counted (sign-ins, totals) is forgotten before the next."""
    yield
    for each in caches.all(initialized_only=True):
        each.clear()
