"""The cast every test plays with: two customers, the operator, and everybody who may act.

Acme is the workspace tests look at. Its Observer may only read. The outsider is Administrator of Umbra, a stranger's
workspace, and must never see anything of Acme's. Acme's owner is Administrator of Bolt too, so that SIMs can be moved.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_of, staff_actor
from accounts.models import (
    ApplicationToken,
    DataPlan,
    Membership,
    PlatformPackage,
    SupportAccess,
    User,
    Workspace,
)
from accounts.operator import OPERATOR_ID
from accounts.permissions import Role
from accounts.support.services import access_under
from events.writer import forget_persons
from kit.context import ActionContext, Actor, ActorKind, Surface, acting_as
from sims.inventory.numbers import note_numbers
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim, SimBatch, SimModel
from sims.states import DeviceStatus, SimStatus
from sims.tenures import add_tenures
from tests.stage import STAGE, Stage

PASSWORD = "correct horse battery"
STANDING = 2 if settings.SQLITE else 3
"""Queries in which an action of a customer's person, or of a superuser with one less, finds that they may still act:
the lock, which SQLite has not, the account, and its workspaces."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Since when SIMs of the cast are as they are."""

_numbers = itertools.count(1)


@dataclass
class Cast:
    """Who and what there is; see the module's docstring."""

    operator: Workspace
    acme: Workspace
    bolt: Workspace
    umbra: Workspace
    owner: User
    member: User
    observer: User
    outsider: User
    staff: User
    model: SimModel
    plan: DataPlan

    def acting(self, user: User, **options: Any) -> AbstractContextManager[ActionContext]:
        """Open a context in which a customer's user acts through the portal, as the account is by now."""
        facts = {"surface": Surface.PORTAL, "ip": "192.0.2.7", "user_agent": "test", **options}
        return acting_as(actor_of(User.objects.get(pk=user.pk)), **facts)

    def staffing(self, **options: Any) -> AbstractContextManager[ActionContext]:
        """Open a context in which staff act in the admin site."""
        return acting_as(staff_actor(User.objects.get(pk=self.staff.pk)), **{"surface": Surface.ADMIN, **options})

    def token(self, workspace: Workspace | None = None, role: Role = Role.ADMINISTRATOR) -> Actor:
        """Return an actor as an application token makes one; its row is made without events."""
        workspace = workspace or self.acme
        ApplicationToken.objects.update_or_create(
            pk=77, defaults={"workspace": workspace, "description": "ERP", "digest": "77" * 32, "role": role.value}
        )
        return Actor(
            kind=ActorKind.APPLICATION_TOKEN, id=77, label="Application token “ERP”", roles={workspace.pk: role.value}
        )

    def support(self) -> Actor:
        """Return staff in place of Acme's owner, by a visit that is open; its row is made without events."""
        visit, _made = SupportAccess.objects.get_or_create(
            staff=self.staff,
            ended=None,
            defaults={
                "workspace": self.acme,
                "acted_for": self.owner,
                "reason": "Ticket 4711",
                "expires": timezone.now() + timedelta(hours=1),
            },
        )
        return access_under(visit).actor

    def batch(self, workspace: Workspace | None = None, *, count: int = 3, registered: bool = False) -> SimBatch:
        """Make a batch with SIMs, handed to a workspace; registered without events when asked."""
        number = next(_numbers)
        workspace = workspace or self.acme
        batch = SimBatch.objects.create(bic=f"{number:016d}", workspace=workspace, model=self.model, quantity=count)
        Sim.objects.bulk_create(
            Sim(
                iccid=f"89883030{number:05d}{index:06d}",
                imsi=f"90143{number:04d}{index:06d}",
                batch=batch,
                workspace=workspace if registered else None,
            )
            for index in range(count)
        )
        note_numbers(batch.sims.all())
        if registered:
            batch.registered_at = batch.created
            batch.save()
            self.hold(batch.sims.all())
        return batch

    def hold(self, sims: Iterable[Sim], *, since: datetime = LONG_AGO) -> None:
        """Let SIMs have been for long what they are; for those that no service made or changed."""
        add_tenures(sorted(sim.pk for sim in sims), since)

    def sims(self, count: int = 1, *, status: int = SimStatus.ISSUED, workspace: Workspace | None = None) -> list[Sim]:
        """Make registered SIMs in a state, without events."""
        batch = self.batch(workspace, count=count, registered=True)
        batch.sims.update(status=status)
        self.hold(batch.sims.all())
        return list(batch.sims.order_by("pk"))

    def policies(self, workspace: Workspace | None = None) -> tuple[ServicePolicy, CoveragePolicy]:
        """Return a service and a coverage policy of a workspace, made when there are none."""
        workspace = workspace or self.acme
        service, _ = ServicePolicy.objects.get_or_create(workspace=workspace, name="Standard")
        coverage, _ = CoveragePolicy.objects.get_or_create(
            workspace=workspace, name="Worldwide", defaults={"data_plan": self.plan}
        )
        return service, coverage

    def device(
        self,
        *,
        workspace: Workspace | None = None,
        status: int = DeviceStatus.ENABLED,
        sim: Sim | None = None,
        **values: Any,
    ) -> Device:
        """Make a device, with a SIM if given, without events."""
        workspace = workspace or self.acme
        service, coverage = self.policies(workspace)
        values = {"name": f"Pump {next(_numbers)}", **values}
        device = Device.objects.create(
            workspace=workspace, status=status, service_policy=service, coverage_policy=coverage, **values
        )
        if sim is not None:
            Sim.objects.filter(pk=sim.pk).update(device=device)
            self.hold([sim])
        return device

    def client(self, user: User | None = None) -> Client:
        """Return a browser in which somebody has signed in."""
        client = Client()
        if user is not None:
            client.force_login(user)
        return client


