"""Who acts, from where and when: the context every action needs.

One ContextVar holds it, so that threads, tasks and nested calls each see their own. Middleware opens a context per
request, `acting_as` opens one for tasks and commands. An action without an actor is refused (`docs/architecture.md`
section 3).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.db.models import IntegerChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ActorKind(IntegerChoices):
    """What kind of thing acts; stored in each event row."""

    USER = 1, _("User")
    APPLICATION_TOKEN = 2, _("Application token")
    STAFF = 3, _("Operator staff")
    STAFF_FOR_USER = 4, _("Operator staff acting for a user")
    ANONYMOUS = 5, _("Not signed in")
    SCHEDULE = 6, _("Schedule")
    NETWORK = 7, _("Network")
    SYSTEM = 8, _("System")


STAFF_KINDS: Final = frozenset({ActorKind.STAFF, ActorKind.STAFF_FOR_USER})
"""The operator's staff, in their own name and in support access."""
PERSON_KINDS: Final = STAFF_KINDS | {ActorKind.USER}
"""Everybody who signs in with credentials of their own."""


class Surface(IntegerChoices):
    """Through which door the action came."""

    PORTAL = 1, _("Portal")
    API = 2, _("API")
    ADMIN = 3, _("Admin site")
    TASK = 4, _("Background task")
    COMMAND = 5, _("Command line")


class NoContext(RuntimeError):
    """Raised when code that acts runs outside any action context: a defect of the caller."""


