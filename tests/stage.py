"""The cast is made once and stays: each test plays on a savepoint above it, and what it changes is undone.

A test that commits (`django_db(transaction=True)`), or that doesn't ask for the cast, finds a database without it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django.plugin import DjangoDbBlocker

from tests.silence import settle


class Stage:
    """A transaction that stays open from test to test, with the cast in it."""

    def __init__(self) -> None:
        self.blocker: DjangoDbBlocker | None = None
        """Lets us use the database between tests; None as long as there is no database."""
        self._atomic: transaction.Atomic | None = None
        self._connection: Any = None
        self._cast = b""

    def prepare(self, make: Callable[[], Any] | None) -> None:
        """Put the cast there before a test begins, or take it away.

        Args:
            make: makes the rows of the cast and returns the cast; None for a test that wants an empty database.
        """
        if self.blocker is None or (make is None and self._atomic is None):
            return
        with self.blocker.unblock():
            if make is None or not self.stands():
                self.strike()
            if make is not None and self._atomic is None:
                self._atomic = transaction.atomic()
                self._atomic.__enter__()
                self._cast = pickle.dumps(make())
                settle()
                self._connection = connection.connection

    def stands(self) -> bool:
        """Tell whether the cast is there: a test may have lost the connection, and the transaction with it."""
        return (
            self._atomic is not None
            and connection.connection is self._connection
            and connection.in_atomic_block
            and not connection.needs_rollback
            and not connection.closed_in_transaction
        )

    def strike(self) -> None:
        """Undo the transaction, if there is one."""
        if self._atomic is not None and connection.in_atomic_block:
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)
        self._atomic = None

    def cast(self) -> Any:
        """Return the cast for a test, in objects of its own; None where it must make its rows itself."""
        return pickle.loads(self._cast) if self._atomic is not None else None


STAGE = Stage()


def wants_the_shared_cast(item: pytest.Item) -> bool:
    """Tell whether a test uses the cast and commits nothing."""
    names = getattr(item, "fixturenames", ())
    marker = item.get_closest_marker("django_db")
    commits = (marker is not None and marker.kwargs.get("transaction")) or "transactional_db" in names
    return "stage" in names and not commits
