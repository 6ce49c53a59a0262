"""What two people do at the same moment ends in a refusal in words for one of them, and in no error of the database.

On PostgreSQL each has looked before either has written; on SQLite they come one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.models import Invitation, Membership, User
from accounts.people.services import invitations
from accounts.people.services.invitations import invite_user
from accounts.permissions import Role
from kit.action import RACED, TRIES, retried
from kit.errors import Conflict, DomainError, Invalid, NotFound
from sims.devices.services.devices import NewDevice, create_devices
from sims.models import CoveragePolicy, Device, ServicePolicy
from sims.policies.services import policies
from sims.policies.services.policies import create_coverage_policy, create_service_policy, delete_service_policy
from tests.cast import Cast
from tests.sims.test_concurrency import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_too("writers wait for each other there")]


def meet(patch: pytest.MonkeyPatch, where: object, name: str, vendor: str) -> None:
    """Let the first two who come by a function of a service wait for each other, where both can be in it at once."""
    original = getattr(where, name)
    if vendor != "postgresql":
        return
    barrier, come = threading.Barrier(2), iter(range(10**6))

    def waiting(*args: object, **kwargs: object) -> object:
        found = original(*args, **kwargs)
        if next(come) < 2:
            # Where the database lets one in at a time, the other one never comes.
            with suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=2)
        return found

    patch.setattr(where, name, waiting)


@pytest.mark.parametrize("kind", ["service", "coverage"])
def test_two_policies_of_one_name(cast: Cast, kind: str, vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.acme.data_plans.add(cast.plan)
    meet(monkeypatch, policies, "_validate", vendor)

    def create() -> object:
        with cast.acting(cast.owner):
            if kind == "service":
                return create_service_policy(workspace_id=cast.acme.pk, values={"name": "Standard"})
            values = {"name": "Standard", "data_plan_id": cast.plan.pk}
            return create_coverage_policy(workspace_id=cast.acme.pk, values=values)

    results = at_once(create, create)
    (refused,) = [each for each in results if isinstance(each, DomainError)]
    assert isinstance(refused, Invalid)
    assert (refused.field, refused.message) == ("name", f"A {kind} policy of this name exists.")
    model = ServicePolicy if kind == "service" else CoveragePolicy
    assert model._default_manager.filter(workspace=cast.acme).count() == 1


def test_a_device_with_a_policy_that_is_deleted(cast: Cast, vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service, coverage = cast.policies()

    def create() -> object:
        with cast.acting(cast.owner):
            fresh = NewDevice(name="Pump", service_policy_id=service.pk, coverage_policy_id=coverage.pk)
            create_devices(workspace_id=cast.acme.pk, devices=[fresh])
        return None

    def delete() -> object:
        with cast.acting(cast.owner):
            delete_service_policy(workspace_id=cast.acme.pk, policy_id=service.pk)
        return None

    results = at_once(create, delete)
    (refused,) = [each for each in results if each is not None]
    assert isinstance(refused, Conflict | NotFound | Invalid)
    assert ServicePolicy.objects.filter(pk=service.pk).exists() == Device.objects.filter(name="Pump").exists()


def test_a_new_address_is_invited_into_two_workspaces(cast: Cast, vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = {"role": Role.ADMINISTRATOR}
    Membership.objects.update_or_create(user=cast.owner, workspace=cast.bolt, defaults=roles)
    meet(monkeypatch, invitations, "seat_taken", vendor)

    def invite(workspace_id: int) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return invite_user(
                    workspace_id=workspace_id, email="new@example.com", name="New Person", role=Role.USER, link=str
                )

        return act

    results = at_once(invite(cast.acme.pk), invite(cast.bolt.pk))
    (refused,) = [each for each in results if isinstance(each, DomainError)]
    assert "has not accepted an earlier invitation yet" in refused.message
    assert User.objects.filter(email="new@example.com").count() == Invitation.objects.count() == 1


@pytest.mark.parametrize("state", sorted(RACED))
def test_what_is_no_race_is_raised_after_a_few_tries(state: str) -> None:
    tried: list[int] = []

    class Broken(Exception):
        sqlstate = state

    @retried
    def service() -> None:
        tried.append(1)
        raise IntegrityError("broken") from Broken()

    with pytest.raises(IntegrityError):
        service()
    assert len(tried) == TRIES
    with transaction.atomic(), pytest.raises(IntegrityError):
        service()
    assert len(tried) == TRIES + 1
    connections.close_all()
