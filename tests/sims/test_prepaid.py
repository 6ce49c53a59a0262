"""Prepaid credit of trials: used up by what traffic costs, told once, and added to by staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PlatformPackage, TrialNotice, Workspace
from accounts.packages.services.subscriptions import set_package
from accounts.packages.services.trials import settle_trials
from accounts.workspaces.services.workspaces import update_workspace
from events.models import Event
from kit.billing import billing_day
from kit.errors import Conflict, Forbidden
from kit.models import OutgoingMail
from sims.inventory.services.status import change_sim_status
from sims.models import UsageDay, UsageRecord
from sims.states import SimStatus
from sims.usage.services.prepaid import costs_of, credit_left
from sims.usage.tasks import settle_prepaid_credit
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import rows, types

pytestmark = pytest.mark.sqlite_too("sums of usage by workspace")

EURO = 1_000_000
BEGAN = timezone.now().replace(microsecond=0) - timedelta(days=10)


@pytest.fixture
def trial(cast: Cast) -> Workspace:
    """Acme in a trial of 60 days with 25.00 EUR since ten days ago."""
    package = PlatformPackage.objects.create(
        name="Trial EUR",
        evaluation=True,
        trial_days=60,
        prepaid_credit_cents=2_500,
        workspaces_allowed=True,
        max_workspaces=3,
    )
    Workspace.objects.filter(pk=cast.acme.pk).update(package=package, package_since=BEGAN)
    return fresh(cast)


def fresh(cast: Cast) -> Workspace:
    return Workspace.objects.select_related("package").get(pk=cast.acme.pk)


def day(workspace: Workspace, cost: int, moment: datetime, **values: Any) -> None:
    UsageDay.objects.create(
        **{"workspace_id": workspace.pk, "sim_id": 1, "day": billing_day(moment), "data_cost_eur": cost, **values}
    )


def record(workspace: Workspace, cost: int, moment: datetime, currency: int = 1) -> None:
    UsageRecord.objects.create(
        record_id=f"{moment}{cost}{currency}", sim_id=1, workspace_id=workspace.pk, device_id=1, traffic_type=5,
        total=1, rx=1, tx=0, started=moment, ended=moment, received=moment, cost=cost, currency=currency, payload={},
    )  # fmt: skip


def test_costs_count_since_the_assignment_in_the_currency_of_the_trial(cast: Cast, trial: Workspace) -> None:
    later = BEGAN + timedelta(days=3)
    day(trial, 100 * EURO, BEGAN, sim_id=2)  # the day of the assignment: its records tell which part
    record(trial, 2 * EURO, BEGAN + timedelta(seconds=1))
    record(trial, 50 * EURO, BEGAN - timedelta(seconds=1))
    record(trial, 60 * EURO, BEGAN + timedelta(seconds=2), currency=2)
    day(trial, 3 * EURO, later, sms_cost_eur=EURO, data_cost_usd=70 * EURO)
    day(cast.umbra, 80 * EURO, later)
    assert costs_of([trial]) == {trial.pk: 6 * EURO}
    assert credit_left(trial) == 19
    assert credit_left(cast.umbra) is None
    assert credit_left(cast.operator) is None
    with CaptureQueriesContext(connection) as asked:
        assert costs_of(Workspace.objects.select_related("package")).keys() >= {trial.pk, cast.umbra.pk}
    assert len(asked) == 3


def test_a_trial_whose_credit_is_used_up_ends_once(cast: Cast, trial: Workspace) -> None:
    day(trial, 24 * EURO, BEGAN + timedelta(days=2))
    assert settle_prepaid_credit() == 0
    assert types(cast.acme) == []
    day(trial, EURO, BEGAN + timedelta(days=3))
    assert settle_prepaid_credit() == 1
    assert settle_prepaid_credit() == 0
    with cast.staffing():
        assert settle_trials() == 0
    assert rows(cast.acme) == [(12, "Blocking services for organisation, because of insufficient prepaid balance.")]
    event = Event.objects.get()
    ended = fresh(cast).trial_ends
    assert ended == fresh(cast).credit_ended
    assert ended is not None
    assert ended < BEGAN + timedelta(days=60)
    assert (event.actor_label, event.severity) == ("Trial check", 1)
    assert len(mail.outbox) + OutgoingMail.objects.count() == 1
    sims = cast.sims(1)
    with cast.acting(cast.owner), pytest.raises(Conflict, match="The trial of this workspace ended"):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sims[0].pk], to=SimStatus.ACTIVATED)


def test_staff_add_credit(staff_client: Client, cast: Cast, trial: Workspace) -> None:
    day(trial, 30 * EURO, BEGAN + timedelta(days=2))
    settle_prepaid_credit()
    page = f"/admin/accounts/workspace/{trial.pk}/change/"
    form = staff_client.get(page).context["adminform"].form
    assert "prepaid_extra_cents" in form.fields
    with cast.staffing():
        update_workspace(workspace_id=trial.pk, changes={"prepaid_extra_cents": 1_000})
    assert rows(cast.acme)[1:] == [
        (10040, "Setting 'Prepaid credit added, in cents' changed from 0.00 EUR to 10.00 EUR")
    ]
    assert fresh(cast).credit_ended is None
    assert not fresh(cast).trial_over(timezone.now())
    assert credit_left(fresh(cast)) == 5
    assert settle_prepaid_credit() == 0
    day(trial, 5 * EURO, BEGAN + timedelta(days=4))
    assert settle_prepaid_credit() == 1, "its end is told anew"
    assert types(cast.acme) == [12, 10040, 12]
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        update_workspace(workspace_id=trial.pk, changes={"prepaid_extra_cents": 5_000})


def test_another_package_begins_anew(cast: Cast, trial: Workspace) -> None:
    day(trial, 30 * EURO, BEGAN + timedelta(days=2))
    settle_prepaid_credit()
    plus = PlatformPackage.objects.get(name="Plus EUR")
    with cast.staffing():
        set_package(workspace_id=trial.pk, package_id=plus.pk)
    assert fresh(cast).trial_ends is None
    assert credit_left(fresh(cast)) is None
    with cast.staffing():
        set_package(workspace_id=trial.pk, package_id=trial.package_id)
    assert credit_left(fresh(cast)) == 25
    assert settle_prepaid_credit() == 0
    assert TrialNotice.objects.filter(workspace=trial).count() == 1


def test_what_is_left_is_shown(cast: Cast, trial: Workspace) -> None:
    day(trial, 5_250_000, BEGAN + timedelta(days=2))
    page = cast.client(cast.owner).get(f"/w/{trial.pk}/settings/package/").content.decode()
    assert "Prepaid credit left" in page
    assert "19.75 EUR" in page
    assert sign_in(cast.owner).get("/organisation/my/stats").json()["prepaid_balance"] == 19.75
    assert "prepaid_balance" not in sign_in(cast.outsider).get("/organisation/my/stats").json()


def test_packages_without_credit_and_those_that_are_no_trial_never_end_by_it(cast: Cast, trial: Workspace) -> None:
    day(trial, 500 * EURO, BEGAN + timedelta(days=2))
    for values in ({"prepaid_credit_cents": 0}, {"prepaid_credit_cents": 100, "evaluation": False}):
        PlatformPackage.objects.filter(pk=trial.package_id).update(**values)
        assert settle_prepaid_credit() == 0
    assert types(cast.acme) == []


@pytest.fixture
def staff_client(cast: Cast) -> Client:
    """The browser of a superuser."""
    return cast.client(cast.staff)
