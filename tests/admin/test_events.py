"""The log in the admin site: read-only for everybody, no count at any size, and searched by indexes alone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.people.services.staff_accounts import suspend_user
from events.models import Event
from sims.devices.services.status import disable_devices
from sims.inventory.services.status import change_sim_status
from sims.states import SimStatus
from tests.admin.conftest import text_of
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("the search of the log has SQL for each database")

LIST = "/admin/events/event/"
REQUEST = uuid.UUID("11111111-2222-4333-8444-555555555555")


@pytest.fixture
def told(cast: Cast) -> Cast:
    """Six events of Acme by its owner, one of Bolt by a token, one of staff about an account."""
    with cast.acting(cast.owner, request_id=REQUEST):
        sims = cast.sims(6, status=SimStatus.ACTIVATED)
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.SUSPENDED)
    bolt = cast.sims(1, workspace=cast.bolt)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.bolt.pk, sim_ids=[bolt[0].pk], to=SimStatus.ACTIVATED)
    with cast.staffing():
        suspend_user(user_id=cast.observer.pk)
    return cast


def ids(response: Any) -> list[int]:
    return [event.pk for event in response.context["cl"].result_list]


def of(**conditions: Any) -> list[int]:
    return list(Event.objects.filter(**conditions).order_by("-id").values_list("pk", flat=True))


def test_the_list(staff: Client, told: Cast) -> None:
    response = staff.get(LIST)
    assert ids(response) == of()
    text = text_of(response)
    assert "Account of olaf.observer@example.com suspended" in text
    assert "Stella Staff" in text, "staff see who of them it was"
    assert "Olga Owner" in text


def test_nothing_is_counted(staff: Client, told: Cast, queries: Any) -> None:
    event = Event.objects.latest("id")
    for query in (
        "",
        f"?workspace={told.acme.pk}",
        f"?workspace={told.acme.pk}&severity=0&type=9",
        f"?q={REQUEST}",
        f"?q={told.owner.email}",
        f"?q={event.pk}",
    ):
        for sql in queries(lambda query=query: staff.get(LIST + query)):
            assert "COUNT(" not in sql.upper(), sql
            assert "OFFSET" not in sql.upper(), sql
            if 'FROM "events_event"' in sql and "ORDER BY" in sql:
                assert "LIMIT" in sql, sql


def test_the_list_costs_the_same_for_any_number(staff: Client, cast: Cast, queries: Any) -> None:
    none = queries(lambda: staff.get(LIST))
    sims = cast.sims(120)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.ACTIVATED)
    many = queries(lambda: staff.get(LIST))
    assert len(many) <= len(none) + 2, "persons and workspaces of the page"
    assert len(many) <= 6, "\n".join(many)


def test_pages(staff: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sims = cast.sims(25)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.ACTIVATED)
    monkeypatch.setattr("events.admin.events.EventAdmin.list_per_page", 10)
    for query in ("", f"?workspace={cast.acme.pk}", f"?workspace={cast.acme.pk}&type=8"):
        seen: list[int] = []
        response = staff.get(LIST + query)
        assert response.context["cl"].newer_url == ""
        pages = [ids(response)]
        while url := response.context["cl"].older_url:
            response = staff.get(LIST + url)
            pages.append(ids(response))
        seen = [pk for page in pages for pk in page]
        assert seen == of()
        back = staff.get(LIST + response.context["cl"].newer_url)
        assert ids(back) == pages[1]
        assert ids(staff.get(LIST + back.context["cl"].newer_url)) == pages[0]


def test_pages_of_a_persons_events(staff: Client, told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from two workspaces and from indexes of their own; the pages are those of one list all the same."""
    monkeypatch.setattr("events.admin.events.EventAdmin.list_per_page", 3)
    response = staff.get(LIST, {"q": told.owner.email})
    pages = [ids(response)]
    while url := response.context["cl"].older_url:
        response = staff.get(LIST + url)
        pages.append(ids(response))
    assert [pk for page in pages for pk in page] == of(user_id=told.owner.pk)
    assert len(pages) == 3
    assert ids(staff.get(LIST + response.context["cl"].newer_url)) == pages[1]
    within = f"{LIST}?q={told.owner.email}&workspace={told.bolt.pk}"
    assert ids(staff.get(within)) == of(workspace=told.bolt)