class NoActor(RuntimeError):
    """Raised when an action starts before somebody was bound as its actor: a defect of the caller."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as events remember them.

    Args:
        user_id: id of the user row, kept for ever.
        name: full name at this moment.
        username: e-mail address at this moment.
    """

    user_id: int
    name: str
    username: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Args:
        kind: see `ActorKind`.
        id: id of the user or of the application token; 0 where the kind has none.
        label: readable and never empty; holds no name or e-mail of a person, those stand in `person`.
        person: the user behind it, `None` for application tokens, schedule, network and system.
        acted_for: the customer's user under support access.
        roles: workspace id to role, for users and tokens; what is absent is not theirs.
        everywhere: staff and the portal itself are not bound to workspaces.
        sim_limits: workspace id to the most SIMs its package lets be activated, `None` for no limit; what is absent
            is not known here. It saves a query where there is no limit, and is never the last word where there is one.
        trials: workspace id to the end of its trial, `None` for none; what is absent is not known here.
        rights: what a member of staff may do, as Django names its permissions ("orders.change_order"); no other actor
            has any. They are read anew for each request and each part of a job, and never stored.
        epoch: of the person's credentials, as the door found it; `None` where nobody signed in. Whoever chooses a new
            password, or signs out everywhere, ends what goes on by the old one.
        closed: those of `roles` that demand a second factor which the person has not set up: theirs, but nothing opens.
    """

    kind: ActorKind
    id: int
    label: str
    person: Person | None = None
    acted_for: Person | None = None
    roles: Mapping[int, str] = field(default_factory=dict, hash=False)
    everywhere: bool = False
    sim_limits: Mapping[int, int | None] = field(default_factory=dict, hash=False)
    trials: Mapping[int, datetime | None] = field(default_factory=dict, hash=False)
    closed: frozenset[int] = frozenset()
    epoch: int | None = None
    rights: Container[str] = field(default=frozenset(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("An actor needs a label: events show it where no user is known.")

    def holds(self, right: str) -> bool:
        """Tell whether a right of the operator's staff is the actor's: staff have some, the portal itself has all."""
        return right in self.rights if self.kind == ActorKind.STAFF else self.everywhere

    @property
    def open_workspaces(self) -> list[int]:
        """The ids of the workspaces whose objects the actor reaches, with whatever role."""
        return [workspace_id for workspace_id in self.roles if workspace_id not in self.closed]


SYSTEM = Actor(kind=ActorKind.SYSTEM, id=0, label="System", everywhere=True)
SCHEDULE = Actor(kind=ActorKind.SCHEDULE, id=0, label="Schedule", everywhere=True)
NETWORK = Actor(kind=ActorKind.NETWORK, id=0, label="Network", everywhere=True)
ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS, id=0, label="Not signed in")


@dataclass(slots=True)
class ActionContext:
    """The surroundings of one request, task or command.

    Args:
        actor: `None` until somebody has authenticated.
        request_id: ties all rows of one request together; also the `X-Request-ID` response header.
        ip: client address, `None` outside HTTP.
        user_agent: as sent, cut to 256 characters.
        surface: which door.
        moment: a fixed time in UTC for everything recorded here; only the demo loader sets it.
        reverses: the event or request that is being reversed, as each row recorded meanwhile names it; see `reversing`.
        scheduled: which scheduled action is carried out, with the moments when it was asked for and due, as each row
            recorded meanwhile names it; see `as_scheduled`.
        asked: the rights that were found since the last action: workspace (`None` for a right of staff) and right to
            what asks for it again. An action that begins may find another actor than the one who was asked for.
        epochs: person and epoch that the person has made meanwhile: by it the rest of the request goes on.
    """

    actor: Actor | None
    request_id: uuid.UUID
    ip: str | None = None
    user_agent: str = ""
    surface: Surface = Surface.TASK
    moment: datetime | None = None
    reverses: Mapping[str, int | str] | None = None
    scheduled: Mapping[str, int | str] | None = None
    asked: dict[tuple[int | None, str], Callable[[], object]] = field(default_factory=dict, init=False)
    epochs: set[tuple[int, int]] = field(default_factory=set, init=False)

    def now(self) -> datetime:
        """Return the moment of the action, aware, in UTC."""
        return self.moment or timezone.now()


_context: ContextVar[ActionContext | None] = ContextVar("action_context", default=None)


def current_context() -> ActionContext:
    """Return the open context.

    Raises:
        NoContext: nothing opened one.
    """
    context = _context.get()
    if context is None:
        raise NoContext("No action context is open: use acting_as() in tasks, commands and tests.")
    return context


def open_context() -> ActionContext | None:
    """Return the open context, or `None`; for code that only wants to label its output."""
    return _context.get()


def current_actor() -> Actor:
    """Return who acts.

    Raises:
        NoContext: nothing opened a context.
        NoActor: nobody has been bound to it yet.
    """
    actor = current_context().actor
    if actor is None:
        raise NoActor("Nobody is acting: bind an actor before calling a service.")
    return actor


def go_on_with(user_id: int, epoch: int) -> None:
    """Let a person who ends the own credentials go on in this request; nothing if somebody else does it.

    Args:
        user_id: whose credentials end.
        epoch: the one that follows; should the change be undone, it is nobody's, and the one before still holds.
    """
    context = open_context()
    actor = context.actor if context is not None else None
    if context is not None and actor is not None and actor.person is not None and actor.person.user_id == user_id:
        context.epochs.add((user_id, epoch))


def bind_actor(actor: Actor) -> None:
    """Name the actor of the open context, once it has authenticated."""
    current_context().actor = actor


@contextmanager
def context(new: ActionContext) -> Iterator[ActionContext]:
    """Open `new` as the current context and restore the former one afterwards."""
    token = _context.set(new)
    try:
        yield new
    finally:
        _context.reset(token)


@contextmanager
def acting_as(
    actor: Actor,
    *,
    surface: Surface = Surface.TASK,
    moment: datetime | None = None,
    request_id: uuid.UUID | None = None,
    ip: str | None = None,
    user_agent: str = "",
) -> Iterator[ActionContext]:
    """Open a context for a task, a command or a test.

    Args:
        actor: who acts in it.
        surface: which door.
        moment: fixed UTC time for all that is recorded; the demo loader only.
        request_id: continues an earlier request, e.g. the one that started the task; a new one when left out.
        ip: client address to record.
        user_agent: client to record.
    """
    new = ActionContext(
        actor=actor,
        request_id=request_id or uuid.uuid4(),
        ip=ip,
        user_agent=user_agent[:256],
        surface=surface,
        moment=moment,
    )
    with context(new):
        yield new


@contextmanager
def acting_within(actor: Actor) -> Iterator[ActionContext]:
    """Let another actor act inside the open context: same request, address and moment.

    For what a request causes on somebody else's behalf, e.g. a failed sign-in recorded before anybody is known.
    """
    with context(replace(current_context(), actor=actor)) as inner:
        yield inner


@contextmanager
def reversing(*, event: int | None = None, request: uuid.UUID | None = None) -> Iterator[ActionContext]:
    """Let everything recorded inside name what it reverses: one event, or all events of a request.

    Services know nothing of it: what they do is an ordinary action.

    Args:
        event: id of the event that is reversed.
        request: id of the request whose events are reversed.
    """
    named: dict[str, int | str] = {"event": event} if event is not None else {"request": str(request)}
    with context(replace(current_context(), reverses=named)) as inner:
        yield inner


@contextmanager
def as_scheduled(named: Mapping[str, int | str] | None) -> Iterator[ActionContext]:
    """Let everything recorded inside name the scheduled action that is carried out.

    Args:
        named: its id and both of its moments; `None` for an action that was not scheduled.
    """
    with context(replace(current_context(), scheduled=named)) as inner:
        yield inner
