"""Each verb has one service for one object and for many: the same queries, and each has its own values and refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit.errors import DomainError, Invalid, NotFound
from sims.devices.services.devices import (
    NewDevice,
    create_devices,
    delete_devices,
    delete_devices_with_sims,
    update_devices,
)
from sims.devices.services.patches import DevicePatch, Refused, SimPatch, patch_devices
from sims.devices.services.status import set_device_status
from sims.devices.services.tags import change_tags
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import rows, types

Act = Callable[[], object]
Prepare = Callable[[Cast, int], Act]

ACTIVATED, FACTORY_TEST = SimStatus.ACTIVATED, SimStatus.FACTORY_TEST
NOBODY = 999_999_999


def holders(cast: Cast, count: int) -> list[Device]:
    return [cast.device(sim=sim) for sim in cast.sims(count, status=ACTIVATED)]


def create(cast: Cast, count: int) -> Act:
    service, coverage = cast.policies()
    choices = [SimChoice(sim.pk, activate=True) for sim in cast.sims(count)]
    new = [NewDevice(f"New {n}", service.pk, coverage.pk, sim=choice) for n, choice in enumerate(choices)]
    return lambda: create_devices(workspace_id=cast.acme.pk, devices=new)


def update(cast: Cast, count: int) -> Act:
    service, coverage = cast.policies()
    common = {"service_policy_id": service.pk, "coverage_policy_id": coverage.pk}
    changes = {device.pk: {"name": f"New {device.pk}", **common} for device in holders(cast, count)}
    return lambda: update_devices(workspace_id=cast.acme.pk, changes=changes)


def retag(cast: Cast, count: int) -> Act:
    changes = {device.pk: {"tags": f"site {device.pk}"} for device in holders(cast, count)}
    return lambda: update_devices(workspace_id=cast.acme.pk, changes=changes)


def assign(cast: Cast, count: int) -> Act:
    choices = {cast.device().pk: SimChoice(sim.pk, ACTIVATED) for sim in cast.sims(count)}
    return lambda: assign_sims(workspace_id=cast.acme.pk, choices=choices)


def release(cast: Cast, count: int) -> Act:
    ids = [device.pk for device in holders(cast, count)]
    return lambda: release_sims(workspace_id=cast.acme.pk, device_ids=ids, suspend=True)


def delete(cast: Cast, count: int) -> Act:
    ids = [cast.device().pk for _ in range(count)]
    return lambda: delete_devices(workspace_id=cast.acme.pk, device_ids=ids)


def delete_both(cast: Cast, count: int) -> Act:
    ids = [device.pk for device in holders(cast, count)]
    return lambda: delete_devices_with_sims(workspace_id=cast.acme.pk, device_ids=ids, delete_sims=True)


def tag(cast: Cast, count: int) -> Act:
    ids = [cast.device(tags="a").pk for _ in range(count)]
    return lambda: change_tags(workspace_id=cast.acme.pk, device_ids=ids, add=["b"])


def patch(cast: Cast, count: int) -> Act:
    devices = [cast.device(sim=sim, status=DeviceStatus.DISABLED) for sim in cast.sims(count)]
    patches = {
        device.pk: DevicePatch({"name": f"New {device.pk}"}, DeviceStatus.ENABLED, SimPatch(status=ACTIVATED))
        for device in devices
    }
    return lambda: patch_devices(workspace_id=cast.acme.pk, patches=patches)


def statements(act: Act) -> list[str]:
    """Do something that works, and return its statements without savepoints."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("prepare", [create, update, retag, assign, release, delete, delete_both, tag, patch])
def test_one_takes_as_many_queries_as_300(cast: Cast, prepare: Prepare) -> None:
    def counted(count: int) -> int:
        act = prepare(cast, count)
        made = statements(act)
        if connection.vendor == "sqlite":
            # Django sends new rows to SQLite in pieces of 999 values.
            return len({sql if not sql.startswith('INSERT INTO "sims_device"') else "insert" for sql in made})
        return len(made)

    with cast.acting(cast.owner):
        counted(1)  # also stores the actor's person
        one = counted(1)
        assert counted(300) == one
    assert one < 25


def refused(outcome: Any) -> dict[int, tuple[str, str | None]]:
    return {refusal.id: (refusal.code, refusal.field) for refusal in outcome.refused}


