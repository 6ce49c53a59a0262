"""A trial ends on its day: told before and once, closed to what makes costs, and opened by an upgrade at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import DataPlan, Membership, PlatformPackage, TrialNotice, User, Workspace
from accounts.packages.services.catalogue import update_package
from accounts.packages.services.subscriptions import add_data_plan, set_package
from accounts.packages.services.trials import settle_trials
from accounts.packages.tasks import tell_trials
from accounts.permissions import Role
from events.models import Event
from kit.context import SCHEDULE, acting_as
from kit.errors import Conflict, DomainError
from orders.services.orders import Purchase, order_submit
from sims.connectivity.services.messages import SmsText, send_sms
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.status import (
    disable_devices,
    enable_devices,
    preview_device_action,
    reset_connectivity,
    set_device_status,
)
from sims.inventory.services.allotment import assign_batch
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import find_batch, register_batch
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Sim, UsageDay
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import rows, types
from tests.usage.records import check, deliver, record

BEGAN = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
ENDS = BEGAN + timedelta(days=60)
"""31 December 2026, 9:30."""


@pytest.fixture
def trial(cast: Cast) -> Cast:
    """Acme in a trial with factory test that was assigned long after the workspace was made."""
    package = PlatformPackage.objects.create(
        name="Trial EUR",
        evaluation=True,
        trial_days=60,
        factory_test_allowed=True,
        workspaces_allowed=True,
        max_workspaces=3,
        max_data_plans=3,
    )
    Workspace.objects.filter(pk=cast.acme.pk).update(created=BEGAN - timedelta(days=300))
    with cast.staffing(moment=BEGAN):
        set_package(workspace_id=cast.acme.pk, package_id=package.pk)
    cast.acme.refresh_from_db()
    return cast


def over(cast: Cast) -> Cast:
    """Bring the trial of Acme to its end, an hour ago."""
    began = timezone.now() - timedelta(days=60, hours=1)
    Workspace.objects.filter(pk=cast.acme.pk).update(package_since=began)
    cast.acme.refresh_from_db()
    return cast


def settle(moment: datetime) -> int:
    with acting_as(SCHEDULE, moment=moment):
        return settle_trials()


def test_it_counts_from_its_assignment(trial: Cast) -> None:
    assert trial.acme.trial_ends == ENDS
    assert not trial.acme.trial_over(ENDS - timedelta(microseconds=1))
    assert trial.acme.trial_over(ENDS)
    assert trial.umbra.trial_ends is None
    assert Workspace(type=1, package=trial.acme.package, package_since=BEGAN).trial_ends is None


def test_it_is_told_seven_days_and_one_day_before_and_at_its_end_once(trial: Cast) -> None:
    steps = [
        (ENDS - timedelta(days=7, seconds=1), 0),
        (ENDS - timedelta(days=7), 1),
        (ENDS - timedelta(days=2), 0),
        (ENDS - timedelta(days=1), 1),
        (ENDS - timedelta(seconds=1), 0),
        (ENDS, 1),
        (ENDS + timedelta(days=3), 0),
    ]
    assert [settle(moment) for moment, _told in steps] == [told for _moment, told in steps]
    assert rows(trial.acme)[1:] == [
        (10095, "The trial with package 'Trial EUR' ends on 31 December 2026."),
        (10095, "The trial with package 'Trial EUR' ends on 31 December 2026."),
        (12, "Blocking services for organisation, because its trial has ended."),
    ]
    event: Any = Event.objects.get(type=12)
    assert (event.source, event.severity, event.alert, event.user_id) == (1, 1, True, None)
    assert event.actor_label == "Trial check"
    assert event.detail["trial"]["end_date"] == "2026-12-31T09:30:00.000Z"


def test_a_check_that_comes_late_tells_the_end_alone(trial: Cast) -> None:
    assert settle(ENDS + timedelta(days=5)) == 1
    assert types(trial.acme)[1:] == [12]
    assert settle(ENDS + timedelta(days=6)) == 0


def test_more_days_open_it_again_and_are_told_anew(trial: Cast) -> None:
    settle(ENDS)
    with trial.staffing(moment=ENDS):
        update_package(package_id=trial.acme.package_id, changes={"trial_days": 90})
    assert not Workspace.objects.get(pk=trial.acme.pk).trial_over(ENDS)
    assert settle(ENDS + timedelta(days=23)) == 1
    assert settle(ENDS + timedelta(days=30)) == 1
    assert types(trial.acme)[1:] == [12, 10095, 12]


def test_another_assignment_is_another_trial(trial: Cast) -> None:
    settle(ENDS)
    other = PlatformPackage.objects.create(
        name="Trial 2", evaluation=True, trial_days=30, workspaces_allowed=True, max_workspaces=3
    )
    with trial.staffing(moment=ENDS):
        set_package(workspace_id=trial.acme.pk, package_id=other.pk)
    assert Workspace.objects.get(pk=trial.acme.pk).trial_ends == ENDS + timedelta(days=30)
    assert settle(ENDS + timedelta(days=29)) == 1


def test_it_asks_the_same_for_many(trial: Cast) -> None:
    counts = []
    for number in (1, 20):
        Workspace.objects.bulk_create(
            Workspace(name=f"W{number}-{n}", package=trial.acme.package, package_since=BEGAN) for n in range(number)
        )
        with CaptureQueriesContext(connection) as asked:
            settle(ENDS + timedelta(days=number))
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert TrialNotice.objects.filter(days_left=0).count() == 22


def test_who_can_upgrade_gets_a_mail(trial: Cast, django_capture_on_commit_callbacks: Any) -> None:
    chief = User.objects.create_user("chief@example.com", "x" * 20, name="Chief")
    left = User.objects.create_user("gone@example.com", "x" * 20, name="Gone", status=User.Status.SUSPENDED)
    Membership.objects.create(user=left, workspace=trial.acme, role=Role.ADMINISTRATOR.value)
    over(trial)
    Workspace.objects.filter(pk=trial.acme.pk).update(super_admin=chief)
    with django_capture_on_commit_callbacks(execute=True):
        assert tell_trials() == 1
    assert sorted(address for sent in mail.outbox for address in sent.to) == [
        "chief@example.com",
        "olga.owner@example.com",
    ]
    assert mail.outbox[0].subject == "The trial of Acme has ended"
    assert "It opens the workspace at once." in mail.outbox[0].body
    mail.outbox.clear()
    Workspace.objects.filter(pk=trial.acme.pk).update(package_since=timezone.now() - timedelta(days=54))
    with django_capture_on_commit_callbacks(execute=True):
        assert tell_trials() == 1
    assert mail.outbox[0].subject.startswith("The trial of Acme ends on ")


def closed(cast: Cast) -> dict[str, Callable[[], Any]]:
    """Everything that the end closes, by what it is called."""
    acme = cast.acme.pk
    (issued,), (asleep,) = cast.sims(), cast.sims(status=SimStatus.SUSPENDED)
    on = cast.device(sim=cast.sims(status=SimStatus.ACTIVATED)[0])
    off = cast.device(sim=cast.sims(status=SimStatus.SUSPENDED)[0], status=DeviceStatus.DISABLED)
    free = cast.device()
    batch = cast.batch()
    service, coverage = cast.policies()
    new = NewDevice("New", service.pk, coverage.pk, sim=SimChoice(issued.pk, SimStatus.ACTIVATED))
    plan = DataPlan.objects.create(name="More")
    (theirs,) = cast.sims(workspace=cast.bolt)
    purchase: Any = Purchase(items=(), shipping_option_id=0, payment_method=0, shipping=None, billing=None)  # type: ignore[arg-type]  # refused before it is read
    return {
        "activate": lambda: change_sim_status(workspace_id=acme, sim_ids=[asleep.pk], to=SimStatus.ACTIVATED),
        "activate (preview)": lambda: preview_sim_status(workspace_id=acme, sim_ids=[asleep.pk], to=1),
        "test": lambda: change_sim_status(workspace_id=acme, sim_ids=[issued.pk], to=SimStatus.FACTORY_TEST),
        "check a batch": lambda: find_batch(workspace_id=acme, bic=batch.bic),
        "register": lambda: register_batch(workspace_id=acme, bic=batch.bic),
        "enable": lambda: enable_devices(workspace_id=acme, device_ids=[off.pk]),
        "enable (preview)": lambda: preview_device_action(workspace_id=acme, device_ids=[off.pk], what="enable"),
        "enable alone": lambda: set_device_status(workspace_id=acme, device_ids=[off.pk], to=DeviceStatus.ENABLED),
        "reset": lambda: reset_connectivity(workspace_id=acme, device_ids=[on.pk]),
        "assign and activate": lambda: assign_sims(
            workspace_id=acme, choices={free.pk: SimChoice(issued.pk, activate=True)}
        ),
        "assign and test": lambda: assign_sims(workspace_id=acme, choices={free.pk: SimChoice(issued.pk, 4)}),
        "create and activate": lambda: create_devices(workspace_id=acme, devices=[new]),
        "message": lambda: send_sms(workspace_id=acme, device_id=on.pk, sms=SmsText("hello")),
        "book": lambda: add_data_plan(workspace_id=acme, data_plan_id=plan.pk),
        "order": lambda: order_submit(workspace_id=acme, purchase=purchase, key="k"),
        "receive": lambda: transfer_sims(target_id=acme, sim_ids=[theirs.pk], dry_run=True),
    }


def test_the_end_closes_what_makes_costs_for_everybody(trial: Cast) -> None:
    ways = closed(over(trial))
    known = types()
    for acting in (trial.acting(trial.owner), trial.staffing()):
        with acting:
            for name, act in ways.items():
                with pytest.raises(Conflict) as caught:
                    act()
                assert caught.value.code == "trial_over", name
    assert types() == known


def test_staff_put_stock_there_as_issued_alone(trial: Cast) -> None:
    batch = over(trial).batch()
    with trial.staffing():
        for status in (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST):
            with pytest.raises(Conflict) as caught:
                assign_batch(batch_id=batch.pk, workspace_id=trial.acme.pk, status=status)
            assert caught.value.code == "trial_over"
        assign_batch(batch_id=batch.pk, workspace_id=trial.acme.pk)


def test_before_the_end_nothing_of_it_is_refused_for_that(trial: Cast) -> None:
    Workspace.objects.filter(pk=trial.acme.pk).update(package_since=timezone.now() - timedelta(days=59))
    codes = []
    for act in closed(trial).values():
        # An order of nothing is refused for that.
        with trial.acting(trial.owner), suppress(AttributeError):
            try:
                act()
            except DomainError as error:
                codes.append(error.code)
    assert "trial_over" not in codes
    assert types(trial.acme).count(8) >= 4


def test_what_stops_and_what_reads_goes_on(trial: Cast) -> None:
    (sim,) = over(trial).sims(status=SimStatus.ACTIVATED)
    device = trial.device(sim=sim)
    (other,) = trial.sims(status=SimStatus.ACTIVATED)
    deliver(record(sim, mb="3"))
    assert UsageDay.objects.get().data_total == 3_000_000, "what was used has been used"
    with trial.acting(trial.owner):
        disable_devices(workspace_id=trial.acme.pk, device_ids=[device.pk])
        release_sims(workspace_id=trial.acme.pk, device_ids=[device.pk])
        assign_sims(workspace_id=trial.acme.pk, choices={device.pk: SimChoice(sim.pk)})
        change_sim_status(workspace_id=trial.acme.pk, sim_ids=[other.pk], to=SimStatus.DELETED)
    assert sorted(Sim.objects.values_list("status", flat=True)) == [2, 3]
    client = trial.client(trial.owner)
    for path in ("", "sims/", "devices/", "events/", "settings/package/"):
        page = client.get(f"/w/{trial.acme.pk}/{path}")
        assert page.status_code == 200
        assert "The trial of this workspace ended on" in page.content.decode()
    program = sign_in(trial.owner)
    assert program.get("/sim").status_code == 200
    refused = program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}})
    assert refused.status_code == 409
    assert "until an Administrator upgrades the package" in refused.content.decode()


def test_a_test_that_runs_goes_on_to_its_end(trial: Cast) -> None:
    (sim,) = over(trial).sims(status=SimStatus.FACTORY_TEST)
    trial.device(sim=sim)
    Sim.objects.filter(pk=sim.pk).update(factory_test_since=timezone.now() - timedelta(hours=1))
    deliver(record(sim, sms=10))
    assert check() == 1


def test_an_upgrade_opens_it_at_once(trial: Cast) -> None:
    (sim,) = over(trial).sims(status=SimStatus.SUSPENDED)
    dearer = PlatformPackage.objects.create(
        name="Plus", monthly_rate_cents=900, workspaces_allowed=True, max_workspaces=3, factory_test_allowed=True
    )
    with trial.acting(trial.owner):
        set_package(workspace_id=trial.acme.pk, package_id=dearer.pk)
    with trial.acting(trial.owner):
        change_sim_status(workspace_id=trial.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    assert types(trial.acme)[-2:] == [33, 8]
    assert "trial" not in trial.client(trial.owner).get(f"/w/{trial.acme.pk}/").content.decode().lower()


def test_pages_say_it_in_the_last_week(trial: Cast) -> None:
    def banner(user: User) -> str:
        page: str = trial.client(user).get(f"/w/{trial.acme.pk}/").content.decode()
        return page

    for left, shown in ((8, False), (6, True)):
        began = timezone.now() - timedelta(days=60 - left)
        Workspace.objects.filter(pk=trial.acme.pk).update(package_since=began)
        assert ("The trial of this workspace ends on" in banner(trial.owner)) is shown
    assert f'href="/w/{trial.acme.pk}/settings/package/">Upgrade</a>' in banner(trial.owner)
    assert "An Administrator can upgrade it." in banner(trial.observer)