def test_places_of_another_list_are_ignored(staff: Client, told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.admin.events.EventAdmin.list_per_page", 2)
    older = staff.get(LIST).context["cl"].older_url
    assert ids(staff.get(f"{LIST}{older}&workspace={told.bolt.pk}")) == of(workspace=told.bolt)
    assert ids(staff.get(f"{LIST}?older=forged")) == of()[:2]


def test_search(staff: Client, told: Cast) -> None:
    event = Event.objects.filter(workspace=told.acme, type=9).earliest("id")
    iccid, imsi = event.iccid or "", event.imsi or ""
    owners = of(user_id=told.owner.pk)
    for text, expected in (
        (str(REQUEST), of(request_id=REQUEST)),
        (str(event.pk), [event.pk]),
        (f"event:{event.pk}", [event.pk]),
        (iccid, of(sim_id=event.sim_id)),
        (imsi, of(sim_id=event.sim_id)),
        (f"sim:{event.sim_id}", of(sim_id=event.sim_id)),
        (f"request:{REQUEST}", of(request_id=REQUEST)),
        (f"workspace: {told.bolt.pk}", of(workspace=told.bolt)),
        (told.owner.email.upper(), owners),
        (f"user:{told.owner.pk}", owners),
        (f"user:{told.staff.pk}", of(type=10075)),
        (told.staff.email, of(type=10075)),
        ("device:77", []),
        ("nobody@example.com", []),
        ("8988303000000000011", []),
        ("99999999", []),
        ("sim:x", []),
        ("free text", []),
    ):
        assert ids(staff.get(LIST, {"q": text})) == expected, text


def test_searches_that_find_nothing_say_why(staff: Client, told: Cast) -> None:
    assert "searched by ID only" in text_of(staff.get(LIST, {"q": "free text"}))
    assert "Nobody in the log has the address" in text_of(staff.get(LIST, {"q": "nobody@example.com"}))


def test_a_number_that_is_the_id_of_two_things(staff: Client, told: Cast) -> None:
    event = Event.objects.filter(sim_id__isnull=False).earliest("id")
    number = event.sim_id or 0
    if not Event.objects.filter(pk=number).exists():
        pytest.skip("the ids do not meet on this database")
    response = staff.get(LIST, {"q": str(number)})
    assert ids(response) == [number]
    assert f"sim:{number}" in text_of(response)


def test_filters_of_all_workspaces(staff: Client, told: Cast) -> None:
    first = Event.objects.filter(type=9).earliest("id")
    today = first.timestamp.date().isoformat()
    for query, conditions in (
        ("type=9", {"type": 9}),
        ("type=9,8", {"type__in": (8, 9)}),
        ("severity=1", {"severity": 1}),
        ("severity=0,1,2", {}),
        ("source=2", {"source": 2}),
        ("actor_kind=3", {"actor_kind": 3}),
        ("actor_kind=7", {"actor_kind": 7}),
        (f"actor={told.owner.email}", {"actor_ref": told.owner.pk}),
        (f"actor={told.staff.pk}", {"actor_ref": told.staff.pk}),
        (f"actor=staff:{told.staff.pk}", {"actor_ref": told.staff.pk}),
        (f"actor=token:{told.owner.pk}", {"pk": 0}),
        (f"subject={told.observer.email}", {"type": 10075}),
        (f"subject=user:{told.observer.pk}", {"type": 10075}),
        (f"subject={told.owner.pk}", {"pk": 0}),
        ("ip=192.0.2.7", {"ip": "192.0.2.7"}),
        ("ip=192.0.2.8", {"pk": 0}),
        (f"sim={first.iccid}", {"sim_id": first.sim_id}),
        (f"sim={first.imsi}", {"sim_id": first.sim_id}),
        (f"request={REQUEST}", {"request_id": REQUEST}),
        (f"date={today}..", {}),
        ("date=..2001-01-01", {"pk": 0}),
        ("type=9&severity=0", {"type": 9}),
        (f"type=9&ip=192.0.2.7&actor={told.owner.email}&date={today}..", {"type": 9}),
        (f"type=8&workspace={told.bolt.pk}", {"type": 8, "workspace": told.bolt}),
        (f"sim={first.iccid}&type=8", {"pk": 0}),
        (f"q={told.owner.email}&type=8", {"type": 8}),
    ):
        response = staff.get(f"{LIST}?{query}")
        assert response.status_code == 200, query
        assert ids(response) == of(**conditions), query
    assert ids(staff.get(f"{LIST}?workspace=odd")) == []


def test_a_device_is_found_by_its_name_in_every_log(staff: Client, cast: Cast) -> None:
    device = cast.device(workspace=cast.bolt, name="Pump 7", sim=cast.sims(1, workspace=cast.bolt)[0])
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.bolt.pk, device_ids=[device.pk])
    for text in ("Pump 7", str(device.pk)):
        assert ids(staff.get(LIST, {"device": text})) == of(device_id=device.pk)
    assert of(device_id=device.pk)


@pytest.mark.parametrize(
    "query", ["type=12345", "severity=high", "ip=999.1.1.1", "request=odd", "actor=Olga", "sim=x", "date=soon"]
)
def test_wrong_values_are_named_and_find_nothing(staff: Client, told: Cast, query: str) -> None:
    response = staff.get(f"{LIST}?{query}")
    assert response.status_code == 422
    assert ids(response) == []
    assert 'class="chip-box is-active is-wrong"' in response.content.decode()