def test_an_update_refuses_each_device_for_its_own_reason(cast: Cast) -> None:
    theirs, _coverage = cast.policies(cast.umbra)
    foreign = cast.device(workspace=cast.umbra, name="Theirs")
    good, named, locked, policy, address = (cast.device(name=f"Pump {n}") for n in range(5))
    changes: dict[int, dict[str, Any]] = {
        good.pk: {"name": "Good"},
        named.pk: {"name": " "},
        locked.pk: {"name": "Other", "imei_lock": True},
        policy.pk: {"service_policy_id": theirs.pk},
        address.pk: {"ip_address": "10.0.0.300"},
        foreign.pk: {"name": "Taken over"},
    }
    with cast.acting(cast.owner):
        outcome = update_devices(workspace_id=cast.acme.pk, changes=changes)
    assert outcome.changed == [good.pk]
    assert refused(outcome) == {
        named.pk: ("required", "name"),
        locked.pk: ("required", "imei"),
        policy.pk: ("invalid_reference", "service_profile"),
        address.pk: ("invalid_format", "ip_address"),
        foreign.pk: ("not_found", None),
    }
    assert {each.label for each in outcome.refused} == {"Pump 1", "Pump 2", "Pump 3", "Pump 4", str(foreign.pk)}
    assert types() == [10003]
    foreign.refresh_from_db()
    locked.refresh_from_db()
    assert (foreign.name, locked.name, locked.imei_lock) == ("Theirs", "Pump 2", False)


def test_a_lock_and_its_imei_may_come_apart_or_together(cast: Cast) -> None:
    device = cast.device(imei="490154203237518")
    tries: list[tuple[dict[str, Any], bool]] = [
        ({"imei_lock": True}, True),
        ({"imei": ""}, False),
        ({"imei": "", "imei_lock": False}, True),
        ({"imei": "352099001761481", "imei_lock": True}, True),
        ({"imei": None, "imei_lock": None}, True),
    ]
    with cast.acting(cast.owner):
        for values, possible in tries:
            outcome = update_devices(workspace_id=cast.acme.pk, changes={device.pk: values})
            assert bool(outcome.changed) is possible, values
    device.refresh_from_db()
    assert (device.imei, device.imei_lock) == ("", False)


def test_an_assignment_refuses_each_device_for_its_own_reason(cast: Cast) -> None:
    free, used, suspended, deleted = cast.sims(4)
    Sim.objects.filter(pk=suspended.pk).update(status=SimStatus.SUSPENDED)
    Sim.objects.filter(pk=deleted.pk).update(status=SimStatus.DELETED)
    (theirs,) = cast.sims(workspace=cast.umbra)
    full = cast.device(sim=used)
    good, twice, taken, absent, gone, state = (cast.device() for _ in range(6))
    choices = {
        good.pk: SimChoice(free.pk, FACTORY_TEST),
        twice.pk: SimChoice(free.pk),
        taken.pk: SimChoice(used.pk),
        absent.pk: SimChoice(theirs.pk),
        gone.pk: SimChoice(deleted.pk),
        state.pk: SimChoice(suspended.pk, FACTORY_TEST),
        full.pk: SimChoice(free.pk),
        NOBODY: SimChoice(free.pk),
    }
    with cast.acting(cast.owner):
        outcome = assign_sims(workspace_id=cast.acme.pk, choices=choices)
    assert outcome.changed == [good.pk]
    assert refused(outcome) == {
        twice.pk: ("sim_in_use", "sim"),
        taken.pk: ("sim_in_use", "sim"),
        absent.pk: ("not_found", "sim"),
        gone.pk: ("not_found", "sim"),
        state.pk: ("sim_state", "sim.status"),
        full.pk: ("device_has_sim", "sim"),
        NOBODY: ("not_found", None),
    }
    assert types() == [45, 51]


def test_each_sim_enters_the_state_chosen_for_it(cast: Cast) -> None:
    sims = cast.sims(3)
    devices = [cast.device() for _ in sims]
    wanted = (None, ACTIVATED, FACTORY_TEST)
    choices = {device.pk: SimChoice(sim.pk, status) for device, sim, status in zip(devices, sims, wanted, strict=True)}
    with cast.acting(cast.owner):
        assign_sims(workspace_id=cast.acme.pk, choices=choices)
    assert list(Event.objects.order_by("id").values_list("type", "sim_id")) == [
        (51, sims[0].pk),
        (8, sims[1].pk),
        (51, sims[1].pk),
        (45, sims[2].pk),
        (51, sims[2].pk),
    ]
    found = Sim.objects.order_by("pk").values_list("status", flat=True)
    assert list(found) == [SimStatus.ISSUED, ACTIVATED, FACTORY_TEST]