def _user(name: str, roles: dict[Workspace, Role], **fields: Any) -> User:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    for workspace, role in roles.items():
        Membership.objects.create(user=user, workspace=workspace, role=role)
    if roles:
        user.default_workspace = next(iter(roles))
        user.save()
    return user


def make_cast() -> Cast:
    """Make everybody and everything."""
    plus = PlatformPackage.objects.create(
        name="Plus EUR", factory_test_allowed=True, workspaces_allowed=True, max_workspaces=3, max_data_plans=4
    )
    basic = PlatformPackage.objects.create(name="Standard EUR")
    plan = DataPlan.objects.create(name="Global Basic", included_mb=100)
    Workspace.objects.filter(pk=OPERATOR_ID).update(name="Test Operator")
    operator = Workspace.objects.get(pk=OPERATOR_ID)
    acme = Workspace.objects.create(name="Acme", package=plus)
    bolt = Workspace.objects.create(name="Bolt", package=plus, main=acme)
    umbra = Workspace.objects.create(name="Umbra", package=basic)
    for workspace in (acme, bolt, umbra):
        workspace.data_plans.add(plan)
    return Cast(
        operator=operator,
        acme=acme,
        bolt=bolt,
        umbra=umbra,
        owner=_user("Olga Owner", {acme: Role.ADMINISTRATOR, bolt: Role.ADMINISTRATOR}),
        member=_user("Max Member", {acme: Role.USER}),
        observer=_user("Olaf Observer", {acme: Role.OBSERVER}),
        outsider=_user("Otto Outsider", {umbra: Role.ADMINISTRATOR}),
        staff=_user("Stella Staff", {}, is_staff=True, is_superuser=True),
        model=SimModel.objects.create(
            description="Industrial nano", form_factor=SimModel.FormFactor.NANO, manufacturer="Example Cards"
        ),
        plan=plan,
    )


@pytest.fixture
def stage() -> Stage:
    """Where the shared cast stands; who asks for it gets the cast before the test's own transaction begins."""
    return STAGE


@pytest.fixture
def cast(stage: Stage, db: None) -> Iterator[Cast]:
    """Everybody and everything; a test may change all of it, the next one finds it as it was."""
    forget_persons()
    yield stage.cast() or make_cast()
    forget_persons()
