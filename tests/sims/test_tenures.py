"""Tenures say at every moment what services have made of a SIM (`docs/rules.md` section 19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.workspaces.services.workspaces import update_workspace
from kit.context import NETWORK, acting_as
from sims.devices.services.devices import NewDevice, create_devices, delete_devices_with_sims, update_devices
from sims.devices.services.status import disable_devices, enable_devices, reset_connectivity, set_device_status
from sims.inventory.services.allotment import assign_sims as put_into
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import CoveragePolicy, Sim, SimBatch, SimTenure
from sims.tenures import keep
from sims.usage.services.factory_test import settle
from tests.cast import Cast
from tests.usage.records import deliver, record

pytestmark = pytest.mark.sqlite_too("tenures are kept by SQL for each database")

STATE = ("workspace_id", "device_id", "status", "device_status", "service_policy_id", "coverage_policy_id")


def newest(sim_id: int) -> tuple[Any, ...]:
    return tuple(SimTenure.objects.filter(sim_id=sim_id).order_by("-since").values_list(*STATE)[0])


def present(sim_id: int) -> tuple[Any, ...]:
    columns = ("device__status", "device__service_policy_id", "device__coverage_policy_id")
    return tuple(Sim.objects.values_list("workspace_id", "device_id", "status", *columns).get(pk=sim_id))


def test_every_step_of_a_life_is_kept(cast: Cast) -> None:
    """After each action of a service the newest tenure is what stands in SIM and device, since that moment."""
    batch = cast.batch(count=2)
    sim, other = batch.sims.order_by("pk").values_list("pk", flat=True)
    acme, bolt = cast.acme.pk, cast.bolt.pk
    service, coverage = cast.policies()
    second = CoveragePolicy.objects.create(workspace=cast.acme, name="Second", data_plan=cast.plan)
    device = cast.device(workspace=cast.bolt).pk
    made: list[int] = []

    def create() -> None:
        new = NewDevice("Pump", service.pk, coverage.pk, sim=SimChoice(sim, 4))
        made.append(create_devices(workspace_id=acme, devices=[new])[0].pk)

    def check() -> None:
        with acting_as(NETWORK, moment=moment):
            deliver(record(Sim.objects.get(pk=sim), sms=10, ended=moment), moment=moment)
            settle(number=(sim - 1) // 50_000)

    def restrict() -> None:
        with cast.staffing(moment=moment):
            update_workspace(workspace_id=bolt, changes={"factory_test_override": False})

    life: list[tuple[Callable[[], Any], bool]] = [
        (lambda: register_batch(workspace_id=acme, bic=batch.bic), True),
        (create, True),
        (check, True),
        (lambda: disable_devices(workspace_id=acme, device_ids=made), True),
        (lambda: enable_devices(workspace_id=acme, device_ids=made), True),
        # Ends where it began, so nothing is kept.
        (lambda: reset_connectivity(workspace_id=acme, device_ids=made), False),
        (lambda: update_devices(workspace_id=acme, changes={made[0]: {"name": "Valve"}}), False),
        (lambda: update_devices(workspace_id=acme, changes={made[0]: {"coverage_policy_id": second.pk}}), True),
        (lambda: set_device_status(workspace_id=acme, device_ids=made, to=1), True),
        (lambda: release_sims(workspace_id=acme, device_ids=made, suspend=True), True),
        (lambda: change_sim_status(workspace_id=acme, sim_ids=[sim], to=1), True),
        (lambda: transfer_sims(target_id=bolt, sim_ids=[sim, other], dry_run=False), True),
        (lambda: assign_sims(workspace_id=bolt, choices={device: SimChoice(sim, 1)}), True),
        (lambda: change_sim_status(workspace_id=bolt, sim_ids=[other], to=4), False),
        (restrict, False),
        (lambda: delete_devices_with_sims(workspace_id=bolt, device_ids=[device], delete_sims=True), True),
    ]
    moment = timezone.now().replace(microsecond=250_000) - timedelta(days=2)
    for step, (act, changes) in enumerate(life):
        moment += timedelta(minutes=1)
        before = SimTenure.objects.filter(sim_id=sim).count()
        with cast.acting(cast.owner, moment=moment):
            act()
        assert newest(sim) == present(sim), step
        assert newest(other) == present(other), step
        assert (SimTenure.objects.filter(sim_id=sim).count() > before) is changes, step
        if changes:
            assert SimTenure.objects.filter(sim_id=sim).latest("since").since == moment, step
    assert present(sim)[2:3] == (3,)
    assert present(other)[2:3] == (1,)


def test_what_staff_put_into_an_inventory_is_held_from_then_on(cast: Cast) -> None:
    batch = cast.batch(count=2)
    SimBatch.objects.filter(pk=batch.pk).update(workspace=None)
    first, second = batch.sims.order_by("pk").values_list("pk", flat=True)
    moment = timezone.now() - timedelta(minutes=5)
    with cast.staffing(moment=moment):
        put_into(sim_ids=[first], workspace_id=cast.acme.pk, status=1)
        put_into(sim_ids=[second], workspace_id=cast.bolt.pk)
    held = SimTenure.objects.order_by("sim_id").values_list("sim_id", "since", "workspace_id", "status")
    assert list(held.filter(sim_id__in=[first, second])) == [
        (first, moment, cast.acme.pk, 1),
        (second, moment, cast.bolt.pk, 0),
    ]


def test_thousands_are_kept_by_one_statement(cast: Cast, django_assert_num_queries: Any) -> None:
    sims = cast.sims(300, status=1)
    Sim.objects.filter(pk__in=[sim.pk for sim in sims]).update(status=2)
    with cast.acting(cast.owner), django_assert_num_queries(1):
        keep(sim.pk for sim in sims)
    assert SimTenure.objects.filter(sim_id__in=[sim.pk for sim in sims], status=2).count() == 300
    with cast.acting(cast.owner), django_assert_num_queries(1):
        keep(sim.pk for sim in sims)
    assert SimTenure.objects.filter(sim_id__in=[sim.pk for sim in sims], status=2).count() == 300


def test_a_clock_that_is_set_back_makes_no_tenure_in_the_past(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    now = timezone.now()
    with cast.acting(cast.owner, moment=now):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    with cast.acting(cast.owner, moment=now - timedelta(minutes=1)):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=1)
    assert newest(sim.pk) == present(sim.pk)
    assert SimTenure.objects.filter(sim_id=sim.pk).latest("since").since == now


def test_an_action_that_fails_keeps_nothing(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    before = SimTenure.objects.count()
    with cast.acting(cast.owner), pytest.raises(RuntimeError, match="on purpose"):
        from django.db import transaction

        with transaction.atomic():
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
            raise RuntimeError("on purpose")
    assert SimTenure.objects.count() == before


def test_the_migration_begins_with_what_is_known(cast: Cast) -> None:
    (plain,) = cast.sims(status=1)
    device = cast.device(sim=plain)
    (tested,) = cast.sims(status=4)
    cast.device(sim=tested)
    cast.batch(count=1)
    changed = timezone.now() - timedelta(days=3)
    began = changed - timedelta(days=9)
    Sim.objects.filter(pk__in=[plain.pk, tested.pk]).update(last_updated=changed)
    Sim.objects.filter(pk=tested.pk).update(factory_test_since=began)
    deliver(record(tested, sms=1), record(plain, sms=1))
    SimTenure.objects.all().delete()
    migration = import_module("sims.migrations.0005_tenures")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sims_usagerecord SET tested = (1 = 0)")
        for statement in (migration.TENURES, migration.TESTS, migration.TESTED):
            cursor.execute(statement)
    rows = list(SimTenure.objects.order_by("sim_id", "since").values_list("sim_id", "since", "device_id", "status"))
    held = Sim.objects.get(pk=tested.pk).device_id
    assert rows == [
        (plain.pk, changed, device.pk, 1),
        (tested.pk, began, None, 4),
        (tested.pk, changed, held, 4),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sim_id FROM sims_usagerecord WHERE tested")
        assert cursor.fetchall() == [(tested.pk,)]
    assert isinstance(rows[0][1], datetime)
