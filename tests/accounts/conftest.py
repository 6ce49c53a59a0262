"""The firm that the tests of accounts play in, and a recorder of what the app states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.dispatch import Signal

from accounts import signals
from accounts.actors import actor_of
from accounts.models import ApplicationToken, Membership, User
from accounts.permissions import Role
from accounts.tokens.services import digest_of
from kit.context import SYSTEM, ActionContext, Actor, Surface, acting_as
from tests.cast import PASSWORD, Cast

TOKEN_VALUE = "portal_app_" + "t" * 40
ADDRESS = "203.0.113.7"

SIGNALS = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}


@dataclass
class Firm(Cast):
    """The cast, in an organisation that is led: Acme's owner is SuperAdmin, and so of the linked Bolt.

    Acme has a second Administrator and an application token. Its member only observes Bolt, the owner has no
    membership there.
    """

    admin: User
    erp: ApplicationToken


@pytest.fixture
def firm(cast: Cast) -> Firm:
    """The cast with what the services of accounts are tried on."""
    admin = User.objects.create_user("ada.admin@example.com", PASSWORD, name="Ada Admin", default_workspace=cast.acme)
    Membership.objects.create(user=admin, workspace=cast.acme, role=Role.ADMINISTRATOR)
    Membership.objects.filter(user=cast.owner, workspace=cast.bolt).delete()
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.OBSERVER)
    cast.acme.super_admin = cast.owner
    cast.acme.save()
    erp = ApplicationToken.objects.create(
        workspace=cast.acme, description="ERP", digest=digest_of(TOKEN_VALUE), role=Role.USER, creator=cast.member
    )
    return Firm(**vars(cast), admin=admin, erp=erp)


@dataclass
class Facts:
    """What was stated: signal name and arguments, in order."""

    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [name for name, _arguments in self.seen]

    def one(self, name: str) -> dict[str, Any]:
        found = [arguments for seen, arguments in self.seen if seen == name]
        assert len(found) == 1, f"{name}: {len(found)} times in {self.names}"
        return found[0]

    def clear(self) -> None:
        self.seen.clear()


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Facts]:
    """Listen to every signal of the app; the listeners of the log stay away, it has tests of its own."""
    monkeypatch.setattr("kit.action._check", None)
    recorded = Facts()
    kept = {name: signal.receivers for name, signal in SIGNALS.items()}
    listeners = []
    for name, signal in SIGNALS.items():
        signal.receivers = []
        signal.sender_receivers_cache.clear()

        def listen(_name: str = name, **arguments: Any) -> None:
            arguments.pop("signal")
            arguments.pop("sender")
            recorded.seen.append((_name, arguments))

        listeners.append(listen)
        signal.connect(listen, weak=False)
    yield recorded
    for name, signal in SIGNALS.items():
        signal.receivers = kept[name]
        signal.sender_receivers_cache.clear()


@contextmanager
def by(actor: Actor | User, surface: Surface = Surface.PORTAL) -> Iterator[ActionContext]:
    """Act as a user (read anew) or an actor, from a fixed address."""
    with acting_as(actor_of(actor) if isinstance(actor, User) else actor, surface=surface, ip=ADDRESS) as opened:
        yield opened


@contextmanager
def by_system() -> Iterator[ActionContext]:
    with by(SYSTEM) as opened:
        yield opened
