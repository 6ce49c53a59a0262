"""SIMs and devices: found by an index, read-only pages, and states changed in the workspace of each SIM."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from events.models import Event
from kit.paging import COUNT_CAP
from sims.identifiers import iccid_with_luhn
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from tests.admin.conftest import messages_of, text_of
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.sqlite_too("smoke: the admin site, its lists and search")

LIST = "/admin/sims/sim/"


def found(response: Any) -> list[int]:
    return sorted(row.pk for row in response.context["cl"].result_list)


def post(staff: Client, action: str, sims: list[Sim], query: str = "", **more: Any) -> Any:
    data = {"action": action, "_selected_action": [sim.pk for sim in sims], **more}
    return staff.post(LIST + query, data, follow=True)


def test_search(staff: Client, cast: Cast) -> None:
    sims = cast.sims(3)
    other = cast.sims(1)[0]
    first = sims[0]
    for text in (first.iccid, iccid_with_luhn(first.iccid), first.imsi, f"{first.iccid[:4]} {first.iccid[4:]}"):
        assert found(staff.get(LIST, {"q": text})) == [first.pk], text
    assert found(staff.get(LIST, {"q": first.iccid[:15]})) == [sim.pk for sim in sims]
    assert found(staff.get(LIST, {"q": other.imsi[:10]})) == [other.pk]
    assert found(staff.get(LIST, {"q": "pump"})) == []


def test_a_whole_number_is_looked_up_and_parts_in_their_own_table(staff: Client, cast: Cast, queries: Any) -> None:
    sim = cast.sims(3)[0]
    for text in (sim.iccid, sim.imsi):
        assert not any("LIKE" in sql.upper() for sql in queries(lambda text=text: staff.get(LIST, {"q": text})))
    asked = [sql for sql in queries(lambda: staff.get(LIST, {"q": sim.iccid[5:12]})) if "LIKE" in sql.upper()]
    assert asked
    assert all('"sims_simnumbers"' in sql and 'iccid" LIKE' not in sql for sql in asked)


def test_filters(staff: Client, cast: Cast) -> None:
    issued = cast.sims(2)
    unused = cast.sims(1, status=SimStatus.ACTIVATED)
    used = cast.sims(1, status=SimStatus.ACTIVATED)
    cast.device(sim=used[0])
    stock = list(cast.batch(count=2).sims.order_by("pk"))
    bolts = cast.sims(1, workspace=cast.bolt)
    for query, expected in (
        (f"workspace={cast.bolt.pk}", bolts),
        ("status=1", unused + used),
        ("use=unused", unused),
        ("use=stock", stock),
        (f"batch={issued[0].batch.bic}", issued),
        (f"workspace={cast.acme.pk}&status=0", issued),
        ("status=99", []),
    ):
        assert found(staff.get(f"{LIST}?{query}")) == [sim.pk for sim in expected], query


def test_page(staff: Client, cast: Cast) -> None:
    sim = cast.sims(1, status=SimStatus.ACTIVATED)[0]
    cast.device(sim=sim, name="Pump 1")
    text = text_of(staff.get(f"{LIST}{sim.pk}/change/"))
    assert "Activated" in text
    assert "Pump 1" in text
    assert "Suspend" in text
    assert "Delete" not in text, "it is on a device"
    assert staff.get(f"{LIST}999999/change/").status_code == 404


def test_one_sim_is_changed_in_its_workspace(staff: Client, cast: Cast) -> None:
    sim = cast.sims(1, status=SimStatus.ACTIVATED)[0]
    url = f"{LIST}{sim.pk}/state/suspend/"
    preview = text_of(staff.get(url))
    assert "Suspend 1" in preview
    assert "Charging stops" in preview
    assert types() == []
    staff.post(url, {"confirm": "yes"})
    sim.refresh_from_db()
    assert sim.status == SimStatus.SUSPENDED
    event = Event.objects.get()
    assert (event.type, event.workspace_id, event.actor_label, event.user_id) == (
        9,
        cast.acme.pk,
        "Operator staff",
        cast.staff.pk,
    )


def test_many_sims_of_many_workspaces(staff: Client, cast: Cast) -> None:
    active = cast.sims(3, status=SimStatus.ACTIVATED)
    bolts = cast.sims(2, workspace=cast.bolt, status=SimStatus.ACTIVATED)
    issued = cast.sims(1)
    stock = list(cast.batch(count=1).sims.all())
    chosen = active + bolts + issued + stock
    preview = post(staff, "suspend", chosen, index=0)
    assert "Suspend 5" in text_of(preview)
    assert "No workspace has registered it yet." in text_of(preview)
    assert types() == []
    done = post(staff, "suspend", chosen, confirm="yes")
    said = messages_of(done)
    assert said[0].startswith("5 SIMs are Suspended.")
    assert "1 SIM was not changed: No workspace has registered it yet." in said
    assert any("It is Issued" in text for text in said)
    assert types(cast.acme) == [9, 9, 9]
    assert types(cast.bolt) == [9, 9]
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


def test_all_that_match_a_filter(staff: Client, cast: Cast) -> None:
    sims = cast.sims(150, status=SimStatus.ACTIVATED)
    cast.sims(2, workspace=cast.bolt, status=SimStatus.ACTIVATED)
    query = f"?workspace={cast.acme.pk}"
    preview = post(staff, "suspend", sims[:100], query, index=0, select_across=1)
    assert "Suspend 150" in text_of(preview)
    post(staff, "suspend", sims[:100], query, confirm="yes", select_across=1)
    assert Sim.objects.filter(status=SimStatus.SUSPENDED).count() == 150
    assert types(cast.bolt) == []


def test_too_many_at_once_are_refused(staff: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.inventory.admin.sims.MOST_AT_ONCE", 2)
    response = post(staff, "suspend", cast.sims(3, status=SimStatus.ACTIVATED), confirm="yes")
    assert "Choose at most 2 SIMs at once" in messages_of(response)[0]
    assert types() == []


def test_a_workspace_without_factory_test_is_refused_and_the_others_are_done(staff: Client, cast: Cast) -> None:
    sims = cast.sims(2) + cast.sims(1, workspace=cast.umbra)
    done = post(staff, "factory_test", sims, confirm="yes")
    assert messages_of(done)[0].startswith("2 SIMs are Factory test.")
    assert "has no factory test" in messages_of(done)[1]
    assert types(cast.umbra) == []


def test_the_cost_of_an_action_grows_with_workspaces_and_not_with_sims(staff: Client, cast: Cast, queries: Any) -> None:
    post(staff, "suspend", cast.sims(1, status=SimStatus.ACTIVATED), confirm="yes")
    few = cast.sims(2, status=SimStatus.ACTIVATED)
    many = cast.sims(80, status=SimStatus.ACTIVATED)
    counts = [len(queries(lambda sims=sims: post(staff, "suspend", sims, confirm="yes"))) for sims in (few, many)]
    assert counts[0] == counts[1]


def test_changing_needs_the_right(granted: Any, cast: Cast) -> None:
    client = granted("sims.view_sim")
    sims = cast.sims(1, status=SimStatus.ACTIVATED)
    assert "/state/" not in client.get(f"{LIST}{sims[0].pk}/change/").content.decode()
    assert client.post(f"{LIST}{sims[0].pk}/state/suspend/", {"confirm": "yes"}).status_code == 403
    post(client, "suspend", sims, confirm="yes")
    assert types() == []
    client = granted("sims.change_sim")
    post(client, "suspend", sims, confirm="yes")
    assert types(cast.acme) == [9]


def test_the_list_counts_up_to_a_cap(staff: Client, cast: Cast, queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.sims(12)
    counting = [sql for sql in queries(lambda: staff.get(LIST)) if "COUNT(" in sql.upper()]
    assert len(counting) == 1
    assert f"LIMIT {COUNT_CAP + 1}" in counting[0]
    monkeypatch.setattr("kit.paging.capped_count.__defaults__", (10,), raising=False)
    assert "10+ SIMs" in text_of(staff.get(LIST))


@pytest.mark.parametrize("page", ["sim", "device"])
def test_the_lists_cost_the_same_for_any_number(staff: Client, cast: Cast, queries: Any, page: str) -> None:
    none = queries(lambda: staff.get(f"/admin/sims/{page}/"))
    for workspace in (cast.acme, cast.bolt):
        for sim in cast.sims(30, workspace=workspace):
            cast.device(workspace=workspace, sim=sim)
    many = queries(lambda: staff.get(f"/admin/sims/{page}/"))
    assert len(many) <= len(none) + 1
    assert len(many) <= 6, "\n".join(many)


def test_devices(staff: Client, cast: Cast) -> None:
    device = cast.device(name="Pump 7", imei="490154203237518", ip_address="10.1.2.3", sim=cast.sims()[0])
    other = cast.device(workspace=cast.bolt, status=DeviceStatus.DISABLED)
    url = "/admin/sims/device/"
    for query, expected in (
        (f"q={device.pk}", [device.pk]),
        ("q=49015420", []),
        ("q=490154203237518", [device.pk]),
        ("q=10.1.2.3", [device.pk]),
        ("q=999.1.2.3", []),
        ("q=pump", sorted([device.pk, other.pk])),
        (f"q=pump 7&workspace={cast.acme.pk}", [device.pk]),
        ("status=1", [other.pk]),
    ):
        assert found(staff.get(f"{url}?{query}")) == expected, query
    assert "Pump 7" in text_of(staff.get(f"{url}{device.pk}/change/"))
    assert staff.post(f"{url}{device.pk}/change/", {"name": "X"}).status_code == 403


def test_policies_and_models_are_shown(staff: Client, cast: Cast) -> None:
    service, coverage = cast.policies()
    for model, row in (("servicepolicy", service), ("coveragepolicy", coverage), ("simmodel", cast.model)):
        assert staff.get(f"/admin/sims/{model}/{row.pk}/change/").status_code == 200
        assert staff.get(f"/admin/sims/{model}/add/").status_code == 403


def test_pickers_search_among_a_thousand(staff: Client, cast: Cast) -> None:
    Workspace.objects.bulk_create(Workspace(name=f"Customer {n:04d}", package=cast.acme.package) for n in range(1000))
    query = {"app_label": "sims", "model_name": "simbatch", "field_name": "workspace", "term": "customer 0777"}
    assert [row["text"] for row in staff.get("/admin/autocomplete/", query).json()["results"]] == ["Customer 0777"]
