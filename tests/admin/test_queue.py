"""The overview of the admin site: what waits, since when, where it is done, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User, WorkspaceRequest
from accounts.staff_roles import StaffRole
from events.models import GuardCheck
from kit.models import Job, OutgoingMail
from orders.models import MoneyTransfer, Order, PaymentMethod
from portal.staff.queue import Work
from sims.models import SimBatch
from tests.admin.conftest import text_of
from tests.cast import Cast
from tests.orders.conftest import Shop, shop  # noqa: F401 - a fixture


def work(client: Client) -> dict[str, Work]:
    return {str(each.label): each for each in client.get("/admin/").context["work"]}


def job(cast: Cast, **values: Any) -> Job:
    filled = {
        "kind": "sims.bulk",
        "title": "Suspend 900 SIMs",
        "workspace_id": cast.acme.pk,
        "actor": {},
        "request_id": "11111111-1111-4111-8111-111111111111",
        "surface": 1,
        "total": 900,
        "done": 300,
        **values,
    }
    return Job.objects.create(**filled)


def fill(shop: Shop) -> None:  # noqa: F811
    """Let work of every kind wait."""
    cast, ago = shop.cast, timezone.now() - timedelta(hours=3)
    first, second = shop.paid(), shop.paid()
    Order.objects.filter(pk=second.pk).update(paid_at=ago)
    Order.objects.filter(pk=shop.order().pk).update(payment_method=PaymentMethod.BANK_TRANSFER)
    WorkspaceRequest.objects.create(
        workspace=cast.acme, kind="new", contact_email="it@example.com", text="A second site.", created=ago
    )
    OutgoingMail.objects.create(to=["x@example.com"], subject="S", body="B", created=ago)
    MoneyTransfer.objects.create(
        order=first, kind="refund", method=1, amount=1, currency="EUR", created=ago, since=ago, next_attempt=ago,
        given_up=True,
    )  # fmt: skip
    SimBatch.objects.filter(quantity=100).update(workspace=cast.umbra)
    User.objects.filter(pk=cast.member.pk).update(locked_until=timezone.now() + timedelta(minutes=4))
    job(cast, state="running", beat=ago, created=ago)
    GuardCheck.objects.update_or_create(pk=1, defaults={"checked": timezone.now(), "problems": ["A trigger is off."]})


def test_nothing_waits(staff: Client, cast: Cast) -> None:
    assert work(staff) == {}
    page = text_of(staff.get("/admin/"))
    assert "Nothing waits for you" in page


def test_each_kind_has_its_number_age_and_button(staff: Client, shop: Shop) -> None:  # noqa: F811
    fill(shop)
    found = work(staff)
    assert {name: each.count for name, each in found.items()} == {
        "Checks that fail": 1,
        "Jobs that stand still": 1,
        "Money transfers given up": 1,
        "Paid orders to ship": 2,
        "Workspace requests": 1,
        "Locked accounts": 1,
        "Mails that do not go": 1,
        "Orders that wait for a bank transfer": 1,
        "Articles low in stock": 2,
    }
    assert list(found["Articles low in stock"].lines) == ["Batch of 100: none left", "Nano SIM: 2 pieces left"]
    oldest = Order.objects.filter(status=1).earliest("paid_at")
    assert found["Paid orders to ship"].act_url == f"/admin/orders/order/{oldest.pk}/ship/"
    assert found["Paid orders to ship"].oldest == oldest.paid_at
    for each in found.values():
        assert each.verb, each.label
        if not each.post:
            assert staff.get(each.act_url).status_code == 200, each.label
        if each.url:
            assert staff.get(each.url).status_code == 200, each.label
    page = text_of(staff.get("/admin/"))
    assert "A trigger is off." in page
    assert "Suspend 900 SIMs, workspace" in page
    assert "3 h ago" in page


@pytest.mark.parametrize(
    ("role", "sees", "acts"),
    [
        (
            StaffRole.SHOP,
            {"Checks that fail", "Money transfers given up", "Paid orders to ship", "Articles low in stock",
             "Orders that wait for a bank transfer"},
            {"Money transfers given up", "Paid orders to ship", "Orders that wait for a bank transfer"},
        ),
        (
            StaffRole.SUPPORT,
            None,
            {"Checks that fail", "Jobs that stand still", "Workspace requests", "Locked accounts",
             "Mails that do not go"},
        ),
        (StaffRole.OPERATIONS, None, {"Checks that fail", "Jobs that stand still", "Articles low in stock"}),
        (StaffRole.READER, None, {"Checks that fail"}),
    ],
)  # fmt: skip
def test_each_role_sees_its_work(
    shop: Shop,  # noqa: F811
    staff: Client,
    clerk: User,
    role: StaffRole,
    sees: set[str] | None,
    acts: set[str],
) -> None:
    fill(shop)
    everything = set(work(staff))
    clerk.staff_role = role
    clerk.save()
    found = work(shop.cast.client(clerk))
    assert set(found) == (everything if sees is None else sees)
    assert {name for name, each in found.items() if each.verb} == acts


def test_the_overview_costs_the_same_for_any_number(staff: Client, shop: Shop, queries: Any) -> None:  # noqa: F811
    fill(shop)
    few = queries(lambda: staff.get("/admin/"))
    for number in range(10):
        job(shop.cast, created=timezone.now() - timedelta(hours=number + 1))
        OutgoingMail.objects.create(to=["x@example.com"], subject="S", body="B", given_up=True)
    shop.paid((shop.single, 2))
    many = queries(lambda: staff.get("/admin/"))
    assert len(few) == len(many) <= 30, "\n".join(many)


def test_waking_jobs(granted: Callable[..., Client], cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    old = timezone.now() - timedelta(hours=1)
    stuck = [job(cast, created=old), job(cast, state="running", beat=old)]
    job(cast)
    job(cast, state="done", created=old)
    woken: list[str] = []
    monkeypatch.setattr("portal.admin_site.wake", woken.append)
    reader = granted("kit.view_job")
    assert reader.post("/admin/jobs/wake/").status_code == 403
    client = granted("kit.view_job", "kit.change_job")
    assert client.get("/admin/jobs/wake/").status_code == 403, "a link must not do it"
    assert client.post("/admin/jobs/wake/").status_code == 302
    assert sorted(woken) == sorted(str(each.pk) for each in stuck)


def test_the_menu_is_not_repeated(staff: Client) -> None:
    page = staff.get("/admin/").content.decode()
    assert page.count('href="/admin/sims/sim/"') == 1
    assert "/admin/sims/simmodel/" in staff.get("/admin/sims/").content.decode()
