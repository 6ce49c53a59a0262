"""The SIM inventory, the page of a SIM, assigning it and registering batches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from kit.models import Job
from sims.identifiers import iccid_with_luhn
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import HTMX, words

pytestmark = pytest.mark.sqlite_too("smoke: the pages of SIMs, their lists and search")

BUTTONS = ["Activate", "Suspend", "Factory test", "Note", "Transfer", "Create devices", "Delete"]


def listed(client: Client, cast: Cast, query: str = "") -> list[int]:
    """Return the ids of the SIMs a list shows, in its order."""
    response = client.get(f"/w/{cast.acme.pk}/sims/{query}")
    assert response.status_code == 200, response.content.decode()[:500]
    return [int(pk) for pk in re.findall(r'<tr data-row data-id="(\d+)"', response.content.decode())]


def buttons(page: str, mark: str) -> list[str]:
    """Return the words on the buttons with an attribute."""
    found = re.findall(rf"<(?:button|a)[^>]*{mark}[^>]*>(?:<svg.*?</svg>)?([^<]+)</", page, re.DOTALL)
    return [text.strip() for text in found]


# --- the list -----------------------------------------------------------------------------------------------------


def test_the_list_shows_numbers_as_on_the_card(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/").content.decode()
    full = iccid_with_luhn(sim.iccid)
    assert f'href="/w/{cast.acme.pk}/sims/{sim.pk}/"' in page
    assert f'data-copy="{full}"' in page
    assert 'data-state="activated"' in page
    assert f'href="/w/{cast.acme.pk}/sims/?bic={sim.batch.bic}"' in page
    assert "none, but charged" in page


def test_deleted_sims_show_only_when_asked_for(cast: Cast) -> None:
    (live,), (gone,) = cast.sims(1, status=1), cast.sims(1, status=3)
    client = cast.client(cast.owner)
    assert listed(client, cast) == [live.pk]
    assert listed(client, cast, "?status=3") == [gone.pk]
    assert listed(client, cast, "?status=1,3") == [gone.pk, live.pk]
    assert listed(client, cast, f"?q={gone.iccid}") == []


def test_filters(cast: Cast) -> None:
    client = cast.client(cast.owner)
    issued, active, used = cast.sims(1, status=0)[0], cast.sims(1, status=1)[0], cast.sims(1, status=1)[0]
    device = cast.device(sim=used, name="Pump room")
    Sim.objects.filter(pk=issued.pk).update(eid="8" * 32, msisdn="436641234567")
    cases: list[tuple[str, list[Sim]]] = [
        ("?status=1&device=none", [active]),
        ("?device=any", [used]),
        ("?status=0,1", [used, active, issued]),
        ("?device_name=pump", [used]),
        (f"?iccid={iccid_with_luhn(active.iccid)}", [active]),
        (f"?iccid={active.iccid},{used.iccid}", [used, active]),
        (f"?iccid={active.iccid[:13]}*", [active]),
        (f"?iccid=*{active.iccid[10:]}", [active]),
        (f"?id={active.pk},{used.pk},999999999", [used, active]),
        (f"?imsi={used.imsi}", [used]),
        (f"?bic={issued.batch.bic}", [issued]),
        ("?eid=" + "8" * 32, [issued]),
        ("?msisdn=%2B43664", [issued]),
        (f"?q={active.iccid}", [active]),
        (f"?q={iccid_with_luhn(active.iccid)}", [active]),
        (f"?q={active.iccid[:4]}+{active.iccid[4:14]}", [active]),
        (f"?q={used.imsi}", [used]),
        (f"?q={used.imsi[:9]}", [used]),
        ("?q=pump+ro", [used]),
        (f"?q={issued.batch.bic}", [issued]),
        ("?q=" + "8" * 32, [issued]),
        ("?q=%2B4366412", [issued]),
        ("?q=nothing+like+it", []),
    ]
    for query, expected in cases:
        assert listed(client, cast, query) == [sim.pk for sim in expected], query
    assert device.name in cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/").content.decode()


@pytest.mark.parametrize("query", ["?status=9", "?iccid=abc", "?device=maybe", "?iccid=89883030000010000012"])
def test_a_wrong_filter_shows_nothing_and_says_why(cast: Cast, query: str) -> None:
    cast.sims(2, status=1)
    response = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{query}")
    assert response.status_code == 422
    assert "data-row data-id" not in response.content.decode()
    assert 'role="alert"' in response.content.decode()


def test_a_pasted_list_of_a_thousand_finds_each_once(cast: Cast) -> None:
    sims = cast.sims(60, status=1)
    pasted = "\n".join([iccid_with_luhn(sim.iccid) for sim in sims] + [f"8988999{n:012d}" for n in range(940)])
    client = cast.client(cast.owner)
    response = client.post(f"/w/{cast.acme.pk}/sims/", {"iccid": pasted})
    assert response.status_code == 303
    assert len(response["Location"]) < 200
    page = client.get(response["Location"]).content.decode()
    assert "60 SIMs" in page


def test_sorting_says_so(cast: Cast) -> None:
    sims = cast.sims(3, status=1)
    client = cast.client(cast.owner)
    assert listed(client, cast, "?sort=iccid") == [sim.pk for sim in sims]
    assert listed(client, cast, "?sort=-iccid") == [sim.pk for sim in reversed(sims)]
    page = client.get(f"/w/{cast.acme.pk}/sims/?sort=-iccid").content.decode()
    assert page.count("aria-sort") == 1
    assert re.search(r'class="col-iccid" aria-sort="descending"', page)


def test_roles_see_their_buttons(cast: Cast) -> None:
    cast.sims(1)
    address = f"/w/{cast.acme.pk}/sims/"
    seen = {
        user.name: buttons(cast.client(user).get(address).content.decode(), "data-bulk-action")
        for user in (cast.owner, cast.member, cast.observer)
    }
    assert seen == {
        "Olga Owner": BUTTONS,
        "Max Member": [name for name in BUTTONS if name != "Transfer"],
        "Olaf Observer": [],
    }
    page = cast.client(cast.observer).get(address).content.decode()
    assert "Register SIMs" not in page
    assert 'type="checkbox" name="ids"' not in page


def test_no_factory_test_where_the_package_has_none(cast: Cast) -> None:
    cast.sims(1, workspace=cast.umbra)
    page = cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/sims/").content.decode()
    assert "Factory test" not in buttons(page, "data-bulk-action")


def test_an_empty_inventory_says_how_to_begin(cast: Cast) -> None:
    text = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/"))
    assert "No SIMs yet" in text
    assert "Register SIMs" in text


# --- isolation ----------------------------------------------------------------------------------------------------


def test_another_workspace_does_not_exist(cast: Cast) -> None:
    (foreign,) = cast.sims(1, status=1, workspace=cast.umbra)
    client = cast.client(cast.owner)
    for address in (
        f"/w/{cast.umbra.pk}/sims/",
        f"/w/{cast.umbra.pk}/sims/{foreign.pk}/",
        f"/w/{cast.acme.pk}/sims/{foreign.pk}/",
        f"/w/{cast.acme.pk}/sims/{foreign.pk}/assign/",
        f"/w/{cast.acme.pk}/sims/{'9' * 30}/",
    ):
        assert client.get(address).status_code == 404, address
    assert listed(client, cast) == []


# --- one SIM ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, ["Activate", "Factory test", "Note", "Transfer", "Delete"]),
        (1, ["Suspend", "Note", "Transfer", "Delete"]),
        (2, ["Activate", "Note", "Transfer", "Delete"]),
        (3, []),
        (4, ["Activate", "Note", "Transfer", "Delete"]),
    ],
)
def test_a_sims_page_offers_what_its_state_allows(cast: Cast, status: int, expected: list[str]) -> None:
    (sim,) = cast.sims(1, status=status)
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/")
    assert page.status_code == 200
    assert buttons(page.content.decode(), "hx-post") == expected
    assert iccid_with_luhn(sim.iccid) in page.content.decode()
    assert (
        buttons(cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/").content.decode(), "hx-post") == []
    )


def test_a_sim_on_a_device_is_not_deleted_and_the_page_says_why(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    cast.device(sim=sim)
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/").content.decode()
    assert "Delete" not in buttons(page, "hx-post")
    assert re.search(r'<button[^>]* disabled title="It is on a device. Release it first.">.*?Delete', page, re.DOTALL)


def test_tabs(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    here = f"/w/{cast.acme.pk}/sims/{sim.pk}/"
    client = cast.client(cast.observer)
    assert (
        f'hx-get="/w/{cast.acme.pk}/events/embedded/?sim={sim.pk}"' in client.get(f"{here}?tab=events").content.decode()
    )
    assert client.get(f"{here}?tab=secrets").status_code == 404


def test_a_deleted_sim_stays_readable(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=3)
    text = words(cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/"))
    assert "was deleted on" in text


# --- assign -------------------------------------------------------------------------------------------------------


def test_assign_lists_only_devices_without_sim(cast: Cast) -> None:
    (sim, other) = cast.sims(2)
    cast.device(name="Taken", sim=other)
    cast.device(name="Gone", status=DeviceStatus.DELETED)
    cast.device(name="Foreign", workspace=cast.umbra)
    cast.device(name="Free pump"), cast.device(name="Free lamp")
    address = f"/w/{cast.acme.pk}/sims/{sim.pk}/assign/"
    client = cast.client(cast.member)
    names = re.findall(r'class="sim-number"><bdi>([^<]+)<', client.get(address, headers=HTMX).content.decode())
    assert names == ["Free lamp", "Free pump"]
    found = client.get(f"{address}?search=PUMP", headers=HTMX).content.decode()
    assert re.findall(r'class="sim-number"><bdi>([^<]+)<', found) == ["Free pump"]
    assert "<form" not in found


def test_assign_with_a_state(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    device = cast.device()
    address = f"/w/{cast.acme.pk}/sims/{sim.pk}/assign/"
    client = cast.client(cast.member)
    response = client.post(address, {"device": device.pk, "status": "1"}, headers=HTMX)
    assert response["HX-Redirect"] == f"/w/{cast.acme.pk}/sims/{sim.pk}/"
    sim.refresh_from_db()
    assert (sim.device_id, sim.status, types()) == (device.pk, 1, [8, 51])


def test_assign_refuses_in_place(cast: Cast) -> None:
    sim, other = cast.sims(2)
    taken, foreign = cast.device(sim=other), cast.device(workspace=cast.umbra)
    address = f"/w/{cast.acme.pk}/sims/{sim.pk}/assign/"
    client = cast.client(cast.owner)
    for data, text in (
        ({}, "Choose a device."),
        ({"device": "x"}, "Enter a whole number."),
        ({"device": taken.pk}, "The device has a SIM."),
        ({"device": foreign.pk}, "not found"),
        ({"device": taken.pk, "status": "2"}, "Select a valid choice."),
    ):
        response = client.post(address, data, headers=HTMX)
        assert (response.status_code, text in words(response)) == (422, True), data
    assert cast.client(cast.observer).get(address, headers=HTMX).status_code == 403
    assert cast.client(cast.observer).post(address, {"device": taken.pk}).status_code == 403
    assert Event.objects.count() == 0


# --- register -----------------------------------------------------------------------------------------------------


def plan_of(response: Any) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def test_register_in_two_steps(cast: Cast) -> None:
    batch = cast.batch(count=3)
    bic = " ".join(batch.bic[i : i + 4] for i in range(0, 16, 4))
    client, address = cast.client(cast.member), f"/w/{cast.acme.pk}/sims/register/"
    check = client.post(address, {"bics": bic, "status": "1", "step": "check"})
    shown = words(check)
    ends = [iccid_with_luhn(sim.iccid) for sim in batch.sims.order_by("iccid")]
    assert "Register 3 SIMs" in shown
    assert ends[0] in shown.replace(" ", "")
    assert ends[-1] in shown.replace(" ", "")
    assert "Industrial nano" in shown
    assert Event.objects.count() == 0
    confirm = {"bics": batch.bic, "status": "1", "step": "register", "plan": plan_of(check)}
    done = client.post(address, confirm)
    job = Job.objects.get()
    assert (done.status_code, done["Location"]) == (303, f"/w/{cast.acme.pk}/results/{job.pk}/")
    assert client.post(address, confirm)["Location"] == done["Location"]
    assert types() == [48, 8, 8, 8]
    page = client.get(done["Location"])
    assert "Registered 3 SIMs" in words(page)
    assert f"/w/{cast.acme.pk}/sims/?bic={batch.bic}" in page.content.decode()
    assert len(listed(client, cast, f"?bic={batch.bic}")) == 3


def test_codes_pasted_out_of_a_spreadsheet_are_read(cast: Cast) -> None:
    first, second = cast.batch(count=2), cast.batch(count=1)
    client, address = cast.client(cast.owner), f"/w/{cast.acme.pk}/sims/register/"
    check = client.post(address, {"bics": f'BIC\n="{first.bic}"\t{second.bic}\n', "status": "0"})
    assert "Register 3 SIMs" in words(check)


def test_several_codes_are_each_reported(cast: Cast) -> None:
    good, late, used = cast.batch(count=2), cast.batch(count=1), cast.batch(registered=True)
    client, address = cast.client(cast.owner), f"/w/{cast.acme.pk}/sims/register/"
    bics = "\n".join([good.bic, late.bic, used.bic, "9" * 16, good.bic])
    check = client.post(address, {"bics": bics, "status": "0"})
    shown = words(check)
    assert "Register 3 SIMs" in shown
    assert "2 codes cannot be registered and are left out." in shown
    assert "was registered before" in shown
    assert "no SIM batch with BIC" in shown
    # Meanwhile a colleague registers one of them: the report says so and the other one is done.
    late.registered_at = timezone.now()
    late.save()
    data = {"bics": f"{good.bic}\n{late.bic}", "status": "0", "step": "register", "plan": plan_of(check)}
    page = words(client.post(address, data, follow=True))
    assert "Registered 2 SIMs" in page
    assert "was registered before" in page
    assert types() == [48]


@pytest.mark.parametrize(
    ("bics", "text"),
    [
        ("", "Enter the BIC"),
        ("123", "it has 3 digits and not 16"),
        ("9" * 16, "Compare the number with the label"),
        ("\n".join(f"{n:016d}" for n in range(9_000, 9_060)), "at most 50 at once"),
    ],
)
def test_a_wrong_code_is_named_and_stays_in_its_field(cast: Cast, bics: str, text: str) -> None:
    response = cast.client(cast.owner).post(f"/w/{cast.acme.pk}/sims/register/", {"bics": bics, "status": "4"})
    page = response.content.decode()
    assert (response.status_code, text in words(response)) == (422, True)
    assert bics in page.replace("\r", "")
    assert re.search(r'<textarea[^>]*aria-invalid="true"', page)
    assert re.search(r'value="4"[^>]*checked', page)


def test_factory_test_is_offered_where_the_package_allows_it(cast: Cast) -> None:
    assert "Factory test" in words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/register/"))
    batch = cast.batch(cast.umbra)
    address = f"/w/{cast.umbra.pk}/sims/register/"
    client = cast.client(cast.outsider)
    assert "Factory test" not in words(client.get(address))
    assert client.post(address, {"bics": batch.bic, "status": "4"}).status_code == 422


def test_observers_do_not_register(cast: Cast) -> None:
    batch = cast.batch()
    client, address = cast.client(cast.observer), f"/w/{cast.acme.pk}/sims/register/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"bics": batch.bic, "status": "0", "step": "register"}).status_code == 403


def test_another_workspaces_batch_is_refused(cast: Cast) -> None:
    batch = cast.batch(cast.umbra)
    response = cast.client(cast.owner).post(f"/w/{cast.acme.pk}/sims/register/", {"bics": batch.bic, "status": "0"})
    assert (response.status_code, "belongs to another workspace" in words(response)) == (422, True)


# --- cost ---------------------------------------------------------------------------------------------------------


def _queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_pages_ask_the_database_the_same_whatever_they_show(cast: Cast) -> None:
    client = cast.client(cast.owner)
    client.get(f"/w/{cast.acme.pk}/")  # the workspace is entered
    found: dict[str, list[int]] = {}
    for count in (0, 2, 60):
        if count:
            sims = cast.sims(count, status=SimStatus.ACTIVATED)
            for sim in sims[: count // 2]:
                cast.device(sim=sim)
        addresses = {
            "list": "",
            "filtered": "?status=1&device=any&sort=iccid",
            "search": "?q=8988",
            "by name": "?q=pump",
        }
        for name, query in addresses.items():
            found.setdefault(name, []).append(_queries(lambda q=query: listed(client, cast, q)))  # type: ignore[misc]
    for name, counts in found.items():
        # An empty page asks which filter hides everything instead of reading rows.
        assert counts[1] == counts[2], (name, counts)
        assert max(counts) <= 10, (name, counts)
    (bare,), used = cast.sims(1), cast.sims(1)[0]
    cast.device(sim=used)
    ones = [_queries(lambda sim=sim: client.get(f"/w/{cast.acme.pk}/sims/{sim.pk}/")) for sim in (bare, used)]  # type: ignore[misc]
    assert ones[0] == ones[1] <= 10
    assert _queries(lambda: client.get(f"/w/{cast.acme.pk}/sims/{bare.pk}/assign/", headers=HTMX)) <= 10
    assert _queries(lambda: client.get(f"/w/{cast.acme.pk}/sims/register/")) <= 10


@pytest.mark.parametrize("device", ["9" * 25, "9" * 4_000, "9" * 5_000, "0", "-1", "x", "\u0664"])
def test_a_device_that_can_be_none_is_refused_in_the_dialog(cast: Cast, device: str) -> None:
    (sim,) = cast.sims()
    answer = cast.client(cast.owner).post(f"/w/{cast.acme.pk}/sims/{sim.pk}/assign/", {"device": device})
    assert answer.status_code == 422
    sim.refresh_from_db()
    assert sim.device_id is None
