"""Who gets into the admin site, how, and that nothing in it writes past the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from events.models import Event
from kit.admin.base import RawWrite, StaffAdmin
from sims.models import Sim
from tests.cast import PASSWORD, Cast
from tests.log import types

PAGES = [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]


def test_strangers_are_sent_to_the_portals_sign_in(cast: Cast) -> None:
    response = Client().get("/admin/sims/sim/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=/admin/sims/sim/"


def test_staff_who_sign_in_land_where_they_wanted(cast: Cast) -> None:
    client = Client()
    response = client.post(
        "/accounts/login/?next=/admin/sims/sim/",
        {"login": cast.staff.email, "password": PASSWORD, "next": "/admin/sims/sim/"},
    )
    assert response["Location"] == "/admin/sims/sim/"
    assert client.get("/admin/login/?next=/admin/sims/sim/")["Location"] == "/admin/sims/sim/"


def test_sign_in_does_not_lead_to_other_hosts(staff: Client) -> None:
    assert staff.get("/admin/login/?next=https://evil.example.com/")["Location"] == "/admin/"


@pytest.mark.parametrize("page", PAGES)
def test_customers_are_refused(cast: Cast, page: str) -> None:
    response = cast.client(cast.owner).get(reverse(page), follow=True)
    assert response.status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_rights_are_refused(granted: Callable[..., Client], page: str) -> None:
    assert granted().get(reverse(page)).status_code == 403


@pytest.mark.parametrize("page", ["admin:index", *PAGES])
def test_every_list_opens(staff: Client, page: str) -> None:
    response = staff.get(reverse(page))
    assert response.status_code == 200
    assert " style=" not in response.content.decode()


def test_rights_open_their_page_only(granted: Callable[..., Client]) -> None:
    client = granted("sims.view_sim")
    assert client.get("/admin/sims/sim/").status_code == 200
    assert client.get("/admin/sims/device/").status_code == 403
    menu = client.get("/admin/").content.decode()
    assert "/admin/sims/sim/" in menu
    assert "/admin/accounts/user/" not in menu


def test_signing_out_is_the_portals(staff: Client) -> None:
    assert staff.post("/admin/logout/")["Location"] == "/accounts/logout/"


def test_all_pages_are_ours() -> None:
    assert Group not in admin.site._registry
    assert all(isinstance(page, StaffAdmin) for page in admin.site._registry.values())


@pytest.mark.parametrize("page", admin.site._registry.values(), ids=str)
def test_nothing_is_deleted(staff: Client, cast: Cast, rf: Any, page: StaffAdmin) -> None:
    request = rf.get("/admin/")
    request.user = cast.staff
    assert not page.has_delete_permission(request)
    assert "delete_selected" not in page.get_actions(request)
    for write in (page.delete_model, page.delete_queryset, page.save_formset):
        with pytest.raises(RawWrite):
            write(request, None)
    if not page.creates:
        assert not page.has_add_permission(request)
        with pytest.raises(RawWrite):
            page.create(request, None)
    if not page.changes:
        assert not page.has_change_permission(request)
        with pytest.raises(RawWrite):
            page.update(request, None, None)
    assert not page.inlines
    assert not page.list_editable


def test_lists_are_filtered_by_what_they_offer_only(staff: Client) -> None:
    """Django allows any column of the model in the address, a password's hash too."""
    response = staff.get("/admin/accounts/user/?password__startswith=argon2")
    assert response.status_code == 400


def test_ones_own_password_is_changed_by_the_service(staff: Client, cast: Cast) -> None:
    new = {"new_password": "another long one", "again": "another long one"}
    wrong = staff.post("/admin/password_change/", {"old_password": "no", **new})
    assert wrong.status_code == 422
    assert types(cast.operator) == [6], "a guess counts as one at the sign-in"
    weak = staff.post("/admin/password_change/", {"old_password": PASSWORD, "new_password": "short", "again": "short"})
    assert "too short" in weak.content.decode()
    done = staff.post("/admin/password_change/", {"old_password": PASSWORD, **new})
    assert done.status_code == 302
    assert types(cast.operator) == [6, 10023]
    assert User.objects.get(pk=cast.staff.pk).check_password("another long one")
    assert staff.get("/admin/").status_code == 200, "this session goes on"


def test_djangos_own_log_is_not_kept(staff: Client, cast: Cast) -> None:
    staff.post(
        f"/admin/accounts/dataplan/{cast.plan.pk}/change/",
        {
            "name": "Global",
            "category": "pooled",
            "currency": "EUR",
            "included_mb": 100,
            "monthly_rate": 0,
            "excess_rate": 0,
            "active": "on",
        },
    )
    assert types(cast.operator) == [10073]
    assert not LogEntry.objects.exists()
    assert staff.get(f"/admin/accounts/dataplan/{cast.plan.pk}/history/").status_code == 404


def test_staff_in_the_admin_site_act_as_staff(staff: Client, cast: Cast) -> None:
    staff.post(f"/admin/accounts/user/{cast.member.pk}/lock/suspend/")
    event = Event.objects.get()
    assert (event.actor_kind, event.actor_ref, event.surface) == (3, cast.staff.pk, 3)
    assert event.actor_label == "Operator staff"
    assert event.actor is not None
    assert event.actor.name == cast.staff.name


def test_models_that_are_only_shown_have_no_form(staff: Client, cast: Cast) -> None:
    sim = cast.sims()[0]
    assert staff.get(f"/admin/sims/sim/{sim.pk}/change/").status_code == 200
    assert staff.post(f"/admin/sims/sim/{sim.pk}/change/", {"status": 3}).status_code == 403
    assert staff.get("/admin/sims/sim/add/").status_code == 403
    assert Sim.objects.get(pk=sim.pk).status == sim.status
    assert Workspace.objects.count() == 4
