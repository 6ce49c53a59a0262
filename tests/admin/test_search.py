"""One search over everything: exact hits open, groups obey rights, and a SIM is found by any part of its numbers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Invitation, WorkspaceRequest
from accounts.people.services.members import remove_member
from events.models import Event
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.imports import import_sims
from sims.inventory.services.stock import SimRecord, create_batch
from sims.models import Sim, SimNumbers
from tests.admin.conftest import text_of
from tests.cast import Cast
from tests.orders.conftest import Shop, shop  # noqa: F401 - a fixture

pytestmark = pytest.mark.sqlite_too("digits are searched without trigrams there")

URL = "/admin/search/"


def to(staff: Client, text: str) -> str:
    """Return where a search leads at once, "" where it shows what was found."""
    answer = staff.get(URL, {"q": text})
    return str(answer.get("Location", "")) if answer.status_code == 302 else ""


def groups(staff: Client, text: str) -> dict[str, list[str]]:
    answer = staff.get(URL, {"q": text})
    assert answer.status_code == 200, answer.get("Location")
    return {group.label: [hit.url for hit in group.hits] for group in answer.context["groups"]}


def test_an_exact_hit_opens_its_page(staff: Client, cast: Cast) -> None:
    sim = cast.sims(2)[0]
    device = cast.device(name="Pump 7", imei="490154203237518", sim=sim)
    printed = iccid_with_luhn(sim.iccid)
    for text in (printed, sim.iccid, sim.imsi, f"{printed[:4]} {printed[4:]}", f"sim:{sim.pk}"):
        assert to(staff, text) == f"/admin/sims/sim/{sim.pk}/change/", text
    for text in ("490154203237518", f"device:{device.pk}", "pump 7"):
        assert to(staff, text) == f"/admin/sims/device/{device.pk}/change/", text
    assert to(staff, sim.batch.bic) == f"/admin/sims/simbatch/{sim.batch_id}/change/"
    assert to(staff, "OLGA.owner@example.com") == f"/admin/accounts/user/{cast.owner.pk}/change/"
    assert to(staff, f"workspace:{cast.acme.pk}") == f"/admin/accounts/workspace/{cast.acme.pk}/change/"
    assert to(staff, "umbra") == f"/admin/accounts/workspace/{cast.umbra.pk}/change/"


def test_what_no_database_stores_is_left_out(staff: Client, cast: Cast) -> None:
    device = cast.device(name="Zähler Süd")
    assert to(staff, "za\u0308hler\x00 su\u0308d") == f"/admin/sims/device/{device.pk}/change/"


def test_orders_requests_tokens_and_events(staff: Client, shop: Shop) -> None:  # noqa: F811
    cast = shop.cast
    cast.token()
    asked = WorkspaceRequest.objects.create(
        workspace=cast.acme, kind="new", contact_email="it@example.com", text="A second site."
    )
    order = shop.order(note="PO-7788")
    event = Event.objects.get(type=38)
    assert to(staff, f"order:{order.pk}") == f"/admin/orders/order/{order.pk}/change/"
    assert groups(staff, "PO-7788")["Orders"] == [f"/admin/orders/order/{order.pk}/change/"]
    assert groups(staff, "second site")["Workspace requests"] == [
        f"/admin/accounts/workspacerequest/{asked.pk}/change/"
    ]
    assert groups(staff, "ERP")["Application tokens"] == ["/admin/events/event/?q=token%3A77"]
    assert to(staff, "token:77") == "/admin/events/event/?q=token%3A77"
    assert to(staff, str(event.request_id)) == f"/admin/events/event/?q={event.request_id}"
    assert to(staff, f"event:{event.pk}") == f"/admin/events/event/{event.pk}/change/"
    # A bare number leads to what has it, or lists all that have it.
    WorkspaceRequest.objects.filter(pk=asked.pk).update(id=event.pk)
    assert f"/admin/events/event/{event.pk}/change/" in groups(staff, str(event.pk))["Events"]


def test_a_sim_is_found_by_any_part_of_its_numbers(staff: Client, cast: Cast) -> None:
    batch_id = cast.batch(cast.umbra).pk
    with cast.staffing():
        batch = create_batch(bic="1234123412341234", model=cast.model)
        record = SimRecord("8988303000058053417", "901431234509876", "882285551234", "89049032" + "7" * 24, None, 2)
        import_sims(batch_id=batch.pk, records=[record])
    sim = Sim.objects.get(iccid=record.iccid)
    printed = iccid_with_luhn(sim.iccid)
    parts = ("8053", "5805 3417", printed[-6:], "3450987", "55512", "77777", "89883030000580")
    for text in parts:
        assert f"/admin/sims/sim/{sim.pk}/change/" in groups(staff, text)["SIMs"], text
        found = [row.pk for row in staff.get("/admin/sims/sim/", {"q": text}).context["cl"].result_list]
        assert sim.pk in found, text
    assert to(staff, record.eid) == f"/admin/sims/sim/{sim.pk}/change/"
    wrong = printed[:-1] + str((int(printed[-1]) + 1) % 10)
    assert "SIMs" not in groups(staff, wrong)
    assert SimNumbers.objects.filter(sim_id__in=Sim.objects.filter(batch=batch_id).values("pk")).count() == 3


@pytest.mark.postgresql
def test_parts_of_numbers_have_an_index(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT sim_id FROM sims_simnumbers WHERE text LIKE '%8053%'")
        assert "sim_numbers_parts" in "\n".join(row[0] for row in cursor.fetchall())


def test_people_of_every_standing(staff: Client, cast: Cast) -> None:
    cast.outsider.status = 0
    cast.outsider.save()
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    page = text_of(staff.get(URL, {"q": "example.com"}))
    for text in ("Max Member Removed max.member@example.com", "Otto Outsider Address not verified"):
        assert text in page
    assert not Invitation.objects.exists()


def test_rights_are_obeyed(granted: Callable[..., Client], cast: Cast) -> None:
    sim = cast.sims()[0]
    cast.device(name="Pump 7")
    client = granted("sims.view_device")
    assert groups(client, "pump").keys() == {"Devices"}
    assert groups(client, sim.iccid[4:12]) == {}
    for text in (f"sim:{sim.pk}", sim.iccid, "olga.owner@example.com", f"workspace:{cast.acme.pk}", str(uuid.uuid4())):
        assert to(client, text) == "", text
        assert groups(client, text) == {}, text
    answer = cast.client(cast.owner).get(URL, {"q": "8988"}, follow=True)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "text",
    ["", " ", "%", "_", "'", "0", "999999999999999999", "9" * 40, "order:x", "sim:" + "9" * 30, "\u0661\u0662\u0663"],
)
def test_odd_texts_find_nothing_and_break_nothing(staff: Client, cast: Cast, text: str) -> None:
    assert staff.get(URL, {"q": text}).status_code in (200, 302)


def test_more_rows_take_no_more_queries(staff: Client, cast: Cast, queries: Any) -> None:
    for sim in cast.sims(2):
        cast.device(sim=sim, name="Pump 7")
    few = queries(lambda: staff.get(URL, {"q": "pump"}))
    for sim in cast.sims(20):
        cast.device(sim=sim, name="Pump 7")
    many = queries(lambda: staff.get(URL, {"q": "pump"}))
    assert len(few) == len(many) <= 20
    page = staff.get(URL, {"q": "pump"}).content.decode()
    assert 'href="/admin/sims/device/?q=pump"' in page


def test_the_box_is_on_every_page(staff: Client) -> None:
    for page in ("/admin/", "/admin/sims/sim/", "/admin/accounts/platformpackage/add/"):
        assert 'action="/admin/search/"' in staff.get(page).content.decode()
