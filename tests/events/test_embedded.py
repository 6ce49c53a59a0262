"""Lists of other pages, the poll for newer events, and the export."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.actors import actor_of, staff_actor
from accounts.models import Workspace
from events.export import COLUMNS
from events.models import Event
from sims.identifiers import iccid_with_luhn
from tests.cast import Cast
from tests.events.build import HTMX, ago, names_of, page, record, shown, tell_story, url

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("the export reads row by row, which SQLite does on the one connection"),
]


@pytest.fixture
def story(cast: Cast) -> dict[str, Any]:
    return tell_story(cast)


def test_embedded_log_of_a_sim_or_device(cast: Cast, story: dict[str, Any]) -> None:
    client = cast.client(cast.observer)
    html = page(client, url(cast.acme, f"embedded/?sim={story['one'].pk}"), **HTMX)
    assert names_of(story, shown(html)) == ["suspended", "staff"]
    assert "<html" not in html
    assert 'class="col-device"' in html
    assert 'class="col-sim"' not in html
    html = page(client, url(cast.acme, f"embedded/?device={story['kiosk'].pk}"), **HTMX)
    assert names_of(story, shown(html)) == ["deleted"]
    assert 'class="col-device"' not in html
    assert f"/w/{cast.acme.pk}/events/?device={story['kiosk'].pk}" in html
    assert "No events of this SIM" in page(client, url(cast.acme, "embedded/?sim=999999"), **HTMX)
    assert client.get(url(cast.acme, "embedded/?sim=x")).status_code == 422


def test_embedded_pages_by_cursor(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    record(cast.acme, 9, actor_of(cast.owner), sim=sim, times=60, moment=ago(days=1))
    client = cast.client(cast.owner)
    seen: list[int] = []
    address = url(cast.acme, f"embedded/?sim={sim.pk}")
    while address:
        html = page(client, address, **HTMX)
        seen += shown(html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = unescape(older[1]) if older else ""
    assert seen == sorted(Event.objects.values_list("pk", flat=True), reverse=True)


def test_the_poll_tells_what_came_since(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(minutes=5))
    client = cast.client(cast.owner)
    html = page(client, url(cast.acme, "?severity=0"))
    poll = re.search(r'data-live hx-get="([^"]+)"', html)
    assert poll
    address = unescape(poll[1])
    assert client.get(address, headers=HTMX).status_code == 204
    record(cast.acme, 10004, actor_of(cast.owner))
    record(cast.umbra, 9, actor_of(cast.outsider))
    assert client.get(address, headers=HTMX).status_code == 204
    record(cast.acme, 9, actor_of(cast.owner), times=2)
    assert "2 new events" in page(client, address, **HTMX)
    record(cast.acme, 9, actor_of(cast.owner), times=200)
    assert "More than 99 new events" in page(client, address, **HTMX)
    assert client.get(url(cast.acme, "newer/?since=forged"), headers=HTMX).status_code == 204


@pytest.mark.parametrize("rows", [3, 60])
def test_the_poll_tells_what_was_committed_late(cast: Cast, rows: int) -> None:
    """Its moment and its id are those of when it was written: it stands below what was seen before it."""
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(minutes=9), times=rows)
    record(cast.acme, 9, actor_of(cast.owner))
    client = cast.client(cast.owner)
    poll = re.search(r'data-live hx-get="([^"]+)"', page(client, url(cast.acme)))
    assert poll
    address = unescape(poll[1])
    assert client.get(address, headers=HTMX).status_code == 204
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(minutes=2))
    assert "1 new event" in page(client, address, **HTMX)
    record(cast.acme, 9, actor_of(cast.owner))
    assert "2 new events" in page(client, address, **HTMX)
    # Nobody counts for us.
    assert client.get(re.sub(r"known=\d+", "known=0", address), headers=HTMX).status_code == 204


def export(client: Client, workspace: Workspace, query: str = "") -> Any:
    return client.post(url(workspace, "export/"), {"filter": query})


def test_export_writes_the_filtered_list_and_an_event(cast: Cast, story: dict[str, Any]) -> None:
    evil = cast.device(name="=HYPERLINK(1)")
    record(cast.acme, 9, actor_of(cast.owner), device=evil)
    response = export(cast.client(cast.observer), cast.acme, "type=9")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="events-{cast.acme.pk}-' in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeffID,Severity,Date (UTC),Date (UTC),Event source,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 4
    assert rows[0]["Device"] == "'=HYPERLINK(1)"
    one, other = (iccid_with_luhn(story[name].iccid) for name in ("one", "other"))
    who = ("Actor kind", "Actor ID", "Actor name", "Actor e-mail", "Token ID")
    assert [rows[1][name] for name in ("Event type", "Device", "SIM")] == ["SIM suspension", "Pump 12", one]
    assert [rows[1][name] for name in who] == ["User", str(cast.owner.pk), "Olga Owner", cast.owner.email, ""]
    assert rows[1]["Event type ID"] == "9"
    assert rows[1]["Description"]
    assert str(uuid.UUID(rows[1]["Request"])) == rows[1]["Request"]
    assert [rows[2][name] for name in ("SIM", *who)] == [other, "Application token", "", "ERP", "", "77"]
    stella = ["Operator staff", str(cast.staff.pk), "Stella Staff", cast.staff.email]
    assert [rows[3][name] for name in who[:4]] == stella
    assert "IP address" not in rows[0]  # an Observer sees none
    event = Event.objects.get(type=10051)
    assert event.description == "4 events exported"
    assert event.detail == {
        "filters": {"type": "9"},
        "columns": [name for name in COLUMNS if name not in ("ip", "client")],
    }
    assert event.actor_ref == cast.observer.pk


def test_export_tells_from_which_state_to_which_from_where_and_in_the_readers_zone(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    moment = datetime(2026, 11, 28, 14, 17, tzinfo=UTC)
    record(cast.acme, 9, actor_of(cast.owner), sim=sim, states=(1, 2), moment=moment)
    record(cast.acme, 9, staff_actor(cast.staff), sim=sim, states=(1, 2), moment=moment - timedelta(hours=1))
    cast.owner.preferences = {"zone": "Asia/Tokyo", "tables": {"events": {"columns": ["type"]}}}
    cast.owner.save()
    text = b"".join(export(cast.client(cast.owner), cast.acme).streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [rows[0][name] for name in ("From", "To", "Door")] == ["Activated", "Suspended", "Portal"]
    assert rows[0]["Date (UTC)"].startswith("2026-11-28T14:17:00")
    assert rows[0]["Date (Asia/Tokyo)"].startswith("2026-11-28T23:17:00")
    assert [rows[0]["IP address"], rows[0]["Client"]] == ["192.0.2.7", "Browser/1"]
    assert [rows[1]["IP address"], rows[1]["Client"]] == ["", ""]  # those of staff are for staff alone


def test_export_has_a_limit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    record(cast.acme, 9, actor_of(cast.owner), times=5)
    monkeypatch.setattr("events.export.MOST_ROWS", 4)
    monkeypatch.setattr("events.views.MOST_ROWS", 4)
    response = export(cast.client(cast.owner), cast.acme)
    assert response.status_code == 422
    assert "More than 4 events match. Narrow the filter" in response.content.decode()
    assert not Event.objects.filter(type=10051).exists()


def test_export_is_no_link_and_nobody_elses(cast: Cast) -> None:
    assert cast.client(cast.owner).get(url(cast.acme, "export/")).status_code == 405
    assert export(cast.client(cast.outsider), cast.acme).status_code == 404
    assert export(cast.client(cast.owner), cast.acme, "type=4711").status_code == 422


def test_export_of_many_rows_reads_in_parts(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.export.CHUNK", 7)
    record(cast.acme, 9, actor_of(cast.owner), times=20, moment=ago(days=1))
    lines = b"".join(export(cast.client(cast.owner), cast.acme).streaming_content).decode().splitlines()
    ids = [int(line.split(",")[0]) for line in lines[1:]]
    assert ids == sorted(Event.objects.exclude(type=10051).values_list("pk", flat=True), reverse=True)
