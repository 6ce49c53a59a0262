"""A small world that services have made from the first, so that its log tells all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from accounts.models import User, Workspace
from accounts.people.services.members import add_member
from accounts.people.services.staff_accounts import create_user
from accounts.permissions import Role
from accounts.workspaces.services.workspaces import create_workspace
from kit.context import ActionContext
from sims.devices.services.devices import NewDevice, create_devices
from sims.inventory.services.allotment import reserve_batch
from sims.inventory.services.imports import import_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.stock import SimRecord, create_batch
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim, SimBatch
from sims.policies.services.policies import create_coverage_policy, create_service_policy
from sims.states import SimStatus
from tests.cast import Cast


@dataclass
class World:
    """Two workspaces of one owner, with policies; see the module's docstring."""

    cast: Cast
    home: Workspace
    away: Workspace
    owner: User
    member: User
    service: ServicePolicy
    coverage: CoveragePolicy
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def acting(self) -> AbstractContextManager[ActionContext]:
        """Open a context in which the owner acts."""
        return self.cast.acting(self.owner)

    def stock(self, count: int = 3, *, workspace: Workspace | None = None) -> SimBatch:
        """Make a batch of imported SIMs, reserved for a workspace if one is given."""
        number = next(self._numbers)
        with self.cast.staffing():
            batch = create_batch(bic=f"77{number:014d}", model=self.cast.model)
            records = [SimRecord(f"8988304{number:05d}{at:07d}", f"90155{number:04d}{at:06d}") for at in range(count)]
            import_sims(batch_id=batch.pk, records=records)
            if workspace is not None:
                reserve_batch(batch_id=batch.pk, workspace_id=workspace.pk)
        return batch

    def sims(self, count: int = 3, *, status: int = SimStatus.ISSUED) -> list[Sim]:
        """Make SIMs and register them at home."""
        batch = self.stock(count, workspace=self.home)
        with self.acting():
            register_batch(workspace_id=self.home.pk, bic=batch.bic, status=status)
        return list(batch.sims.order_by("pk"))

    def devices(self, *names: str, **values: object) -> list[Device]:
        """Make devices at home."""
        with self.acting():
            return create_devices(
                workspace_id=self.home.pk,
                devices=[NewDevice(name, self.service.pk, self.coverage.pk, **values) for name in names],  # type: ignore[arg-type]
            )


def make_world(cast: Cast) -> World:
    """Make the world."""
    package = cast.acme.package_id
    with cast.staffing():
        home, away = (
            create_workspace(name=name, package_id=package, data_plan_ids=[cast.plan.pk]) for name in ("Home", "Away")
        )
        owner, member = (
            create_user(email=f"{name}@replay.example", name=f"{name.title()} Replay") for name in ("olivia", "milo")
        )
        for workspace in (home, away):
            add_member(workspace_id=workspace.pk, user_id=owner.pk, role=Role.ADMINISTRATOR)
        add_member(workspace_id=home.pk, user_id=member.pk, role=Role.USER)
    with cast.acting(owner):
        service = create_service_policy(workspace_id=home.pk, values={"name": "Standard"})
        coverage = create_coverage_policy(
            workspace_id=home.pk, values={"name": "Worldwide", "data_plan_id": cast.plan.pk}
        )
    return World(cast, home, away, owner, member, service, coverage)
