"""A SIM that was Activated at any time in the month is charged, and shown so until its end, whatever became of it."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PlatformPackage
from accounts.packages.effects import charges_of
from accounts.workspaces.figures import figures_of, tiles_of
from kit.billing import month_begin
from sims.charges import charge_text, charged_condition, charged_departed, charged_here, is_charged
from sims.devices.services.status import disable_devices
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import DepartedSim, Sim
from sims.states import SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("moments are compared as text there")

MIDMONTH = datetime(2026, 11, 15, 12, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


def become(cast: Cast, sim: Sim, *states: int, moment: datetime = MIDMONTH, workspace: int = 0) -> Sim:
    """Bring a SIM through states and return it as it is then."""
    with cast.acting(cast.owner, moment=moment):
        for state in states:
            outcome = change_sim_status(workspace_id=workspace or cast.acme.pk, sim_ids=[sim.pk], to=state)
            assert outcome.changed == [sim.pk]
    sim.refresh_from_db()
    return sim


def test_what_was_activated_is_charged_until_the_month_ends(cast: Cast) -> None:
    never, active, asleep, deleted, tested = cast.sims(5)
    become(cast, active, SimStatus.ACTIVATED)
    become(cast, asleep, SimStatus.ACTIVATED, SimStatus.SUSPENDED)
    become(cast, deleted, SimStatus.ACTIVATED, SimStatus.DELETED)
    become(cast, tested, SimStatus.FACTORY_TEST, SimStatus.DELETED)
    charged = {active.pk, asleep.pk, deleted.pk}
    assert set(Sim.objects.filter(charged_condition(MIDMONTH)).values_list("pk", flat=True)) == charged
    assert {sim.pk for sim in Sim.objects.all() if is_charged(sim, MIDMONTH)} == charged
    assert charged_here(cast.acme.pk, MIDMONTH) == 3
    assert set(Sim.objects.filter(charged_condition(NEXT_MONTH)).values_list("pk", flat=True)) == {active.pk}
    assert charged_here(cast.acme.pk, NEXT_MONTH) == 1
    assert not is_charged(never, MIDMONTH)


def test_the_last_moment_of_the_month_before_is_no_charge_of_this_one(cast: Cast) -> None:
    (sim,) = cast.sims()
    become(cast, sim, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=NEXT_MONTH - timedelta(microseconds=1))
    assert not is_charged(sim, NEXT_MONTH)
    become(cast, sim, SimStatus.ACTIVATED, moment=NEXT_MONTH)
    assert sim.active_until is None
    become(cast, sim, SimStatus.SUSPENDED, moment=NEXT_MONTH)
    assert is_charged(sim, NEXT_MONTH)


def test_a_test_that_ends_on_a_disabled_device_is_a_charge(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.FACTORY_TEST)
    device = cast.device(sim=sim)
    with cast.acting(cast.owner, moment=MIDMONTH):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk])
    sim.refresh_from_db()
    assert sim.status == SimStatus.SUSPENDED
    assert is_charged(sim, MIDMONTH)


def test_the_deletion_of_a_suspended_sim_says_until_when_it_is_charged(cast: Cast) -> None:
    charged, free = cast.sims(2)
    become(cast, charged, SimStatus.ACTIVATED, SimStatus.SUSPENDED)
    become(cast, free, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=MIDMONTH - timedelta(days=40))
    with cast.acting(cast.owner, moment=MIDMONTH):
        (note,) = preview_sim_status(workspace_id=cast.acme.pk, sim_ids=[charged.pk], to=SimStatus.DELETED).notes
        (other,) = preview_sim_status(workspace_id=cast.acme.pk, sim_ids=[free.pk], to=SimStatus.DELETED).notes
    assert "Charging stops on 1 December 2026." in note
    assert "Charging" not in other


def test_whoever_let_a_sim_go_stays_charged_and_gets_it_back_as_it_was(cast: Cast) -> None:
    active, asleep, free = cast.sims(3)
    become(cast, active, SimStatus.ACTIVATED)
    become(cast, asleep, SimStatus.ACTIVATED, SimStatus.SUSPENDED)
    ids = [active.pk, asleep.pk, free.pk]

    def move(target_id: int, moment: datetime) -> None:
        with cast.acting(cast.owner, moment=moment):
            transfer_sims(target_id=target_id, sim_ids=ids, dry_run=False)

    move(cast.bolt.pk, MIDMONTH)
    acme, bolt = cast.acme.pk, cast.bolt.pk
    assert (charged_here(acme, MIDMONTH), charged_departed(acme, MIDMONTH)) == (0, 2)
    assert (charged_here(bolt, MIDMONTH), charged_departed(bolt, MIDMONTH)) == (0, 0)
    become(cast, asleep, SimStatus.ACTIVATED, workspace=bolt)
    move(acme, MIDMONTH + timedelta(days=1))
    assert (charged_here(acme, MIDMONTH), charged_departed(acme, MIDMONTH)) == (2, 0)
    assert charged_departed(bolt, MIDMONTH) == 1, "both workspaces had it activated, both pay for it"
    assert charged_here(acme, NEXT_MONTH) == 0
    move(bolt, NEXT_MONTH + timedelta(days=40))
    assert not DepartedSim.objects.filter(workspace_id=acme).exists()


def test_a_transfer_asks_as_much_for_one_sim_as_for_many(cast: Cast) -> None:
    counts = []
    for number in (1, 60):
        sims = cast.sims(number)
        with cast.acting(cast.owner, moment=MIDMONTH):
            ids = [sim.pk for sim in sims]
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=SimStatus.ACTIVATED)
            transfer_sims(target_id=cast.bolt.pk, sim_ids=ids, dry_run=False)
            with CaptureQueriesContext(connection) as asked:
                transfer_sims(target_id=cast.acme.pk, sim_ids=ids, dry_run=False)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_lists_pages_and_files_show_it(cast: Cast) -> None:
    active, asleep, deleted, issued = cast.sims(4)
    now = timezone.now()
    become(cast, active, SimStatus.ACTIVATED, moment=now)
    become(cast, asleep, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=now)
    become(cast, deleted, SimStatus.ACTIVATED, SimStatus.DELETED, moment=now)
    client = cast.client(cast.owner)
    base = f"/w/{cast.acme.pk}/sims/"

    def shown(query: str) -> set[int]:
        text = client.get(f"{base}{query}").content.decode()
        return {sim.pk for sim in (active, asleep, deleted, issued) if f'id="sim-{sim.pk}"' in text}

    assert shown("?charged=1") == {active.pk, asleep.pk, deleted.pk}
    assert shown("?charged=0") == {issued.pk}
    assert shown("?charged=1&status=2") == {asleep.pk}
    assert shown("") == {active.pk, asleep.pk, issued.pk}
    assert "Charging stops on 1 " in client.get(f"{base}{asleep.pk}/").content.decode()
    assert "Not in " in client.get(f"{base}{issued.pk}/").content.decode()
    dashboard = client.get(f"/w/{cast.acme.pk}/").content.decode()
    assert 'Charged SIMs</span><span class="stat-value">3<' in dashboard
    with cast.acting(cast.owner):
        assert "each month that begins before" in charge_text(active, now)


def test_the_package_page_and_staff_see_how_many_and_what_they_cost(cast: Cast) -> None:
    rates = [{"scale_start": 1, "rate": 0.8}, {"scale_start": 3, "rate": 0.5}]
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=rates)
    cast.acme.refresh_from_db()
    sims = cast.sims(3)
    for sim in sims:
        become(cast, sim, SimStatus.ACTIVATED, moment=timezone.now())
    with cast.acting(cast.owner):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sims[0].pk], dry_run=False)
        assert charges_of(cast.acme) == [
            ("SIMs that were Activated at any time in it", "3"),
            ("of them transferred to other workspaces since", "1"),
            ("Fees of these SIMs", "1.50 EUR"),
        ]
    with cast.staffing():
        tiles = tiles_of(cast.acme, figures_of([cast.acme.pk])[cast.acme.pk])
    assert [tile.value for tile in tiles if tile.label == "Charged this month"] == ["3"]
    page = cast.client(cast.observer).get(f"/w/{cast.acme.pk}/settings/package/").content.decode()
    assert "1.50 EUR" in page


def test_the_published_figures_of_a_workspace(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=[{"scale_start": 1, "rate": 0.75}])
    program = sign_in(cast.owner)
    before = program.get("/organisation/my/stats").json()
    assert "active_chargeable_sims" not in before
    assert "hosting_fees" not in before
    asleep, active, tested, _issued = cast.sims(4)
    now = timezone.now()
    become(cast, asleep, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=now)
    become(cast, active, SimStatus.ACTIVATED, moment=now)
    become(cast, tested, SimStatus.FACTORY_TEST, moment=now)
    sent = program.get("/organisation/my/stats").json()
    assert sent["sim"] == {"issued": 1, "factory_mode": 1, "active": 1, "suspended": 1, "total": 4}
    assert (sent["active_chargeable_sims"], sent["hosting_fees"]) == (2, 1.5)
    assert (sent["users"], sent["service_profiles"], sent["tariff_profiles"]) == (3, 0, 0)
    assert sent["current_month"]["data"]["month"] == month_begin(now).date().isoformat()


def test_the_log_tells_what_was_suspended_before_this_was_kept(cast: Cast) -> None:
    asleep, active, gone, old = cast.sims(4)
    now = timezone.now()
    become(cast, asleep, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=now)
    become(cast, active, SimStatus.ACTIVATED, SimStatus.SUSPENDED, SimStatus.ACTIVATED, moment=now)
    become(cast, old, SimStatus.ACTIVATED, SimStatus.SUSPENDED, moment=now - timedelta(days=80))
    become(cast, gone, SimStatus.ACTIVATED, moment=now)
    with cast.acting(cast.owner, moment=now):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[gone.pk], dry_run=False)
    Sim.objects.update(active_until=None)
    DepartedSim.objects.all().delete()
    migration = importlib.import_module("events.migrations.0004_charges_and_trials")
    migration.fill(apps, SimpleNamespace(connection=connection))
    assert dict(Sim.objects.filter(active_until__isnull=False).values_list("pk", "active_until")) == {asleep.pk: now}
    assert list(DepartedSim.objects.values_list("workspace_id", "sim_id", "active_until")) == [
        (cast.acme.pk, gone.pk, now)
    ]
