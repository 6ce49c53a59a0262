"""Fewer days of a trial package end trials: staff see which, and confirm their number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import PlatformPackage, Workspace
from tests.admin.conftest import text_of
from tests.admin.test_catalogue import package_form
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(cast: Cast) -> Client:
    return cast.client(cast.staff)


@pytest.fixture
def trial(cast: Cast) -> PlatformPackage:
    """A trial of 60 days, which Acme has had for 40 and Bolt for 10."""
    made = PlatformPackage.objects.create(
        name="Trial", status=PlatformPackage.Status.ACTIVE, evaluation=True, trial_days=60, max_data_plans=3
    )
    for workspace, days in ((cast.acme, 40), (cast.bolt, 10)):
        since = timezone.now() - timedelta(days=days)
        Workspace.objects.filter(pk=workspace.pk).update(package=made, package_since=since)
    return made


def form_of(package: PlatformPackage, **values: Any) -> dict[str, Any]:
    return package_form(package, **{"evaluation": "on", "trial_days": package.trial_days, **values})


def test_trials_that_end_at_once_are_named_and_confirmed(staff: Client, cast: Cast, trial: PlatformPackage) -> None:
    url = f"/admin/accounts/platformpackage/{trial.pk}/change/"
    asked = staff.post(url, form_of(trial, trial_days=30))
    page = text_of(asked)
    assert "The trial of 1 workspace ends at once: no SIM is activated and no data plan booked there until" in page
    assert f"an upgrade. First: Acme (ID {cast.acme.pk})." in page
    assert "Save, and end 1 trial" in page
    assert "Bolt (ID" not in page
    assert types() == []
    trial.refresh_from_db()
    assert trial.trial_days == 60
    assert staff.post(url, form_of(trial, trial_days=30, confirmed="0-1")).status_code == 302
    trial.refresh_from_db()
    assert trial.trial_days == 30
    # More of them by then than was shown: staff are asked again.
    assert "Save, and end 1 trial" in text_of(staff.post(url, form_of(trial, trial_days=5, confirmed="0-2")))


def test_more_days_and_other_packages_need_no_question(staff: Client, trial: PlatformPackage) -> None:
    url = f"/admin/accounts/platformpackage/{trial.pk}/change/"
    assert staff.post(url, form_of(trial, trial_days=35, confirmed="0-1")).status_code == 302
    assert staff.post(url, form_of(trial, trial_days=90)).status_code == 302
    trial.refresh_from_db()
    assert trial.trial_days == 90


def test_a_package_that_becomes_a_trial_ends_what_is_older(staff: Client, cast: Cast, trial: PlatformPackage) -> None:
    PlatformPackage.objects.filter(pk=trial.pk).update(evaluation=False)
    url = f"/admin/accounts/platformpackage/{trial.pk}/change/"
    page = text_of(staff.post(url, form_of(trial, trial_days=8)))
    assert "The trials of 2 workspaces end at once" in page
    assert "Save, and end 2 trials" in page
