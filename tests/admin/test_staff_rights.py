"""Staff roles, entering as support, billing and erasing: what the buttons need and do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import CompanyDetails, Membership, User
from accounts.staff_roles import TABLE, StaffRole
from events.models import Event
from tests.admin.conftest import text_of
from tests.cast import PASSWORD, Cast
from tests.log import rows, types


@pytest.fixture
def clerk_with(cast: Cast) -> Callable[[str], Client]:
    """Return a function that makes somebody with a staff role, and returns their browser."""

    def make(role: str) -> Client:
        user = User.objects.create_user(
            f"{role}@example.com", PASSWORD, name=role.title(), is_staff=True, staff_role=role
        )
        return cast.client(user)

    return make


def test_every_right_of_the_table_exists(db: None) -> None:
    known = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}
    assert set().union(*TABLE.values()) <= known
    assert set(TABLE) == set(StaffRole)


def test_a_reader_sees_every_page_and_changes_nothing(clerk_with: Callable[[str], Client]) -> None:
    client = clerk_with("reader")
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(base).status_code == 200, base
        assert client.get(f"{base}add/").status_code == 403, base


def test_each_role_has_its_pages(cast: Cast, clerk_with: Callable[[str], Client]) -> None:
    clients = {role: clerk_with(role) for role in StaffRole.values}

    def who(path: str) -> set[str]:
        return {role for role, client in clients.items() if client.get(path).status_code == 200}

    assert who("/admin/accounts/user/add/") == {"support"}
    assert who(f"/admin/accounts/workspace/{cast.acme.pk}/billing/") == {"support", "operations"}
    assert who(f"/support/{cast.acme.pk}/") == {"support"}
    assert who("/admin/orders/article/add/") == {"shop"}
    assert who("/admin/accounts/platformpackage/add/") == {"operations"}
    assert who("/admin/accounts/user/") == {"support", "operations", "reader"}
    # Erasing can't be taken back: it is in no role.
    assert who(f"/admin/accounts/user/{cast.member.pk}/erase/") == set()


def test_a_superuser_gives_a_role_and_the_log_says_so(staff: Client, cast: Cast) -> None:
    clerk = User.objects.create_user("clara@example.com", PASSWORD, name="Clara Clerk", is_staff=True)
    other = cast.client(clerk)
    assert other.get("/admin/accounts/user/").status_code == 403
    data = {"email": clerk.email, "name": clerk.name, "is_staff": "on", "staff_role": "support"}
    assert staff.post(f"/admin/accounts/user/{clerk.pk}/change/", data).status_code == 302
    clerk.refresh_from_db()
    assert clerk.staff_role == "support"
    assert types(cast.operator) == [10075]
    event = Event.objects.get(type=10075)
    assert (event.detail or {})["changes"] == {"staff_role": {"from": "", "to": "support"}}
    assert cast.client(clerk).get("/admin/accounts/user/").status_code == 200


def test_nobody_without_staff_rights_gets_a_role(staff: Client, cast: Cast) -> None:
    data = {"email": cast.member.email, "name": cast.member.name, "staff_role": "support"}
    page = staff.post(f"/admin/accounts/user/{cast.member.pk}/change/", data)
    assert page.status_code == 422
    assert "Only a member of the operator&#x27;s staff has a staff role." in page.content.decode()


def test_support_staff_give_themselves_nothing(cast: Cast, clerk_with: Callable[[str], Client]) -> None:
    client = clerk_with("support")
    data = {
        "email": cast.member.email,
        "name": "Max",
        "is_staff": "on",
        "staff_role": "operations",
        "is_superuser": "on",
    }
    client.post(f"/admin/accounts/user/{cast.member.pk}/change/", data)
    cast.member.refresh_from_db()
    assert (cast.member.name, cast.member.is_staff, cast.member.staff_role) == ("Max", False, "")


def test_the_way_to_support_access(staff: Client, cast: Cast, clerk_with: Callable[[str], Client]) -> None:
    page = staff.get(f"/admin/accounts/workspace/{cast.acme.pk}/change/").content.decode()
    assert f'href="/support/{cast.acme.pk}/"' in page
    assert "reason" in staff.get(f"/support/{cast.acme.pk}/").content.decode()
    other = clerk_with("operations").get(f"/admin/accounts/workspace/{cast.acme.pk}/change/").content.decode()
    assert f'href="/support/{cast.acme.pk}/"' not in other


def test_terms_of_the_contract_are_event_32(staff: Client, cast: Cast) -> None:
    url = f"/admin/accounts/workspace/{cast.acme.pk}/billing/"
    data = {"charging_model": 1, "payment_term": 2, "vatin": "", "invoice_email": "bills@example.com"}
    assert staff.get(url).status_code == 200
    assert staff.post(url, data).status_code == 302
    assert staff.post(url, data).status_code == 302
    company = CompanyDetails.objects.get(workspace=cast.acme)
    assert (company.charging_model, company.payment_term, company.invoice_email) == (1, 2, "bills@example.com")
    assert types(cast.acme) == [32]
    assert staff.post(url, data | {"payment_term": 7}).status_code == 422


def test_erasing_asks_for_the_id_and_says_what_happens(staff: Client, cast: Cast) -> None:
    url = f"/admin/accounts/user/{cast.member.pk}/erase/"
    assert f'href="{url}"' in staff.get(f"/admin/accounts/user/{cast.member.pk}/change/").content.decode()
    text = text_of(staff.get(url))
    assert f"Erased user (User ID: {cast.member.pk})" in text
    assert "Acme" in text
    refused = staff.post(url, {"typed": str(cast.owner.pk)})
    assert refused.status_code == 422
    assert "Nothing was erased" in text_of(refused)
    assert Membership.objects.filter(user=cast.member).exists()
    done = staff.post(url, {"typed": f" {cast.member.pk} "}, follow=True)
    assert "is erased" in text_of(done)
    cast.member.refresh_from_db()
    assert (cast.member.name, cast.member.erased is not None) == ("Erased user", True)
    assert [type_ for type_, _text in rows(cast.acme)] == [10026, 10027]
    page = staff.get(f"/admin/accounts/user/{cast.member.pk}/change/").content.decode()
    for gone in ("/erase/", "/password/", "/lock/"):
        assert gone not in page
    assert staff.get(url).status_code == 403


def test_staff_and_strangers_are_not_erased(staff: Client, cast: Cast) -> None:
    assert staff.get(f"/admin/accounts/user/{cast.staff.pk}/erase/").status_code == 403
    assert staff.get("/admin/accounts/user/999999/erase/").status_code == 404
