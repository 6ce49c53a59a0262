"""The pages of the log: list and panel; who sees what, and at what cost."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.actors import actor_of, staff_actor
from accounts.models import User
from accounts.session_keys import SUPPORT_ACCESS
from accounts.support.services import start_support_access
from events.models import Event
from kit.context import NETWORK, Person
from sims.identifiers import iccid_with_luhn
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.build import HTMX, ago, page, record, shown, url, words

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("smoke: the pages of the log")]


def found(cast: Cast, query: str, user: User | None = None) -> list[int]:
    return shown(page(cast.client(user or cast.owner), url(cast.acme, f"?{query}")))


def test_newest_first_with_everything_one_asks_for(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    device = cast.device(sim=sim, name="Pump <7>")
    first = record(cast.acme, 9, actor_of(cast.owner), sim=sim, device=device, moment=ago(hours=3))
    second = record(cast.acme, 10004, cast.token(), device=device, moment=ago(hours=2))
    html = page(cast.client(cast.observer), url(cast.acme))
    assert shown(html) == [second, first]
    text = words(html)
    for expected in ("Info", "Warning", "3 h ago", "API", "SIM suspension", "Device deleted", "Pump <7>", "Olga Owner"):
        assert expected in text
    assert "Application token “ERP”" in text
    assert iccid_with_luhn(sim.iccid) in text  # as it is printed on the card
    assert "2 events" in text
    assert f'href="/w/{cast.acme.pk}/events/{first}/"' in html


def test_an_empty_log_says_what_will_be_here(cast: Cast) -> None:
    assert "No events yet" in words(page(cast.client(cast.owner), url(cast.acme)))


def test_same_moment_pages_never_overlap(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(days=1), times=60)
    client = cast.client(cast.owner)
    first = page(client, url(cast.acme, "?rows=all"))
    older = re.search(r'id="page-next"[^>]*href="([^"]+)"', first)
    assert older
    second = page(client, unescape(older[1]))
    ids = shown(first) + shown(second)
    assert ids == sorted(Event.objects.values_list("pk", flat=True), reverse=True)
    newer = re.search(r'id="page-previous"[^>]*href="([^"]+)"', second)
    assert newer
    assert shown(page(client, unescape(newer[1]))) == shown(first)


def test_a_workspace_sees_its_own_only(cast: Cast) -> None:
    mine = record(cast.acme, 9, actor_of(cast.owner))
    theirs = record(cast.umbra, 9, actor_of(cast.outsider))
    assert shown(page(cast.client(cast.owner), url(cast.acme))) == [mine]
    assert shown(page(cast.client(cast.outsider), url(cast.umbra))) == [theirs]
    outsider = cast.client(cast.outsider)
    for rest in ("", f"{mine}/", "embedded/?sim=1", "recent/", "newer/", f"{theirs}/"):
        assert outsider.get(url(cast.acme, rest)).status_code == 404, rest
    assert cast.client(cast.owner).get(url(cast.acme, f"{theirs}/")).status_code == 404
    assert cast.client(cast.owner).get(url(cast.acme, "999999999999999999999999/")).status_code == 404
    assert Client().get(url(cast.acme)).status_code == 302


def test_after_a_transfer_each_side_keeps_its_part(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    before = record(cast.acme, 9, actor_of(cast.owner), sim=sim)
    sim.workspace = cast.bolt
    sim.save()
    after = record(cast.bolt, 8, actor_of(cast.owner), sim=sim)
    client = cast.client(cast.owner)
    for number in (sim.iccid, iccid_with_luhn(sim.iccid)):
        assert shown(page(client, url(cast.acme, f"?sim={number}"))) == [before]
        assert shown(page(client, url(cast.acme, f"?q={number}"))) == [before]
    assert shown(page(client, url(cast.bolt, f"?sim={sim.pk}"))) == [after]
    html = page(client, url(cast.acme, f"{before}/"), **HTMX)
    assert "no longer in this workspace" in html
    assert f'data-copy="{iccid_with_luhn(sim.iccid)}"' in html
    assert f"/w/{cast.acme.pk}/sims/{sim.pk}/" not in html, "its page is another workspace’s"


def panel(cast: Cast, event_id: int, user: User | None = None) -> str:
    return page(cast.client(user or cast.owner), url(cast.acme, f"{event_id}/"), **HTMX)


def test_the_panel_says_who_word_for_word(cast: Cast) -> None:
    html = panel(cast, record(cast.acme, 9, actor_of(cast.member)), cast.observer)
    line = f"Action performed by: Max Member, max.member@example.com. (User ID: {cast.member.pk})."
    assert line in words(html)
    link = f'<a href="/w/{cast.acme.pk}/events/?actor=user:{cast.member.pk}"'
    assert link in html
    assert re.search(rf"{re.escape(link)}[^>]*><bdi>Max Member</bdi></a>, max\.member@example\.com\. ", html)


def test_the_panel_is_a_fragment_and_the_page_holds_it(cast: Cast) -> None:
    event_id = record(cast.acme, 9, actor_of(cast.member))
    fragment = panel(cast, event_id)
    assert "<html" not in fragment
    whole = page(cast.client(cast.owner), url(cast.acme, f"{event_id}/"))
    assert "<html" in whole
    assert "Action performed by:" in whole
    assert f"SIM suspension ({event_id})" in whole


def test_states_objects_and_what_they_were_called(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    device = cast.device(sim=sim, name="Pump 12", imei="490154203237518", tags="north")
    event_id = record(
        cast.acme, 9, actor_of(cast.owner), sim=sim, device=device, states=(SimStatus.ACTIVATED, SimStatus.SUSPENDED)
    )
    device.name = "Pump 13"
    device.save()
    html = panel(cast, event_id)
    text = words(html)
    assert 'data-state="activated"' in html
    assert 'data-state="suspended"' in html
    assert "Pump 12 (now “Pump 13”)" in text
    assert f"IMSI {sim.imsi}" in text
    assert "IMEI 490154203237518" in text
    assert f'href="/w/{cast.acme.pk}/sims/{sim.pk}/"' in html
    assert f'href="/w/{cast.acme.pk}/devices/{device.pk}/"' in html
    device.status = DeviceStatus.DELETED
    device.service_policy = device.coverage_policy = None
    device.save()
    html = panel(cast, event_id)
    assert f'href="/w/{cast.acme.pk}/devices/{device.pk}/"' not in html
    assert "Pump 12 (deleted since)" in words(html)


def test_address_and_client_for_administrators_only(cast: Cast) -> None:
    event_id = record(cast.acme, 9, actor_of(cast.member))
    assert "192.0.2.7" in panel(cast, event_id)
    assert "Browser/1" in panel(cast, event_id)
    for user in (cast.member, cast.observer):
        html = panel(cast, event_id, user)
        assert "192.0.2.7" not in html
        assert "Browser/1" not in html


def test_other_events_of_the_request(cast: Cast) -> None:
    request_id = uuid.uuid4()
    event_id = record(cast.acme, 9, actor_of(cast.owner), times=7, request_id=request_id)
    record(cast.bolt, 9, actor_of(cast.owner), times=2, request_id=request_id)
    html = panel(cast, event_id)
    assert "6 more events of this request" in words(html)
    assert f"/w/{cast.acme.pk}/events/?request={request_id}" in html
    assert len(found(cast, f"request={request_id}")) == 7
    many = record(cast.acme, 9, actor_of(cast.owner), times=30, request_id=uuid.uuid4())
    assert "29 more events of this request" in words(panel(cast, many))
    alone = record(cast.acme, 9, actor_of(cast.owner), request_id=uuid.uuid4())
    assert "of this request" not in words(panel(cast, alone))


def test_previous_and_next_of_the_same_sim(cast: Cast) -> None:
    one, other = cast.sims(2)
    ids = [record(cast.acme, 9, actor_of(cast.owner), sim=one, moment=ago(days=1)) for _ in range(3)]
    record(cast.acme, 9, actor_of(cast.owner), sim=other, moment=ago(days=1))
    html = panel(cast, ids[1])
    assert f'href="/w/{cast.acme.pk}/events/{ids[0]}/"' in html
    assert f'href="/w/{cast.acme.pk}/events/{ids[2]}/"' in html
    assert "Previous event of this SIM" in html
    assert "Next event of this SIM" not in panel(cast, ids[2])
    device = cast.device()
    record(cast.acme, 10003, actor_of(cast.owner), device=device, moment=ago(days=1))
    assert "Previous event of this device" in panel(cast, record(cast.acme, 10003, cast.token(), device=device))


def test_detail_reads_as_a_list(cast: Cast) -> None:
    detail = {
        "changes": {"name": {"from": "Pump 12", "to": "Pump 13"}},
        "sim_batch": {"first_iccid": "89883030000000000011", "sim_model": {"id": 9}},
        "added": ["north", "west"],
        "devices": [{"id": 1, "name": "Pump"}, {"id": 2, "name": "Kiosk"}],
        "nothing": None,
    }
    text = words(panel(cast, record(cast.acme, 10003, actor_of(cast.owner), detail=detail)))
    for expected in (
        "NamePump 12 became Pump 13",
        "SIM batch, first ICCID89883030000000000011",
        "SIM batch, SIM modelID 9",
        "Addednorth, west",
        "DevicesPump (ID 1), Kiosk (ID 2)",
        "Nothing–",
    ):
        assert expected in text, (expected, text)


def test_json_is_the_published_object(cast: Cast) -> None:
    text = unescape(panel(cast, record(cast.acme, 36, actor_of(cast.owner), detail={"activationKey": "a.b.c"})))
    assert '"event_type": {\n    "id": 36' in text
    assert "a.b.c" not in text
    assert "••••••" in text


def test_staff_are_unnamed_to_customers_if_the_operator_says_so(cast: Cast, settings: Settings) -> None:
    settings.STAFF_SHOWN_AS = "id"
    subject = Person(cast.member.pk, "Max Member", "max.member@example.com")
    event_id = record(cast.acme, 10020, staff_actor(cast.staff), subject=subject)
    for html in (panel(cast, event_id), page(cast.client(cast.owner), url(cast.acme))):
        assert "Stella" not in html
        assert "stella" not in html
        assert "Operator staff" in html
    with cast.staffing():
        access = start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason="Ticket 4711")
    visitor = cast.client(cast.staff)
    session = visitor.session
    session[SUPPORT_ACCESS] = access.pk
    session.save()
    shown = page(visitor, url(cast.acme, f"{event_id}/"))
    assert "Stella Staff, stella.staff@example.com." in words(shown)


def test_a_type_nobody_knows_is_shown(cast: Cast) -> None:
    event_id = record(cast.acme, 9, actor_of(cast.owner), detail={"a": 1})
    with connection.cursor() as cursor:
        columns = [
            field.column for field in Event._meta.fields if field.column not in ("id", "type", "severity", "source")
        ]
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"INSERT INTO events_event (type, severity, source, {names}) SELECT 64, 7, 9, {names} FROM events_event"
            " WHERE id = %s",
            [event_id],
        )
    stranger = Event.objects.get(type=64)
    html = page(cast.client(cast.owner), url(cast.acme))
    assert "Event type 64" in html
    assert "Event type 64" in panel(cast, stranger.pk)


def queries(client: Client, address: str, **headers: str) -> int:
    client.get(address, headers=headers)  # the session's workspace, and what is remembered for a minute
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, headers=headers).status_code == 200
    return len(captured)


def test_the_same_queries_for_one_row_and_many(cast: Cast) -> None:
    client = cast.client(cast.owner)
    actors = [actor_of(cast.owner), actor_of(cast.member), cast.token(), NETWORK, staff_actor(cast.staff)]
    none = queries(client, url(cast.acme))
    for actor in actors:
        record(cast.acme, 9, actor, sim=cast.sims(1)[0])
    few = queries(client, url(cast.acme))
    for _ in range(10):
        for actor in actors:
            record(cast.acme, 9, actor, sim=cast.sims(1)[0], device=cast.device(), times=5)
    many = queries(client, url(cast.acme))
    # The count is left out while one page shows everything; what folds is read in a window or two.
    assert none <= few <= many <= few + 2 <= 10
    assert queries(client, url(cast.acme, "?per_page=200")) <= many


def test_the_first_look_stays_within_ten(cast: Cast) -> None:
    for actor in (actor_of(cast.owner), actor_of(cast.member), cast.token()):
        record(cast.acme, 9, actor, sim=cast.sims(1)[0], times=30)
    cast.client(cast.member).get(url(cast.acme))  # whether the checks are late is asked once for everybody
    client = cast.client(cast.owner)
    with CaptureQueriesContext(connection) as captured:
        client.get(url(cast.acme))
    statements = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN"))]
    assert len(statements) <= 12  # the first page of a session also notes the workspace in it
    event_id = record(cast.acme, 9, actor_of(cast.owner), sim=cast.sims(1)[0], device=cast.device(), times=30)
    assert queries(client, url(cast.acme, f"{event_id}/")) <= 11
    # What is about a SIM and what covers it come from two indexes.
    assert queries(client, url(cast.acme, "embedded/?sim=1"), **HTMX) <= 7
