"""Two people acting on the same SIM at once: never a double, never a lost event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, PlatformPackage, User, Workspace
from accounts.people.services.members import change_role
from accounts.permissions import Role
from events.models import Event
from kit.action import action
from kit.context import SCHEDULE, acting_as
from kit.errors import Conflict, DomainError
from kit.outcomes import Outcome
from sims.devices.services.devices import NewDevice, create_devices, delete_devices_with_sims, update_devices
from sims.devices.services.patches import DevicePatch, SimPatch, patch_devices
from sims.devices.services.status import disable_devices, enable_devices
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Device, Sim
from sims.states import SimStatus
from sims.usage.services.factory_test import settle
from sims.usage.services.ingest_sql import SPAN
from tests.cast import Cast
from tests.log import types

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.sqlite_too("writers wait for each other as SQLite lets them"),
]


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run actions at the same moment, each with a connection of its own, and return what they gave or raised."""
    barrier = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(index: int) -> None:
        try:
            barrier.wait()
            results[index] = actions[index]()
        except DomainError as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_same_change_twice_is_one_event_a_sim(cast: Cast) -> None:
    ids = [sim.pk for sim in cast.sims(40, status=1)]

    def suspend(order: list[int]) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return change_sim_status(workspace_id=cast.acme.pk, sim_ids=order, to=2)

        return act

    outcomes = at_once(suspend(ids), suspend(ids[::-1]), suspend(ids), suspend(ids[::-1]))
    assert sorted(len(outcome.changed) for outcome in outcomes) == [0, 0, 0, 40]  # type: ignore[attr-defined]
    assert types() == [9] * 40


def test_opposite_changes_leave_a_log_that_explains_the_state(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)

    def to(state: int) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=state)

        return act

    at_once(*[to(state) for state in (2, 1, 2, 1, 2, 1)])
    sim.refresh_from_db()
    moves = list(Event.objects.order_by("id").values_list("old_state", "new_state"))
    state = 1
    for old, new in moves:
        assert old == state
        state = new or 0
    assert sim.status == state


def test_one_sim_goes_on_one_device(cast: Cast) -> None:
    (sim,) = cast.sims()
    devices = [cast.device() for _ in range(4)]

    def assign(device_id: int) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                assign_sims(workspace_id=cast.acme.pk, choices={device_id: SimChoice(sim.pk)}).raise_if_refused()
            return None

        return act

    results = at_once(*[assign(device.pk) for device in devices])
    assert sum(result is None for result in results) == 1
    assert types() == [51]
    assert Sim.objects.get().device_id == Event.objects.get().device_id


def test_one_device_takes_one_sim(cast: Cast) -> None:
    sims = cast.sims(4)
    device = cast.device()

    def assign(sim_id: int) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim_id)}).raise_if_refused()
            return None

        return act

    results = at_once(*[assign(sim.pk) for sim in sims])
    assert sum(result is None for result in results) == 1
    assert types() == [51]


def test_a_batch_is_registered_once(cast: Cast) -> None:
    batch = cast.batch(count=5)

    def register() -> object:
        with cast.acting(cast.owner):
            return register_batch(workspace_id=cast.acme.pk, bic=batch.bic, status=1)

    results = at_once(register, register, register)
    assert sum(isinstance(result, DomainError) for result in results) == 2
    assert types() == [48, 8, 8, 8, 8, 8]


def test_people_do_not_use_the_same_room_of_a_package(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=7)
    sims = cast.sims(12, status=2)
    devices = [cast.device(sim=sim, status=1) for sim in sims[6:]]

    def activate(ids: list[int]) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=1)

        return act

    def enable(ids: list[int]) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return enable_devices(workspace_id=cast.acme.pk, device_ids=ids)

        return act

    outcomes = at_once(
        activate([sim.pk for sim in sims[:6]]),
        activate([sim.pk for sim in sims[:6]]),
        enable([device.pk for device in devices[:3]]),
        enable([device.pk for device in devices[3:]]),
    )
    assert Sim.objects.filter(status=1).count() == 7
    changed: list[int] = [pk for outcome in outcomes for pk in outcome.changed]  # type: ignore[attr-defined]
    assert len(changed) == 7
    assert types().count(8) == 7


def test_patches_of_endpoints_and_other_actions_wait_in_one_order(cast: Cast) -> None:
    """Workspace, devices, SIMs: whoever took them in another order would end in a circle on PostgreSQL."""
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=1_000)
    sims = cast.sims(12, status=2)
    devices = [cast.device(sim=sim, status=1) for sim in sims]
    spare = cast.sims(12)
    ids = [device.pk for device in devices]
    service, coverage = cast.policies()

    def acting(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            with cast.acting(cast.owner):
                return [act() for _ in range(4)]

        return run

    def patch(order: list[int], status: int) -> Callable[[], object]:
        asked = DevicePatch({"name": f"to {status}"}, status, SimPatch(status=2 if status else 1))
        return acting(lambda: patch_devices(workspace_id=cast.acme.pk, patches=dict.fromkeys(order, asked)))

    def create(cards: list[Sim]) -> Callable[[], object]:
        left = [card.pk for card in cards]

        def make(name: str, choice: SimChoice) -> None:
            new = NewDevice(name, service.pk, coverage.pk, sim=choice)
            create_devices(workspace_id=cast.acme.pk, devices=[new])

        def one() -> None:
            make("One", SimChoice(left.pop(), status=1))
            make("As it is", SimChoice(left.pop()))
            make("Two", SimChoice(left.pop(), activate=True))

        return acting(one)

    results = at_once(
        patch(ids, 0),
        patch(ids[::-1], 1),
        patch(ids[:1], 0),
        acting(lambda: enable_devices(workspace_id=cast.acme.pk, device_ids=ids)),
        acting(lambda: disable_devices(workspace_id=cast.acme.pk, device_ids=ids)),
        acting(lambda: change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=1)),
        create(spare),
    )
    assert all(isinstance(result, list) and len(result) == 4 for result in results), results
    assert Device.objects.of(cast.acme.pk).count() == 24


