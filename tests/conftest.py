"""Fixtures for all tests: which database is meant, a cache that starts empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from events.triggers import lifted
from kit import mail as outgoing
from tests.cast import cast, make_cast, stage  # noqa: F401  (two fixtures)
from tests.databases import django_db_setup, pytest_sessionfinish  # noqa: F401  (a fixture and a hook)
from tests.stage import STAGE, wants_the_shared_cast

# A busy machine is slow, which is no failure; the same examples everywhere, so that one is found again.
hypothesis.register_profile(
    "portal", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
hypothesis.load_profile("portal")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what means nothing on the database of this run."""
    here, other = ("sqlite", "postgresql") if settings.SQLITE else ("postgresql", "sqlite")
    for item in items:
        if item.get_closest_marker(other) and not item.get_closest_marker(here):
            item.add_marker(pytest.mark.skip(reason=f"means something on {other} only"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Put the shared cast into the database, or take it away, before the test's own transaction begins."""
    STAGE.prepare(make_cast if wants_the_shared_cast(item) else None)


@pytest.fixture
def vendor() -> str:
    """`sqlite` or `postgresql`."""
    return connection.vendor


@pytest.fixture(autouse=True, scope="session")
def _the_log_can_be_emptied() -> Iterator[None]:
    """Tests that commit are cleaned by emptying all tables, which the log's triggers rightly refuse."""
    original = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # of Django, unchanged for years

    def teardown(self: TransactionTestCase) -> None:
        with lifted():
            original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _mails_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside the tests: what would wake it sends the mail itself."""
    monkeypatch.setattr(outgoing, "wake", outgoing.send)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """What one test counted (sign-ins, totals) is forgotten before the next."""
    yield
    if settings.REDIS_URL:
        # Only our keys: other runs, and perhaps somebody's data, live in the same server.
        client = cache._cache.get_client()  # type: ignore[attr-defined]  # Django offers no search by prefix
        prefix = settings.CACHES["default"]["KEY_PREFIX"]
        keys = list(client.scan_iter(match=f"{prefix}:*", count=1000))
        if keys:
            client.delete(*keys)
    else:
        cache.clear()
