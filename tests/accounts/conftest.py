"""The cast of the account tests, and a recorder of what the app states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.dispatch import Signal

from accounts import signals
from accounts.actors import actor_of
from accounts.models import ApplicationToken, Membership, PlatformPackage, User, Workspace
from accounts.operator import OPERATOR_ID
from accounts.permissions import Role
from accounts.tokens.services import digest_of
from kit.context import SYSTEM, ActionContext, Actor, Surface, acting_as

PASSWORD = "a long enough phrase"
TOKEN_VALUE = "portal_app_" + "t" * 40
ADDRESS = "203.0.113.7"

SIGNALS = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}


@dataclass
class Cast:
    """Who is there: an organisation with two linked workspaces, a stranger's, and the operator's."""

    package: PlatformPackage
    operator: Workspace
    home: Workspace
    linked: Workspace
    strange: Workspace
    owner: User
    admin: User
    member: User
    observer: User
    outsider: User
    staff: User
    token: ApplicationToken


@pytest.fixture
def cast(db: None) -> Cast:
    package = PlatformPackage.objects.create(
        name="Pro EUR", max_data_plans=2, workspaces_allowed=True, max_workspaces=4
    )
    operator = Workspace.objects.get(pk=OPERATOR_ID)
    home = Workspace.objects.create(name="Home", package=package)
    linked = Workspace.objects.create(name="Annex", package=package, main=home)
    strange = Workspace.objects.create(name="Strange", package=package)
    people = {
        name: User.objects.create_user(f"{name}@example.com", PASSWORD, name=f"{name.title()} Sample")
        for name in ("owner", "admin", "member", "observer", "outsider")
    }
    home.super_admin = people["owner"]
    home.save()
    roles = {
        "owner": (home, Role.ADMINISTRATOR),
        "admin": (home, Role.ADMINISTRATOR),
        "member": (home, Role.USER),
        "observer": (home, Role.OBSERVER),
        "outsider": (strange, Role.ADMINISTRATOR),
    }
    for name, (workspace, role) in roles.items():
        Membership.objects.create(user=people[name], workspace=workspace, role=role)
        people[name].default_workspace = workspace
        people[name].save()
    Membership.objects.create(user=people["member"], workspace=linked, role=Role.OBSERVER)
    token = ApplicationToken.objects.create(
        workspace=home, description="ERP", digest=digest_of(TOKEN_VALUE), role=Role.USER, creator=people["member"]
    )
    staff = User.objects.create_user(
        "staff@example.org", PASSWORD, name="Staff Sample", is_staff=True, is_superuser=True
    )
    return Cast(package, operator, home, linked, strange, **people, staff=staff, token=token)


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
def facts() -> Iterator[Facts]:
    """Listen to every signal of the app; the listeners of the log stay away, it has tests of its own."""
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
