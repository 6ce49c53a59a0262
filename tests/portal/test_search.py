"""The search over a workspace: every kind is found, whole numbers lead on, and nobody finds what is another's."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_of
from accounts.models import User, Workspace
from portal.search import finding
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim
from tests.cast import Cast
from tests.events.build import record

EID = "89049032" + "7" * 24
IMEI = "490154203237518"


def found(cast: Cast, text: str, *, user: User | None = None, workspace: Workspace | None = None) -> dict[str, str]:
    """Return label and address of what the search lists, as the list box gets it."""
    workspace = workspace or cast.acme
    response = cast.client(user or cast.owner).get(
        f"/w/{workspace.pk}/search/", {"q": text}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    page = response.content.decode()
    hits = re.findall(
        r'role="option".*?data-url="([^"]*)".*?<span class="search-label[^"]*">(.*?)</span>', page, re.DOTALL
    )
    return {unescape(re.sub(r"</?bdi>", "", label)): unescape(url) for url, label in hits}


@pytest.fixture
def fleet(cast: Cast) -> tuple[Sim, Device, int]:
    """A SIM with an EID on a device with an IMEI, and an event of them by Max."""
    (sim,) = cast.sims(1, status=1)
    Sim.objects.filter(pk=sim.pk).update(eid=EID)
    device = cast.device(name="Meter Harbour 12", sim=sim, imei=IMEI)
    event = record(cast.acme, 9, actor_of(cast.member), sim=sim, device=device)
    sim.refresh_from_db()
    return sim, device, event


def test_what_is_typed_decomposed_finds_what_is_stored_composed(cast: Cast) -> None:
    device = cast.device(name="Zähler Süd")
    for text in ("za\u0308hler su\u0308d", "SU\u0308D\x00"):
        assert f"/w/{cast.acme.pk}/devices/{device.pk}/" in found(cast, text).values(), text


def test_whole_numbers_lead_to_what_they_name(cast: Cast, fleet: tuple[Sim, Device, int]) -> None:
    sim, device, _event = fleet
    client, base = cast.client(cast.owner), f"/w/{cast.acme.pk}/"
    whole = iccid_with_luhn(sim.iccid)
    spaced = " ".join(whole[at : at + 4] for at in range(0, 20, 4))
    for text in (whole, spaced, sim.iccid, sim.imsi, EID):
        response = client.get(f"{base}search/", {"q": text})
        assert (response.status_code, response["Location"]) == (302, f"{base}sims/{sim.pk}/"), text
    assert client.get(f"{base}search/", {"q": IMEI})["Location"] == f"{base}devices/{device.pk}/"
    assert client.get(f"{base}search/", {"q": sim.batch.bic})["Location"] == f"{base}sims/?bic={sim.batch.bic}"
    # A check digit that does not fit is a typing error and names nothing.
    wrong = sim.iccid + str((int(whole[-1]) + 1) % 10)
    assert client.get(f"{base}search/", {"q": wrong}).status_code == 200
    # While somebody types nobody is moved.
    assert next(iter(found(cast, whole).values())) == f"{base}sims/{sim.pk}/"


def test_a_request_leads_to_its_events(cast: Cast) -> None:
    request_id = uuid.uuid4()
    record(cast.acme, 9, actor_of(cast.member), request_id=request_id)
    base = f"/w/{cast.acme.pk}/"
    response = cast.client(cast.owner).get(f"{base}search/", {"q": str(request_id)})
    assert response["Location"] == f"{base}events/?request={request_id}"


def test_every_kind_is_found(cast: Cast, fleet: tuple[Sim, Device, int]) -> None:
    sim, device, event = fleet
    base = f"/w/{cast.acme.pk}/"
    assert found(cast, sim.iccid[:15])[iccid_with_luhn(sim.iccid)] == f"{base}sims/{sim.pk}/"
    assert found(cast, sim.imsi[:13])[iccid_with_luhn(sim.iccid)] == f"{base}sims/{sim.pk}/"
    assert found(cast, "harbour 1")[device.name] == f"{base}devices/{device.pk}/"
    assert found(cast, IMEI[:9])[device.name] == f"{base}devices/{device.pk}/"
    assert found(cast, str(event))[f"Event {event}"] == f"{base}events/{event}/"
    assert found(cast, "suspension")["SIM suspension"] == f"{base}events/?type=9"
    assert f"{base}events/?actor=user%3A{cast.member.pk}" in found(cast, "max mem").values()
    assert found(cast, "Bolt")["Bolt"] == f"/w/{cast.bolt.pk}/"
    assert found(cast, "permissions")["Permissions"] == f"{base}settings/permissions/"
    assert found(cast, "regis")["Register SIMs"] == f"{base}sims/register/"
    assert found(cast, "anything")["Events that mention “anything”"] == f"{base}events/?q=anything"
    assert found(cast, "") == {}


def test_a_page_is_likelier_than_a_type_of_event(cast: Cast) -> None:
    assert list(found(cast, "order"))[:3] == ["Orders", "Order SIMs", "Order submitted"]


def test_it_works_without_script(cast: Cast, fleet: tuple[Sim, Device, int]) -> None:
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/search/", {"q": "<b>max</b>"}).content.decode()
    assert "<h1>" in page
    assert "&lt;b&gt;max&lt;/b&gt;" in page
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/search/", {"q": "max"}).content.decode()
    assert re.search(r'<a href="[^"]*actor=[^"]*">', page)
    assert "Max Member" in page


def test_rights_are_obeyed(cast: Cast) -> None:
    names = found(cast, "s", user=cast.observer)
    everything = {label for letter in "aeiou" for label in found(cast, letter, user=cast.observer)}
    for label in ("Register SIMs", "Create device", "Order SIMs", "Invite user", "Users"):
        assert label not in names
        assert label not in everything
    assert "Invite user" in found(cast, "invite", user=cast.owner)
    # Members who never acted are found by those who manage users, and by nobody else.
    assert any("Olaf Observer" in label for label in found(cast, "olaf", user=cast.owner))
    assert not any("Olaf Observer" in label for label in found(cast, "olaf", user=cast.member))


def test_nothing_of_another_workspace_is_found(cast: Cast, fleet: tuple[Sim, Device, int]) -> None:
    sim, device, event = fleet
    request_id = uuid.uuid4()
    record(cast.acme, 9, actor_of(cast.member), request_id=request_id)
    texts = (
        iccid_with_luhn(sim.iccid), sim.iccid[:12], sim.imsi, EID, EID[:20], IMEI, IMEI[:9], sim.batch.bic, device.name,
        str(event), str(request_id), cast.member.name, cast.member.email, "Acme", str(sim.pk), str(device.pk),
    )  # fmt: skip
    mine = f"/w/{cast.umbra.pk}/"
    for text in texts:
        urls = found(cast, text, user=cast.outsider, workspace=cast.umbra).values()
        lists = [url for url in urls if "?q=" in url]
        assert len(lists) == len(urls) == 3, (text, list(urls))
        assert all(url.startswith(mine) for url in urls)
        response = cast.client(cast.outsider).get(f"{mine}search/", {"q": text})
        assert response.status_code == 200, text
        assert cast.client(cast.outsider).get(f"/w/{cast.acme.pk}/search/", {"q": text}).status_code == 404


def test_old_devices_are_found_by_the_beginning_of_their_name(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "NEWEST_DEVICES", 1)
    cast.device(name="Harbour meter 7")
    cast.device(name="Newest")
    assert "Harbour meter 7" in found(cast, "Harbour m")
    assert "Harbour meter 7" not in found(cast, "meter 7"), "a part of a name is looked for among the newest"
    assert "Newest" in found(cast, "ewes")


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    def queries() -> int:
        client = cast.client(cast.owner)
        client.get(f"/w/{cast.acme.pk}/search/", {"q": "8"})
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/w/{cast.acme.pk}/search/", {"q": "89883030"}, headers={"HX-Request": "true"})
        return len(asked)

    cast.sims(1, status=1)
    few = queries()
    for number in range(30):
        cast.device(name=f"89883030 {number}", sim=cast.sims(1, status=1)[0])
    assert queries() <= few
    assert few <= 24
