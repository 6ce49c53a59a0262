"""The unit of work: one transaction, and the event rows that belong to it.

Rows are collected while the action runs and written once, at the outermost exit and still inside the transaction:
`on_commit` would be too late, a failing write must undo the change. An inner action that fails takes its rows along.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.views.decorators.debug import sensitive_variables

from kit.context import current_actor, current_context

logger = logging.getLogger(__name__)

Recorded = Any
Writer = Callable[[list[Recorded]], None]
Gate = Callable[[], None]
Who = tuple[int, int, int | None]

P = ParamSpec("P")
R = TypeVar("R")

TRIES: Final = 4
"""How often an action is begun when the database breaks its transaction off because of another one."""
BROKEN_OFF: Final = frozenset({"40001", "40P01"})
"""SQLSTATEs of a serialisation failure and of a deadlock: nothing was done, and the same again will do."""


class NoAction(RuntimeError):
    """Raised when a row is recorded outside `action()`: it would not share the change's transaction."""


@dataclass(slots=True)
class _UnitOfWork:
    rows: list[Recorded] = field(default_factory=list)
    passed: set[Who] = field(default_factory=set)


_unit: ContextVar[_UnitOfWork | None] = ContextVar("unit_of_work", default=None)
_writer: Writer | None = None
_gate: Gate | None = None
_check: Callable[[], None] | None = None


def set_writer(writer: Writer) -> None:
    """Name the function that stores collected rows; the log registers itself at start-up."""
    global _writer
    _writer = writer


def set_gate(gate: Gate) -> None:
    """Name the function that lets an actor into an action, or raises; whoever knows rights registers it at start-up.

    It is called inside the transaction, before anything else is done in it, once for each actor.
    """
    global _gate
    _gate = gate


def _pass_gate(unit: _UnitOfWork) -> None:
    """Let the gate look at an actor who does something in an action for the first time."""
    actor = current_actor()
    who = (int(actor.kind), actor.id, actor.acted_for.user_id if actor.acted_for else None)
    if _gate is not None and who not in unit.passed:
        _gate()
        unit.passed.add(who)


def set_check(check: Callable[[], None]) -> None:
    """Name the function that looks at each action before it is committed, and raises when its rows miss something."""
    global _check
    _check = check


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
    """Run a change and its events in one transaction, by somebody who may still act when it begins.

    Raises:
        NoContext, NoActor: nobody acts; nothing was done.
        DomainError: from the gate; what the actor was found to hold is theirs no more.
    """
    current_actor()
    outer = _unit.get()
    if outer is not None:
        mark = len(outer.rows)
        try:
            with transaction.atomic():
                _pass_gate(outer)
                yield
        except BaseException:
            del outer.rows[mark:]
            raise
        return
    unit = _UnitOfWork()
    token = _unit.set(unit)
    try:
        with transaction.atomic():
            _pass_gate(unit)
            yield
            if unit.rows:
                if _writer is None:
                    raise NoAction("No event writer is registered: the change was not made.")
                _writer(unit.rows)
            if _check is not None:
                _check()
        # What was asked for this action says nothing of the next one: this one may have changed it.
        current_context().asked.clear()
    finally:
        _unit.reset(token)


RACED: Final = frozenset({"23503", "23505"})
"""SQLSTATEs of a reference to nothing and of something that is there twice. Services look for both before they write,
so another action did it at the same moment; done again they see it, and refuse in their own words."""
_RULES: Final[set[str]] = set()
"""Constraints that a service checks itself before it writes."""


def checked_before(constraint: str) -> str:
    """Declare that services check a constraint themselves, and return its name.

    Only another action at the same moment can break it then; done again, the service sees what that one has stored,
    and refuses in its own words.
    """
    _RULES.add(constraint)
    return constraint


def _undone_by_another(error: Exception) -> bool:
    cause = error.__cause__
    broken = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return getattr(cause, "sqlstate", None) in BROKEN_OFF | RACED or broken in _RULES


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service again when the database broke off its transaction because of another one.

    Two actions that wait for each other's rows are no fault of either: one of them is undone, whole, and is done again.
    Its events, mails and wake-ups were undone with it, so nothing is sent twice. Inside another action, or a
    transaction of the caller, that one is the whole, and nothing is tried here.

    Args:
        service: does everything it does inside one `action()`.
    """

    @wraps(service)
    @sensitive_variables()
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_action() or connection.in_atomic_block:
            return service(*args, **kwargs)
        left = TRIES
        while True:
            left -= 1
            try:
                return service(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if not left or not _undone_by_another(error):
                    raise
                logger.warning("%s was broken off by the database and is done again: %s", service.__name__, error)
                time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - so that the same two do not meet again

    return run