@pytest.mark.parametrize(
    "asked", [{"status": 1}, {"sim": SimPatch(status=1)}, {"sim": SimPatch(activate=True)}], ids=str
)
def test_a_patch_locks_the_workspace_before_devices_and_sims(cast: Cast, asked: dict[str, Any]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock")
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=1_000)
    (sim,) = cast.sims(status=4)
    device = cast.device(sim=sim)
    patches = {device.pk: DevicePatch({"name": "New"}, **asked)}
    with cast.acting(cast.owner), CaptureQueriesContext(connection) as captured:
        patch_devices(workspace_id=cast.acme.pk, patches=patches)
    locks = [query["sql"] for query in captured.captured_queries if " FOR " in query["sql"]]
    assert f'FROM "{Workspace._meta.db_table}"' in locks[0]
    assert "FOR NO KEY UPDATE" in locks[0]
    assert f'FROM "{Device._meta.db_table}"' in locks[1]


@pytest.mark.postgresql
@pytest.mark.parametrize("door", ["sims", "device", "test"])
def test_who_waited_for_a_sim_names_its_device_as_it_is_then(cast: Cast, door: str) -> None:
    sim = cast.sims(status=SimStatus.FACTORY_TEST if door == "test" else SimStatus.ACTIVATED)[0]
    device = cast.device(name="Old name", tags="old")
    Sim.objects.filter(pk=sim.pk).update(factory_test_since=sim.imported - timedelta(days=999))

    def second() -> object:
        if door == "test":
            with acting_as(SCHEDULE):
                return settle(number=sim.pk // SPAN)
        with cast.acting(cast.owner):
            if door == "sims":
                return change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.SUSPENDED)
            return transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], auto_detach=True, dry_run=False)

    def first() -> None:
        with cast.acting(cast.owner), action():
            assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim.pk)})
            update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "New name", "tags": "new"}})
            thread.start()
            wait_until_it_waits_for_a_lock(thread)

    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(at_once(second)))
    first()
    thread.join()
    if door == "device":
        # It had locked no device before it waited, and now there is one.
        assert isinstance(results[0], Conflict)
        return
    event = Event.objects.order_by("-id")[0]
    assert event.type == {"sims": 9, "test": 8}[door]
    assert (event.device_id, event.device_name, event.device_tags) == (device.pk, "New name", "new")


def wait_until_it_waits_for_a_lock(thread: threading.Thread) -> None:
    waiting = 0
    while not waiting:
        assert thread.is_alive(), "it did not have to wait"
        with connection.cursor() as cursor:
            # Within a transaction what others do is remembered from the first look.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            waiting = cursor.fetchone()[0]


@pytest.mark.postgresql
def test_who_waited_for_a_workspace_reads_the_package_it_has_then(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=5)
    small = PlatformPackage.objects.create(name="Small", max_active_sims=0)
    (sim,) = cast.sims(status=SimStatus.SUSPENDED)

    def activate() -> object:
        with cast.acting(cast.owner):
            return change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)

    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(at_once(activate)))
    with transaction.atomic():
        Workspace.objects.filter(pk=cast.acme.pk).update(package=small)
        thread.start()
        wait_until_it_waits_for_a_lock(thread)
    thread.join()
    (outcome,) = results
    assert isinstance(outcome, Outcome)
    assert [refusal.code for refusal in outcome.refused] == ["limit_reached"]


@pytest.mark.postgresql
def test_who_waited_for_a_membership_names_the_person_as_they_are_called_then(cast: Cast) -> None:
    def change() -> object:
        with cast.acting(cast.owner):
            return change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role=Role.OBSERVER)

    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(at_once(change)))
    with transaction.atomic():
        Membership.objects.select_for_update().get(workspace=cast.acme, user=cast.member)
        User.objects.filter(pk=cast.member.pk).update(name="Maximilian Member")
        thread.start()
        wait_until_it_waits_for_a_lock(thread)
    thread.join()
    subject = Event.objects.select_related("subject").get(type=10024).subject
    assert subject is not None
    assert subject.name == "Maximilian Member"


@pytest.mark.postgresql
def test_deleting_devices_with_their_sims_leaves_a_sim_that_was_taken_off_alone(cast: Cast) -> None:
    """Somebody takes the SIM off while the deletion waits for the device."""
    (sim,) = cast.sims(status=1)
    device = cast.device(sim=sim)

    def delete() -> object:
        with cast.acting(cast.owner):
            return delete_devices_with_sims(workspace_id=cast.acme.pk, device_ids=[device.pk], delete_sims=True)

    deleting = threading.Thread(target=at_once, args=(delete,))
    with transaction.atomic(), cast.acting(cast.member):
        release_sims(workspace_id=cast.acme.pk, device_ids=[device.pk])
        deleting.start()
        with connection.cursor() as cursor:
            waiting = False
            while not waiting:
                cursor.execute(
                    "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                    " WHERE NOT l.granted AND a.datname = current_database())"
                )
                (waiting,) = cursor.fetchone()
                time.sleep(0.02)
    deleting.join()
    sim.refresh_from_db()
    device.refresh_from_db()
    assert (sim.device_id, sim.status, device.status) == (None, 1, 2)
    assert types() == [43, 50, 10004]
