"""The first steps on the dashboard of a new workspace, its first policies, and what needs attention."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApplicationToken, DataPlan, Workspace
from accounts.packages.services.subscriptions import add_data_plan
from accounts.workspaces.services.workspaces import create_workspace
from events.models import Event
from kit.billing import billing_day
from kit.context import ActorKind
from sims.models import CoveragePolicy, ServicePolicy, Sim, UsageDay
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.build import words
from tests.log import types

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("the facts are one query of many parts")]


def dashboard(cast: Cast, user: object = None) -> str:
    response = cast.client(user or cast.owner).get(f"/w/{cast.acme.pk}/")  # type: ignore[arg-type]
    assert response.status_code == 200
    return response.content.decode()


def steps(html: str) -> dict[str, tuple[bool, list[str]]]:
    """Return the steps: title to whether it is done and where its buttons lead."""
    found = {}
    for css, step in re.findall(r'<li class="first-step([^"]*)">(.*?)</li>', html, re.S):
        title = re.search(r"<h3>([^<]+)</h3>", step)
        assert title
        found[title[1]] = (css == " is-done", re.findall(r'href="([^"]+)"', step))
    return found


def test_steps_tick_themselves_and_go_away_when_all_are_done(cast: Cast) -> None:
    base = f"/w/{cast.acme.pk}/"
    assert steps(dashboard(cast)) == {
        "Get SIMs": (False, [f"{base}sims/register/", f"{base}orders/shop/"]),
        "Have the policies ready": (False, [f"{base}policies/service/create/"]),
        "Create a device": (False, []),
        "See it connect": (False, []),
    }
    cast.policies()
    (sim,) = cast.sims(1)
    shown = steps(dashboard(cast))
    assert [done for done, _urls in shown.values()] == [True, True, False, False]
    assert shown["Create a device"] == (False, [f"{base}devices/create/"])
    cast.device(sim=sim)
    shown = steps(dashboard(cast))
    assert shown["See it connect"] == (False, [f"{base}devices/"])
    UsageDay.objects.create(workspace_id=cast.acme.pk, sim_id=sim.pk, day=billing_day(timezone.now()), data_total=1)
    assert steps(dashboard(cast)) == {}


def test_every_button_leads_to_a_form_that_can_be_completed(cast: Cast) -> None:
    client = cast.client(cast.owner)
    cast.acme.data_plans.clear()
    for prepare in (lambda: None, lambda: cast.acme.data_plans.add(cast.plan), cast.policies):
        prepare()
        for _done, urls in steps(dashboard(cast)).values():
            for url in urls:
                answer = client.get(url)
                assert answer.status_code == 200
                assert "come first" not in words(answer.content.decode())
                assert "comes first" not in words(answer.content.decode())


def test_what_cannot_be_completed_says_what_comes_first(cast: Cast) -> None:
    client = cast.client(cast.owner)
    cast.acme.data_plans.clear()
    base = f"/w/{cast.acme.pk}/"
    html = client.get(f"{base}devices/create/").content.decode()
    assert "The policies come first" in html
    assert f'href="{base}policies/"' in html
    assert 'name="name"' not in html
    html = client.get(f"{base}policies/coverage/create/").content.decode()
    assert "A data plan comes first" in html
    assert f'href="{base}settings/package/"' in html
    assert steps(dashboard(cast))["Have the policies ready"] == (False, [f"{base}settings/package/"])


def test_one_who_may_do_nothing_sees_none_and_one_who_dismissed_them_neither(cast: Cast) -> None:
    assert steps(dashboard(cast, cast.observer)) == {}
    client = cast.client(cast.member)
    home = f"/w/{cast.acme.pk}/"
    answer = client.post("/preferences/", {"dismiss_guide": cast.acme.pk, "next": home})
    assert answer["Location"] == home
    assert steps(dashboard(cast, cast.member)) == {}
    assert steps(dashboard(cast, cast.owner))  # each for themselves
    for wrong in ("x", "-1", "9" * 19):
        assert client.post("/preferences/", {"dismiss_guide": wrong}).status_code == 400


def test_an_empty_inventory_offers_to_register_and_to_order(cast: Cast) -> None:
    html = cast.client(cast.member).get(f"/w/{cast.acme.pk}/sims/").content.decode()
    empty = html[html.index('class="empty"') :]
    assert f'href="/w/{cast.acme.pk}/sims/register/">Register SIMs' in empty
    assert f'href="/w/{cast.acme.pk}/orders/shop/">Order SIMs' in empty
    assert "Order SIMs" not in cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/").content.decode()


# --- the policies that exist from the start ---


def test_a_new_workspace_has_policies_told_as_the_portals_own(cast: Cast) -> None:
    with cast.staffing():
        made = create_workspace(name="New", package_id=cast.acme.package_id, data_plan_ids=[cast.plan.pk])
    service, coverage = ServicePolicy.objects.get(workspace=made), CoveragePolicy.objects.get(workspace=made)
    assert (service.name, service.data, service.sms_mt, service.allowed_nb_iot) == (
        "Standard service",
        True,
        True,
        True,
    )
    assert (coverage.name, coverage.data_plan) == ("Standard coverage", cast.plan)
    assert types(made) == [10071, 10005, 10008]
    kinds = Event.objects.filter(workspace=made, type__in=(10005, 10008)).values_list("actor_kind", flat=True)
    assert set(kinds) == {ActorKind.SYSTEM}


def test_without_a_data_plan_the_coverage_policy_comes_with_the_first_one(cast: Cast) -> None:
    with cast.staffing():
        made = create_workspace(name="New", package_id=cast.acme.package_id)
        assert not CoveragePolicy.objects.filter(workspace=made).exists()
        add_data_plan(workspace_id=made.pk, data_plan_id=cast.plan.pk)
        assert CoveragePolicy.objects.get(workspace=made).data_plan == cast.plan
        CoveragePolicy.objects.filter(workspace=made).delete()
        ServicePolicy.objects.filter(workspace=made).delete()
        other = DataPlan.objects.create(name="Other", currency=cast.plan.currency)
        Workspace.objects.filter(pk=made.pk).update(package=cast.acme.package_id)
        add_data_plan(workspace_id=made.pk, data_plan_id=other.pk)
    # Whoever deleted them wants none.
    assert not CoveragePolicy.objects.filter(workspace=made).exists()


# --- attention ---


def test_what_needs_attention_leads_to_what_it_counts(cast: Cast) -> None:
    sims = cast.sims(6, status=SimStatus.SUSPENDED)
    for sim in sims[:2]:
        cast.device(sim=sim, status=DeviceStatus.ENABLED)
    Sim.objects.filter(pk=sims[2].pk).update(status=SimStatus.ACTIVATED)
    cast.device(sim=Sim.objects.get(pk=sims[2].pk), status=DeviceStatus.DISABLED)
    tested = cast.sims(1, status=SimStatus.FACTORY_TEST)[0]
    Sim.objects.filter(pk=tested.pk).update(tested_sms=cast.acme.factory_test_sms)
    soon = timezone.now() + timedelta(days=3)
    ApplicationToken.objects.create(workspace=cast.acme, digest="d" * 64, role="User", expiry_date=soon)
    ApplicationToken.objects.create(workspace=cast.umbra, digest="e" * 64, role="User", expiry_date=soon)
    html = dashboard(cast)
    text = words(html)
    for said in (
        "2 devices are Enabled but cannot connect: their SIMs are Issued or Suspended.",
        "1 device is Disabled although its SIM is Activated and charged.",
        "1 SIM is near a limit of its factory test",
        "1 application token ends within two weeks.",
    ):
        assert said in text
    client = cast.client(cast.owner)
    lists = re.findall(r'class="matter".*?href="([^"]+)"', html, re.S)
    assert len(lists) == 4
    counts = {"devices/": 0, "sims/": 0}
    for url in lists:
        for name in counts:
            if f"/{name}" in url:
                counts[name] += client.get(url.replace("&amp;", "&")).content.decode().count("<tr data-row")
    assert counts == {"devices/": 3, "sims/": 1}


def test_the_facts_are_one_query_however_much_there_is(cast: Cast) -> None:
    client = cast.client(cast.owner)

    def queries() -> int:
        client.get(f"/w/{cast.acme.pk}/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/w/{cast.acme.pk}/")
        return len(captured)

    few = queries()
    for sim in cast.sims(20, status=SimStatus.SUSPENDED):
        cast.device(sim=sim, status=DeviceStatus.ENABLED)
    assert queries() <= few