@pytest.mark.parametrize("status", [SimStatus.DELETED, 9])
def test_a_state_that_no_assignment_leads_to_is_an_error(cast: Cast, status: int) -> None:
    (sim,) = cast.sims()
    service, coverage = cast.policies()
    choice = SimChoice(sim.pk, status)
    with cast.acting(cast.owner):
        with pytest.raises(Invalid, match="Choose Activated"):
            assign_sims(workspace_id=cast.acme.pk, choices={cast.device().pk: choice})
        with pytest.raises(Invalid, match="Choose Activated"):
            new = NewDevice("New", service.pk, coverage.pk, sim=choice)
            create_devices(workspace_id=cast.acme.pk, devices=[new])
    assert rows() == []


def test_new_devices_are_made_all_or_none(cast: Cast) -> None:
    free, other = cast.sims(2)
    service, coverage = cast.policies()

    def make(*choices: SimChoice | None) -> list[Device]:
        new = [NewDevice(f"New {n}", service.pk, coverage.pk, sim=sim) for n, sim in enumerate(choices)]
        return create_devices(workspace_id=cast.acme.pk, devices=new)

    with cast.acting(cast.owner):
        for choices in ((SimChoice(free.pk), SimChoice(free.pk)), (SimChoice(free.pk, ACTIVATED), SimChoice(NOBODY))):
            with pytest.raises(DomainError) as caught:
                make(*choices)
            assert caught.value.field == "sim"
        assert (Device.objects.count(), rows()) == (0, [])
        made = make(SimChoice(other.pk), None, SimChoice(free.pk, activate=True))
        assert make() == []
    assert [device.name for device in made] == ["New 0", "New 1", "New 2"]
    assert types() == [10002, 51, 10002, 10002, 45, 51]
    assert set(Sim.objects.values_list("pk", "device_id")) == {(other.pk, made[0].pk), (free.pk, made[2].pk)}


@pytest.mark.parametrize("ids", ["one", "two"])
def test_tags_in_another_order_are_the_same_tags(cast: Cast, ids: str) -> None:
    devices = [cast.device(name="Pump", tags="a,b") for _ in range(1 if ids == "one" else 2)]
    with cast.acting(cast.owner):
        outcome = update_devices(
            workspace_id=cast.acme.pk, changes={device.pk: {"tags": "b, a,b"} for device in devices}
        )
        assert outcome.unchanged == [device.pk for device in devices]
        patch_devices(
            workspace_id=cast.acme.pk, patches={device.pk: DevicePatch({"tags": "b,a"}) for device in devices}
        )
        assert rows() == []
        update_devices(
            workspace_id=cast.acme.pk, changes={device.pk: {"tags": "b,a", "name": "New"} for device in devices}
        )
    assert types() == [10003] * len(devices)
    for event in Event.objects.all():
        assert event.detail == {"changes": {"name": {"from": "Pump", "to": "New"}}}
    assert {device.tags for device in Device.objects.all()} == {"a,b"}


def test_tags_that_come_and_go_are_told_in_one_transaction_with_the_rest(cast: Cast) -> None:
    first, second = cast.device(tags="a,b"), cast.device(tags="a", name="Second")
    with cast.acting(cast.owner):
        with pytest.raises(Refused):
            patch_devices(
                workspace_id=cast.acme.pk,
                patches={first.pk: DevicePatch({"tags": "c"}), second.pk: DevicePatch({"name": ""})},
            )
        assert (rows(), Device.objects.get(pk=first.pk).tags) == ([], "a,b")
        patch_devices(workspace_id=cast.acme.pk, patches={first.pk: DevicePatch({"tags": "c,b"})})
    assert types() == [10011]
    assert Event.objects.get().detail == {"added": ["c"], "removed": ["a"]}


