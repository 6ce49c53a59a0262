"""The unit of work: one transaction, and the event rows that belong to it.

Rows are collected while the action runs and written once, at the outermost exit and still inside the transaction:
`on_commit` would be too late, a failing write must undo the change. An inner action that fails takes its rows along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from kit.context import current_actor

Recorded = Any
Writer = Callable[[list[Recorded]], None]


class NoAction(RuntimeError):
    """Raised when a row is recorded outside `action()`: it would not share the change's transaction."""


@dataclass(slots=True)
class _UnitOfWork:
    rows: list[Recorded] = field(default_factory=list)


_unit: ContextVar[_UnitOfWork | None] = ContextVar("unit_of_work", default=None)
_writer: Writer | None = None


def set_writer(writer: Writer) -> None:
    """Name the function that stores collected rows; the log registers itself at start-up."""
    global _writer
    _writer = writer


def record(rows: list[Recorded]) -> None:
    """Add event rows to the running action, in the order in which they happened.

    Raises:
        NoAction: no action is running.
    """
    unit = _unit.get()
    if unit is None:
        raise NoAction("Events are recorded inside kit.action() only.")
    unit.rows.extend(rows)


def in_action() -> bool:
    """Tell whether an action is running, and locks may be held."""
    return _unit.get() is not None


@contextmanager
def action() -> Iterator[None]:
    """Run a change and its events in one transaction.

    Raises:
        NoContext, NoActor: nobody acts; nothing was done.
    """
    current_actor()
    outer = _unit.get()
    if outer is not None:
        mark = len(outer.rows)
        try:
            with transaction.atomic():
                yield
        except BaseException:
            del outer.rows[mark:]
            raise
        return
    unit = _UnitOfWork()
    token = _unit.set(unit)
    try:
        with transaction.atomic():
            yield
            if unit.rows:
                if _writer is None:
                    raise NoAction("No event writer is registered: the change was not made.")
                _writer(unit.rows)
    finally:
        _unit.reset(token)
