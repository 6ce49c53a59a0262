"""Company details, billing, the table of permissions, requests for workspaces, package and data plans."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import CompanyDetails, DataPlan, PlatformPackage, WorkspaceRequest
from accounts.packages.services.subscriptions import set_data_plans
from accounts.permissions import TABLE, Permission
from accounts.workspaces.services.company import update_billing
from accounts.workspaces.services.requests import handle_workspace_request, request_workspace
from accounts.workspaces.services.workspaces import create_workspace
from events.models import Event
from events.selectors import event_row, persons_of
from events.wire import wire
from kit.errors import Conflict, Forbidden, Invalid
from sims.states import SimStatus
from tests.cast import Cast
from tests.log import last, rows, types


def url(cast: Cast, name: str, *args: int) -> str:
    return reverse(name, args=[cast.acme.pk, *args])


def detail(cast: Cast) -> dict[str, Any]:
    row = event_row(workspace_id=cast.acme.pk, event_id=last().pk)
    assert row is not None
    found: dict[str, Any] = wire(row, persons_of([row]), {})["detail"]
    return found


COMPANY = {
    "part": "company",
    "name": "Acme Ltd.",
    "country": "de",
    "street": "",
    "postal_code": "",
    "city": "",
    "verification_type": "1",
    "verification": "DE123456789",
}


def test_company_details_are_event_31(cast: Cast) -> None:
    client = cast.client(cast.owner)
    assert client.post(url(cast, "accounts:workspace_settings"), COMPANY).status_code == 303
    assert rows(cast.acme) == [(31, "Organisation data updated.")]
    assert detail(cast) == {
        "changed_data": [
            {"name": {"old": "Acme", "new": "Acme Ltd."}},
            {"country": {"old": "null", "new": "DE"}},
            {"verification_type_id": {"old": "null", "new": "1"}},
            {"verification": {"old": "null", "new": "DE123456789"}},
        ]
    }
    client.post(url(cast, "accounts:workspace_settings"), COMPANY)
    assert types(cast.acme) == [31]


def test_billing_is_event_32(cast: Cast) -> None:
    data = {"part": "billing", "vatin": "DE123456789", "invoice_email": "bills@example.com"}
    assert cast.client(cast.owner).post(url(cast, "accounts:workspace_settings"), data).status_code == 303
    assert rows(cast.acme) == [(32, "Billing config has been updated.")]
    assert detail(cast) == {
        "billing_config": {"charging_model": {"id": 0}, "payment_term": {"id": 0}, "vatin": "DE123456789"}
    }
    assert CompanyDetails.objects.get().invoice_email == "bills@example.com"
    with cast.acting(cast.owner), pytest.raises(Invalid):
        update_billing(workspace_id=cast.acme.pk, changes={"payment_term": 2})


def test_a_wrong_value_keeps_the_form(cast: Cast) -> None:
    response = cast.client(cast.owner).post(
        url(cast, "accounts:workspace_settings"), {**COMPANY, "country": "Germany", "city": "Kept City"}
    )
    assert response.status_code == 422
    assert b"Kept City" in response.content
    assert types(cast.acme) == []


@pytest.mark.parametrize("who", ["member", "observer"])
def test_others_read_and_change_nothing(cast: Cast, who: str) -> None:
    client = cast.client(getattr(cast, who))
    page = client.get(url(cast, "accounts:workspace_settings"))
    assert page.status_code == 200
    assert b'name="vatin"' not in page.content
    assert client.post(url(cast, "accounts:workspace_settings"), COMPANY).status_code == 403
    assert client.get(url(cast, "accounts:workspace_requests")).status_code == 403
    assert client.get(url(cast, "accounts:workspace_package")).status_code == 200
    assert types(cast.acme) == []


def test_the_table_of_permissions_is_the_one_that_decides(cast: Cast) -> None:
    html = cast.client(cast.observer).get(url(cast, "accounts:workspace_permissions")).content.decode()
    assert html.count('<th scope="row">') == len(TABLE)
    assert str(Permission.USER_MANAGE.label).capitalize() in html
    assert "Your role here is Observer" in html


# --- requests ---


def test_a_request_is_10041_and_staff_answer_it(cast: Cast) -> None:
    client = cast.client(cast.owner)
    data = {"kind": "new", "contact_email": "it@example.com", "text": "A workspace for the lab."}
    assert client.post(url(cast, "accounts:workspace_requests"), data).status_code == 303
    assert rows(cast.acme) == [(10041, "Request for a new workspace sent")]
    assert client.post(url(cast, "accounts:workspace_requests"), data).status_code == 422
    request = WorkspaceRequest.objects.get()
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        handle_workspace_request(request_id=request.pk, status=1)
    with cast.staffing():
        with pytest.raises(Invalid):
            handle_workspace_request(request_id=request.pk, status=2)
        handle_workspace_request(request_id=request.pk, status=1, answer="Made: Acme Lab.")
    assert types(cast.acme) == [10041, 10040]
    assert b"Made: Acme Lab." in client.get(url(cast, "accounts:workspace_requests")).content


def test_a_package_has_room_for_so_many_workspaces(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_workspaces=2)
    with cast.acting(cast.owner):
        with pytest.raises(Conflict, match="allows 2 workspaces"):
            request_workspace(workspace_id=cast.acme.pk, kind="new", contact_email="it@example.com", text="More")
        with pytest.raises(Conflict, match="linked to it"):
            request_workspace(workspace_id=cast.bolt.pk, kind="new", contact_email="it@example.com", text="More")
    with cast.staffing(), pytest.raises(Conflict, match="allows 2 workspaces"):
        create_workspace(name="Third", package_id=cast.acme.package_id, main_id=cast.acme.pk)


# --- package and data plans ---


def dearer(**values: Any) -> PlatformPackage:
    return PlatformPackage.objects.create(
        **{
            "name": "Pro EUR",
            "monthly_rate_cents": 49_900,
            "max_data_plans": 6,
            "max_workspaces": 3,
            "workspaces_allowed": True,
            **values,
        }
    )


def test_leaving_factory_test_says_how_many_sims_activate(cast: Cast) -> None:
    sims = cast.sims(3, status=SimStatus.FACTORY_TEST)
    new = dearer()
    client = cast.client(cast.owner)
    assert b"Upgrade to Pro EUR" in client.get(url(cast, "accounts:workspace_package")).content
    page = client.get(url(cast, "accounts:workspace_package_change", new.pk)).content.decode()
    assert "This ends the factory test of 3 SIMs: they become Activated at once" in page
    assert "charged in full from" in page
    assert client.post(url(cast, "accounts:workspace_package_change", new.pk), {"confirmed": "3"}).status_code == 303
    assert types(cast.acme)[0] == 33
    assert Event.objects.filter(workspace=cast.acme, type=8).count() == 3
    sims[0].refresh_from_db()
    assert sims[0].status == SimStatus.ACTIVATED
    first = Event.objects.get(type=33)
    assert first.description == "Tariff plan 'Pro EUR' has been assigned."
    assert (first.detail or {})["tariff_plan"]["rate"] == 499.0


def test_an_administrator_upgrades_and_does_nothing_else(cast: Cast) -> None:
    new = dearer(factory_test_allowed=True)
    small = dearer(name="Small EUR", monthly_rate_cents=50_000, max_data_plans=0, max_workspaces=3, max_users=1)
    client = cast.client(cast.owner)
    assert client.post(url(cast, "accounts:workspace_package_change", cast.umbra.package_id)).status_code == 404
    refused = client.post(url(cast, "accounts:workspace_package_change", small.pk))
    assert refused.status_code == 422
    assert b"allows 1 users" in refused.content or b"data plans" in refused.content
    assert cast.client(cast.member).post(url(cast, "accounts:workspace_package_change", new.pk)).status_code == 403
    assert types(cast.acme) == []
    page = client.get(url(cast, "accounts:workspace_package_change", new.pk)).content.decode()
    assert "no factory test" not in page


def test_data_plans_are_booked_within_the_package(cast: Cast) -> None:
    client = cast.client(cast.owner)
    plans = [DataPlan.objects.create(name=f"Plan {number}", included_mb=10) for number in range(4)]
    for plan in plans[:3]:
        assert client.post(url(cast, "accounts:workspace_package_plans"), {"plan": plan.pk}).status_code == 303
    assert types(cast.acme) == [34, 34, 34]
    assert rows(cast.acme)[0][1] == "A new inclusive volume has been booked in ratezone 'Plan 0'."
    answer = client.post(url(cast, "accounts:workspace_package_plans"), {"plan": plans[3].pk}, follow=True)
    assert b"allows 4 data plans" in answer.content
    assert client.post(url(cast, "accounts:workspace_package_plans"), {"plan": "x"}).status_code == 404
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[])
    assert types(cast.acme) == [34, 34, 34]


def test_the_package_page_shows_what_is_used_of_each_limit(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=2, max_users=10)
    cast.sims(3, status=SimStatus.ACTIVATED)
    html = cast.client(cast.owner).get(url(cast, "accounts:workspace_package")).content.decode()
    rows_shown = re.findall(
        r'<tr><th scope="row">([^<]+)</th><td class="num">(.*?)</td><td class="num">(.*?)</td>', html
    )
    found = {label: (re.sub(r"<[^>]+>", "", used).strip(), most) for label, used, most in rows_shown}
    assert found == {
        "Activated SIMs": ("3 above the limit", "2"),
        "Data plans": ("1", "4"),
        "Users, with invited ones": ("3", "10"),
        "Workspaces": ("2", "3"),
    }
