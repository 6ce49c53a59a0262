"""Whoever makes SIMs chargeable by a setting is told how many and which, at what cost, and asked first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import PlatformPackage, Workspace
from accounts.packages.effects import charged_by, effects_of, with_changes
from sims.identifiers import iccid_with_luhn
from sims.models import Sim
from sims.states import SimStatus
from tests.admin.conftest import text_of
from tests.admin.test_workspaces import form_of
from tests.cast import Cast
from tests.log import types


def in_test(cast: Cast, count: int = 3) -> list[Sim]:
    """SIMs in test: one that is new, one with half of its data, one with half of its SMS and half of its time."""
    sims = cast.sims(count, status=SimStatus.FACTORY_TEST)
    now = timezone.now()
    Sim.objects.filter(pk__in=[sim.pk for sim in sims]).update(factory_test_since=now)
    Sim.objects.filter(pk=sims[1].pk).update(tested_bytes=50_000)
    Sim.objects.filter(pk=sims[2].pk).update(tested_sms=5, factory_test_since=now - timedelta(days=90))
    return sims


def url_of(workspace: Workspace) -> str:
    return f"/admin/accounts/workspace/{workspace.pk}/change/"


def states() -> list[int]:
    return sorted(Sim.objects.filter(workspace__isnull=False).values_list("status", flat=True))


def test_factory_test_switched_off(staff: Client, cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=[{"scale_start": 1, "rate": 0.75}])
    sims = in_test(cast, 7)
    sent = form_of(cast.acme, factory_test_override="false", event_days=90)
    asked = staff.post(url_of(cast.acme), sent)
    page = text_of(asked)
    assert asked.status_code == 200
    assert "This ends the factory test of 7 SIMs: they become Activated at once and are charged" in page
    assert "That is 5.25 EUR a month, at 0.75 EUR a SIM." in page
    assert "and 2 more" in page
    assert "Save, and activate 7 SIMs" in page
    digits = re.sub(r"<[^>]+>", "", asked.content.decode())
    assert [iccid_with_luhn(sim.iccid) in digits for sim in sims] == [True] * 5 + [False] * 2
    assert (states(), types()) == ([4] * 7, []), "what was only looked at has left nothing"
    assert Workspace.objects.get(pk=cast.acme.pk).event_days == 400
    back = staff.post(url_of(cast.acme), {**sent, "_back_to_form": "1"})
    assert (back.status_code, types()) == (422, [])
    assert 'value="90"' in back.content.decode(), "what was typed is still there"
    done = staff.post(url_of(cast.acme), {**sent, "confirmed": "7"})
    assert done.status_code == 302
    assert states() == [1] * 7
    assert types(cast.acme) == [10040, 10040, *[8] * 7]


def test_the_confirmation_holds_for_the_number_that_was_shown(staff: Client, cast: Cast) -> None:
    in_test(cast)
    asked = staff.post(url_of(cast.acme), form_of(cast.acme, factory_test_override="false", confirmed="2"))
    assert "Save, and activate 3 SIMs" in text_of(asked)
    assert states() == [4, 4, 4]


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({"factory_test_bytes": 50_000}, 1),
        ({"factory_test_bytes": 50_001}, 0),
        ({"factory_test_sms": 5}, 1),
        ({"factory_test_days": 90}, 1),
        ({"factory_test_days": 89, "factory_test_bytes": 1}, 2),
        ({"factory_test_bytes": 200_000, "factory_test_days": 400}, 0),
    ],
)
def test_limits(staff: Client, cast: Cast, limits: dict[str, Any], count: int) -> None:
    in_test(cast)
    sent = form_of(cast.acme, **limits)
    response = staff.post(url_of(cast.acme), sent)
    if not count:
        assert response.status_code == 302
        return
    assert "the new limits" in text_of(response)
    assert types() == []
    assert staff.post(url_of(cast.acme), {**sent, "confirmed": str(count)}).status_code == 302
    assert types(cast.acme) == [10040] * len(limits)


def test_what_is_over_anyway_is_no_consequence_of_a_change(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.FACTORY_TEST)
    Sim.objects.filter(pk=sim.pk).update(factory_test_since=timezone.now(), tested_bytes=100_000)
    with cast.staffing():
        assert charged_by(effects_of(cast.acme, with_changes(cast.acme, factory_test_bytes=10))) == 0


def test_another_package(staff: Client, cast: Cast) -> None:
    in_test(cast)
    basic = PlatformPackage.objects.create(name="Untested EUR", workspaces_allowed=True, max_workspaces=3)
    sent = form_of(cast.acme, package=basic.pk)
    assert "This ends the factory test of 3 SIMs" in text_of(staff.post(url_of(cast.acme), sent))
    assert Workspace.objects.get(pk=cast.acme.pk).package_id == cast.acme.package_id
    staff.post(url_of(cast.acme), {**sent, "confirmed": "3"})
    assert types(cast.acme) == [33, 8, 8, 8]


def test_what_is_refused_is_said_before_anybody_is_asked(staff: Client, cast: Cast) -> None:
    in_test(cast)
    small = PlatformPackage.objects.create(
        name="Small EUR", workspaces_allowed=True, max_workspaces=3, max_active_sims=2
    )
    response = staff.post(url_of(cast.acme), form_of(cast.acme, package=small.pk))
    assert response.status_code == 422
    assert "there would be 3" in text_of(response)
    assert (states(), types()) == ([4, 4, 4], [])


def test_a_package_that_loses_factory_test_asks_for_all_its_workspaces(staff: Client, cast: Cast) -> None:
    in_test(cast)
    cast.sims(2, status=SimStatus.FACTORY_TEST, workspace=cast.bolt)
    package = PlatformPackage.objects.get(pk=cast.acme.package_id)
    url = f"/admin/accounts/platformpackage/{package.pk}/change/"
    sent = {
        "name": package.name,
        "status": package.status,
        "currency": package.currency,
        "monthly_rate_cents": 0,
        "trial_days": 0,
        "max_workspaces": 3,
        "max_data_plans": 4,
        "workspaces_allowed": "on",
    }
    sent |= {"sim_rates-start": ["1", "500"], "sim_rates-rate": ["0.75", "0.50"]}
    asked = staff.post(url, sent)
    # The whole form is sent again with the answer, both rows of the scale too.
    assert re.findall(r'name="sim_rates-start" value="(\d+)"', asked.content.decode()) == ["1", "500"]
    page = text_of(asked)
    assert "5 SIMs in factory test, in 2 of the workspaces with this package" in page
    assert PlatformPackage.objects.get(pk=package.pk).factory_test_allowed
    assert staff.post(url, {**sent, "confirmed": "5"}).status_code == 302
    assert not PlatformPackage.objects.get(pk=package.pk).factory_test_allowed


def test_customers_see_the_same_and_confirm_the_number(cast: Cast) -> None:
    in_test(cast)
    dearer = PlatformPackage.objects.create(
        name="Dear EUR", monthly_rate_cents=900, workspaces_allowed=True, max_workspaces=3, max_data_plans=4
    )
    url = f"/w/{cast.acme.pk}/settings/package/{dearer.pk}/"
    client = cast.client(cast.owner)
    page = text_of(client.get(url))
    assert "This ends the factory test of 3 SIMs" in page
    assert "Upgrade, and activate 3 SIMs" in page
    assert client.post(url).status_code == 422
    assert client.post(url, {"confirmed": "4"}).status_code == 422
    assert states() == [4, 4, 4]
    assert client.post(url, {"confirmed": "3"}).status_code == 303
    assert states() == [1, 1, 1]


def test_an_upgrade_that_does_not_fit_offers_no_button(cast: Cast) -> None:
    cast.sims(3, status=SimStatus.ACTIVATED)
    small = PlatformPackage.objects.create(
        name="Dear EUR", monthly_rate_cents=900, workspaces_allowed=True, max_workspaces=3, max_data_plans=4,
        max_active_sims=2,
    )  # fmt: skip
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/settings/package/{small.pk}/").content.decode()
    assert "there would be 3" in page
    assert "Upgrade</button>" not in page


def test_stock_that_staff_put_into_an_inventory_as_activated(staff: Client, cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=[{"scale_start": 1, "rate": 0.75}])
    batch = cast.batch(count=4)
    url, sent = f"/admin/sims/simbatch/{batch.pk}/assign/", {"workspace": cast.acme.pk, "status": "1"}
    asked = staff.post(url, sent)
    page = text_of(asked)
    assert asked.status_code == 422
    assert "Activate 4 SIMs of Acme" in page
    assert "All 4 SIMs are charged for the whole of" in page
    assert "That is 3.00 EUR a month, at 0.75 EUR a SIM." in page
    assert types() == []
    assert staff.post(url, {**sent, f"charge_{cast.umbra.pk}_4": "on"}).status_code == 422
    assert staff.post(url, {**sent, f"charge_{cast.acme.pk}_4": "on"}).status_code == 302
    assert types(cast.acme) == [8] * 4