def test_another_workspaces_devices_and_sims_are_never_written(cast: Cast) -> None:
    """They are named beside own ones that look alike: same tags, same state, a SIM."""
    own, theirs = cast.device(tags="a"), cast.device(tags="a", workspace=cast.umbra)
    gone = cast.device(tags="a", status=DeviceStatus.DELETED)
    (own_sim,), (their_sim,) = cast.sims(status=ACTIVATED), cast.sims(status=ACTIVATED, workspace=cast.umbra)
    Sim.objects.filter(pk=own_sim.pk).update(device=own)
    Sim.objects.filter(pk=their_sim.pk).update(device=theirs)
    (free,) = cast.sims()

    def state() -> tuple[list[Any], list[Any]]:
        devices = Device.objects.filter(pk__in=[theirs.pk, gone.pk]).order_by("pk")
        return list(devices.values_list()), list(Sim.objects.filter(pk=their_sim.pk).values_list())

    at_first = state()
    ids = [own.pk, theirs.pk, gone.pk]
    workspace: dict[str, Any] = {"workspace_id": cast.acme.pk}
    acts: Sequence[Act] = (
        lambda: change_tags(**workspace, device_ids=ids, add=["b"]),
        lambda: update_devices(**workspace, changes={pk: {"name": "New"} for pk in ids}),
        lambda: set_device_status(**workspace, device_ids=ids, to=DeviceStatus.DISABLED),
        lambda: release_sims(**workspace, device_ids=ids, suspend=True),
        lambda: assign_sims(**workspace, choices={theirs.pk: SimChoice(free.pk), gone.pk: SimChoice(their_sim.pk)}),
        lambda: assign_sims(**workspace, choices={own.pk: SimChoice(their_sim.pk)}),
        lambda: delete_devices(**workspace, device_ids=ids),
    )
    with cast.acting(cast.owner):
        for act in acts:
            outcome: Any = act()
            assert {each.id for each in outcome.refused} & {own.pk, theirs.pk, gone.pk}
            assert state() == at_first
        for asked in (DevicePatch({"name": "New"}), DevicePatch(sim=SimPatch(release=True))):
            with pytest.raises(Refused) as caught:
                patch_devices(**workspace, patches={theirs.pk: asked})
            assert caught.value.refusals[0].code == "not_found"
        with pytest.raises(NotFound):
            delete_devices_with_sims(**workspace, device_ids=ids)
    assert state() == at_first
    assert types(cast.umbra) == []


def test_a_state_that_nobody_sets_on_a_device_is_an_error(cast: Cast) -> None:
    device = cast.device()
    with cast.acting(cast.owner):
        with pytest.raises(Invalid, match="Choose Enabled"):
            set_device_status(workspace_id=cast.acme.pk, device_ids=[device.pk], to=DeviceStatus.DELETED)
        with pytest.raises(Invalid, match="Choose Enabled"):
            patch_devices(workspace_id=cast.acme.pk, patches={device.pk: DevicePatch({"name": "New"}, 9)})
    assert rows() == []


def test_staff_who_name_a_workspace_that_does_not_exist_are_told_so(cast: Cast) -> None:
    (sim,) = cast.sims()
    device = cast.device()
    service, coverage = cast.policies()
    nowhere: dict[str, Any] = {"workspace_id": NOBODY}
    choice = SimChoice(sim.pk, ACTIVATED)
    acts: Sequence[Act] = (
        lambda: transfer_sims(target_id=NOBODY, sim_ids=[sim.pk]),
        lambda: change_sim_status(**nowhere, sim_ids=[sim.pk], to=ACTIVATED),
        lambda: change_sim_status(**nowhere, sim_ids=[sim.pk], to=FACTORY_TEST),
        lambda: register_batch(**nowhere, bic=cast.batch().bic, status=ACTIVATED),
        lambda: register_batch(**nowhere, bic=cast.batch().bic, status=FACTORY_TEST),
        lambda: assign_sims(**nowhere, choices={device.pk: choice}),
        lambda: assign_sims(**nowhere, choices={device.pk: SimChoice(sim.pk)}).raise_if_refused(),
        lambda: update_devices(**nowhere, changes={device.pk: {"name": "New"}}).raise_if_refused(),
        lambda: set_device_status(**nowhere, device_ids=[device.pk], to=DeviceStatus.DISABLED),
        lambda: delete_devices_with_sims(**nowhere, device_ids=[device.pk]),
        lambda: create_devices(**nowhere, devices=[NewDevice("New", service.pk, coverage.pk)]),
        lambda: create_devices(**nowhere, devices=[NewDevice("New", service.pk, coverage.pk, sim=choice)]),
        lambda: patch_devices(**nowhere, patches={device.pk: DevicePatch(sim=SimPatch(activate=True))}),
    )
    with cast.staffing():
        for number, act in enumerate(acts):
            with pytest.raises(NotFound):
                act()
            assert rows() == [], number


def test_a_patch_locks_devices_before_sims_whatever_it_does_first(cast: Cast) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock")
    (sim,) = cast.sims(status=ACTIVATED)
    device = cast.device(sim=sim)
    asked = DevicePatch(sim=SimPatch(release=True, status=SimStatus.SUSPENDED))
    with cast.acting(cast.owner):
        made = statements(lambda: patch_devices(workspace_id=cast.acme.pk, patches={device.pk: asked}))
    locks = [sql for sql in made if " FOR UPDATE" in sql]
    assert f'FROM "{Device._meta.db_table}"' in locks[0]
    assert types() == [9, 43, 50]
