"""The pages of workspaces: settings, package, data plans, SuperAdmin, members; each change leaves its event."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import DataPlan, Membership, PlatformPackage, User, Workspace
from accounts.permissions import Role
from events.models import Event
from sims.states import SimStatus
from tests.admin.conftest import text_of
from tests.cast import Cast
from tests.log import rows, types


def form_of(workspace: Workspace, **changes: Any) -> dict[str, Any]:
    values = {
        "name": workspace.name,
        "type": workspace.type,
        "status": workspace.status,
        "country": workspace.country,
        "currency": workspace.currency,
        "main": workspace.main_id or "",
        "super_admin": workspace.super_admin_id or "",
        "package": workspace.package_id,
        "data_plans": [plan.pk for plan in workspace.data_plans.all()],
        "factory_test_override": "unknown",
        "factory_test_bytes": workspace.factory_test_bytes,
        "factory_test_sms": workspace.factory_test_sms,
        "factory_test_days": workspace.factory_test_days,
        "event_days": workspace.event_days,
    }
    return {**values, **changes}


def save(staff: Client, workspace: Workspace, **changes: Any) -> Any:
    return staff.post(f"/admin/accounts/workspace/{workspace.pk}/change/", form_of(workspace, **changes))


def test_create(staff: Client, cast: Cast) -> None:
    response = staff.post(
        "/admin/accounts/workspace/add/",
        {
            "name": "Delta",
            "type": 4,
            "country": "de",
            "currency": "EUR",
            "main": cast.acme.pk,
            "package": cast.umbra.package_id,
            "data_plans": [cast.plan.pk],
        },
    )
    made = Workspace.objects.get(name="Delta")
    assert response["Location"] == f"/admin/accounts/workspace/{made.pk}/change/"
    assert (made.country, made.main_id, list(made.data_plans.all())) == ("DE", cast.acme.pk, [cast.plan])
    assert types(made) == [10071, 10005, 10008]
    assert types() == [10071, 10005, 10008]


def test_what_the_service_refuses_stands_at_its_field(staff: Client, cast: Cast) -> None:
    response = staff.post(
        "/admin/accounts/workspace/add/",
        {
            "name": "Delta",
            "type": 4,
            "currency": "EUR",
            "main": cast.bolt.pk,
            "package": cast.umbra.package_id,
        },
    )
    assert response.status_code == 422
    assert "is linked itself" in response.context["adminform"].form.errors["main"][0]
    assert Workspace.objects.filter(name="Delta").count() == 0
    assert types() == []
    assert 'value="Delta"' in response.content.decode(), "what was typed stays"


def test_settings(staff: Client, cast: Cast) -> None:
    response = save(staff, cast.acme, name="Acme Ltd", event_days=90, status=1)
    assert response.status_code == 302
    assert types(cast.acme) == [31, 10040, 10040]
    assert {text for _type, text in rows(cast.acme)[1:]} == {
        "Setting 'Days events are kept' changed from 400 to 90",
        "Setting 'Status' changed from Enabled to Suspended",
    }


def test_saving_without_a_change_leaves_no_event(staff: Client, cast: Cast) -> None:
    assert save(staff, cast.acme).status_code == 302
    assert types() == []


def test_package_and_data_plans_in_one_action(staff: Client, cast: Cast) -> None:
    other = DataPlan.objects.create(name="Regional")
    PlatformPackage.objects.filter(pk=cast.umbra.package_id).update(workspaces_allowed=True, max_workspaces=3)
    save(staff, cast.acme, package=cast.umbra.package_id, data_plans=[other.pk])
    assert types(cast.acme) == [33, 34, 34]
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


def test_nothing_is_half_done(staff: Client, cast: Cast) -> None:
    """The new package allows one data plan; the change of name before it is undone too."""
    other = DataPlan.objects.create(name="Regional")
    PlatformPackage.objects.filter(pk=cast.umbra.package_id).update(workspaces_allowed=True, max_workspaces=3)
    response = save(
        staff, cast.acme, name="Acme Ltd", package=cast.umbra.package_id, data_plans=[cast.plan.pk, other.pk]
    )
    assert response.status_code == 422
    assert "allows 1 data plans" in text_of(response)
    cast.acme.refresh_from_db()
    assert cast.acme.name == "Acme"
    assert types() == []


def test_super_admin(staff: Client, cast: Cast) -> None:
    save(staff, cast.acme, super_admin=cast.owner.pk)
    assert types(cast.acme) == [10024]
    cast.acme.refresh_from_db()
    response = save(staff, cast.acme, super_admin="")
    assert response.status_code == 422
    assert "keeps a SuperAdmin" in text_of(response)


def test_settings_that_others_changed_meanwhile_are_left_alone(staff: Client, cast: Cast) -> None:
    form = form_of(cast.acme, event_days=90)
    Workspace.objects.filter(pk=cast.acme.pk).update(country="FR")
    form["country"] = ""
    staff.post(f"/admin/accounts/workspace/{cast.acme.pk}/change/", {**form, "country": "FR"})
    cast.acme.refresh_from_db()
    assert (cast.acme.country, cast.acme.event_days) == ("FR", 90)


def test_members(staff: Client, cast: Cast) -> None:
    url = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    assert "Max Member" in staff.get(url).content.decode()
    staff.post(url, {"what": "add", "user": cast.outsider.pk, "role": "Observer"})
    staff.post(url, {"what": "role", "member": cast.outsider.pk, "new_role": "User"})
    staff.post(url, {"what": "remove", "member": cast.outsider.pk})
    assert types(cast.acme) == [10025, 10024, 10026]
    assert not Membership.objects.filter(workspace=cast.acme, user=cast.outsider).exists()


def test_members_refusals(staff: Client, cast: Cast) -> None:
    url = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    twice = staff.post(url, {"what": "add", "user": cast.member.pk, "role": "User"})
    assert twice.status_code == 422
    assert "is a member already" in twice.content.decode()
    odd = staff.post(url, {"what": "role", "member": cast.member.pk, "new_role": "SuperAdmin"}, follow=True)
    assert "A member is Administrator, User or Observer." in odd.content.decode()
    assert types() == []


def test_members_need_the_right(granted: Any, cast: Cast) -> None:
    client = granted("accounts.view_workspace")
    url = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    assert client.get(url).status_code == 200
    assert "Change role" not in client.get(url).content.decode()
    assert client.post(url, {"what": "remove", "member": cast.member.pk}).status_code == 403
    assert save(client, cast.acme, name="X").status_code == 403


# --- the list ---


@pytest.fixture
def troubled(cast: Cast) -> Cast:
    cast.sims(3, status=SimStatus.ACTIVATED)
    cast.sims(2, status=SimStatus.SUSPENDED)
    Workspace.objects.filter(pk=cast.umbra.pk).update(status=1)
    Membership.objects.filter(workspace=cast.bolt).delete()
    return cast


def names(response: Any) -> list[str]:
    return [workspace.name for workspace in response.context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("warning=unused", ["Acme"]),
        ("warning=suspended", ["Umbra"]),
        ("warning=no_administrator", ["Bolt"]),
        ("warning=trial", []),
        ("warning=odd", []),
        ("link=linked", ["Bolt"]),
        ("type=1", ["Test Operator"]),
        ("q=acm", ["Acme"]),
        ("q=otto.outsider@example.com", ["Umbra"]),
        ("q=nothing", []),
    ],
)
def test_filters_and_search(staff: Client, troubled: Cast, query: str, expected: list[str]) -> None:
    assert names(staff.get(f"/admin/accounts/workspace/?{query}")) == expected


def test_search_by_id(staff: Client, cast: Cast) -> None:
    assert names(staff.get(f"/admin/accounts/workspace/?q={cast.bolt.pk}")) == ["Bolt"]


def test_figures_and_warnings(staff: Client, troubled: Cast) -> None:
    response = staff.get("/admin/accounts/workspace/")
    assert names(response) == ["Acme", "Bolt", "Test Operator", "Umbra"]
    acme = response.context["cl"].result_list[0].figures
    assert (acme["sims"], acme["unused"], acme["users"]) == ({SimStatus.ACTIVATED: 3, SimStatus.SUSPENDED: 2}, 3, 3)
    text = text_of(response)
    assert "3 unused but charged SIMs" in text
    assert "No Administrator" in text


def test_sorting_by_last_event_and_by_sims(staff: Client, troubled: Cast) -> None:
    staff.post(
        f"/admin/accounts/workspace/{troubled.bolt.pk}/members/",
        {"what": "add", "user": troubled.member.pk, "role": Role.USER.value},
    )
    shown = staff.get("/admin/accounts/workspace/").context["cl"].list_display
    columns = [column if isinstance(column, str) else column.__name__ for column in shown]
    for column, first in (("last_event", "Bolt"), ("activated", "Acme")):
        response = staff.get(f"/admin/accounts/workspace/?o=-{columns.index(column)}")
        assert names(response)[0] == first


def test_the_list_costs_the_same_for_any_number(staff: Client, cast: Cast, queries: Any) -> None:
    few = queries(lambda: staff.get("/admin/accounts/workspace/"))
    for number in range(60):
        workspace = Workspace.objects.create(name=f"W {number:02d}", package=cast.acme.package, main=cast.acme)
        Membership.objects.create(workspace=workspace, user=cast.owner, role="Administrator")
        cast.sims(2, workspace=workspace, status=SimStatus.ACTIVATED)
    many = queries(lambda: staff.get("/admin/accounts/workspace/"))
    assert len(many) == len(few) <= 12, "\n".join(many)


def test_staff_do_not_join_a_customers_workspace(staff: Client, cast: Cast) -> None:
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    answer = staff.post(address, {"what": "add", "user": cast.staff.pk, "role": "Administrator"})
    assert "they enter as support, with a reason" in answer.content.decode()
    assert not cast.acme.memberships.filter(user=cast.staff).exists()
    assert types() == []


def test_members_are_changed_by_those_who_may_change_users(cast: Cast) -> None:
    clerk = User.objects.create_user("ops@example.com", None, name="Oz", is_staff=True, staff_role="operations")
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    client = cast.client(clerk)
    assert client.get(address).status_code == 200
    assert client.post(address, {"what": "remove", "member": cast.member.pk}).status_code == 403
    assert cast.acme.memberships.filter(user=cast.member).exists()