def test_pages_of_all_workspaces(staff: Client, told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.admin.events.EventAdmin.list_per_page", 3)
    for query in ("type=8,9", "severity=0", "ip=192.0.2.7"):
        response = staff.get(f"{LIST}?{query}")
        pages = [ids(response)]
        while url := response.context["cl"].older_url:
            response = staff.get(LIST + url)
            pages.append(ids(response))
        expected = of(severity=0) if query == "severity=0" else of(type__in=(8, 9))
        assert [pk for page in pages for pk in page] == expected, query
        assert ids(staff.get(LIST + response.context["cl"].newer_url)) == pages[-2]


def test_what_no_index_finds_is_recent_unless_a_date_is_chosen(staff: Client, told: Cast) -> None:
    for query in ("ip=192.0.2.7", f"subject={told.observer.pk}", "type=9&severity=0"):
        text = text_of(staff.get(f"{LIST}?{query}"))
        assert "Only the last 30 days were searched" in text, query
        assert "Search the whole log" in text
        assert "Only the last 30 days" not in text_of(staff.get(f"{LIST}?{query}&date=2000-01-01.."))
    assert "Only the last 30 days" not in text_of(staff.get(f"{LIST}?type=9"))


def test_pasted_values_lead_to_an_address(staff: Client, told: Cast) -> None:
    first, second = Event.objects.filter(type=9).order_by("id")[:2]
    sent = {"sim": f"{first.iccid}\n{second.iccid}", "workspace": told.acme.pk, "date__from": ""}
    response = staff.post(LIST, sent)
    assert response.status_code == 302
    assert response["Location"].startswith(f"?workspace={told.acme.pk}&sim={first.iccid},{second.iccid}")
    assert ids(staff.get(LIST + response["Location"])) == of(sim_id__in=(first.sim_id, second.sim_id))
    wrong = staff.post(LIST, {"sim": "x", "workspace": told.acme.pk})
    assert wrong.status_code == 422
    assert ">x</textarea>" in wrong.content.decode()
    tidied = staff.get(f"{LIST}?type=8&type=9&severity=")
    assert tidied["Location"] == "?type=8,9"


def test_all_workspaces_cost_one_statement(staff: Client, told: Cast, queries: Any) -> None:
    for query in ("type=9", f"actor={told.owner.email}", "severity=0&source=2&date=2020-01-01..", "ip=192.0.2.7"):
        asked = queries(lambda query=query: staff.get(f"{LIST}?{query}"))
        assert len(asked) <= 10, "\n".join(asked)
        assert not any("COUNT(" in sql.upper() or "OFFSET" in sql.upper() for sql in asked)


def test_detail(staff: Client, told: Cast, queries: Any) -> None:
    event = Event.objects.filter(request_id=REQUEST).earliest("id")
    text = text_of(staff.get(f"{LIST}{event.pk}/change/"))
    for shown in ("Olga Owner", "olga.owner@example.com", "192.0.2.7", "Portal", str(REQUEST), "Suspended", "Acme"):
        assert shown in text, shown
    assert len(queries(lambda: staff.get(f"{LIST}{event.pk}/change/"))) <= 12
    staffs = text_of(staff.get(f"{LIST}{Event.objects.get(type=10075).pk}/change/"))
    assert "Stella Staff" in staffs
    assert "Olaf Observer" in staffs


def test_detail_lists_the_request_in_all_workspaces(staff: Client, cast: Cast) -> None:
    one, two = cast.sims(1)[0], cast.sims(1, workspace=cast.bolt)[0]
    with cast.staffing(request_id=REQUEST):
        for sim, workspace in ((one, cast.acme), (two, cast.bolt)):
            change_sim_status(workspace_id=workspace.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    first = Event.objects.earliest("id")
    text = text_of(staff.get(f"{LIST}{first.pk}/change/"))
    assert "Events of this request, in all workspaces 2" in text
    assert "Bolt" in text


def test_unknown_events(staff: Client, told: Cast) -> None:
    for number in ("999999", "x", "9" * 30):
        assert staff.get(f"{LIST}{number}/change/").status_code == 404


def test_nobody_changes_the_log(staff: Client, told: Cast) -> None:
    event = Event.objects.earliest("id")
    before = Event.objects.filter(pk=event.pk).values().get()
    assert User.objects.get(pk=told.staff.pk).is_superuser
    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}add/", {}).status_code == 403
    assert staff.post(f"{LIST}{event.pk}/change/", {"description": "x"}).status_code == 403
    assert staff.get(f"{LIST}{event.pk}/delete/").status_code == 403
    assert staff.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    assert Event.objects.filter(pk=event.pk).values().get() == before


def test_persons_are_shown(staff: Client, told: Cast) -> None:
    response = staff.get("/admin/events/frozenperson/", {"q": "olga"})
    (person,) = response.context["cl"].result_list
    assert "olga.owner@example.com" in text_of(staff.get(f"/admin/events/frozenperson/{person.pk}/change/"))
    assert staff.post(f"/admin/events/frozenperson/{person.pk}/change/", {"name": "x"}).status_code == 403
