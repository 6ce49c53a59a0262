"""Events of many SIMs or devices are one line of the workspace's log, and a line of the log of each of them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import Workspace
from events import registry
from events.covered import MOST, covering
from events.models import Event, EventObject, RetentionReceipt
from events.panel import panel_of
from events.selectors import event_row, neighbours
from events.trigger_state import trigger_problems
from events.writer import PendingEvent, log
from kit.action import action
from sims.devices.services.tags import change_tags
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.allotment import assign_batch
from sims.inventory.services.registration import register_batch
from sims.inventory.services.transfer import transfer_sims
from sims.models import Sim
from sims.states import SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.events.build import HTMX, ago, page, record, shown, url

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("the triggers that spread and the merged order have SQL for each database"),
]


def embedded(cast: Cast, workspace: Workspace, **of: int) -> list[str]:
    """Return the types on the page of one SIM or device, newest first."""
    query = "&".join(f"{name}={value}" for name, value in of.items())
    ids = shown(page(cast.client(cast.owner), url(workspace, f"embedded/?{query}"), **HTMX))
    kinds = dict(Event.objects.filter(pk__in=ids).values_list("pk", "type"))
    return [registry.describe(kinds[pk]) for pk in ids]


def transferred(cast: Cast, count: int = 3) -> list[Sim]:
    sims = cast.sims(count, status=SimStatus.SUSPENDED)
    with cast.acting(cast.owner):
        transfer_sims(sim_ids=[sim.pk for sim in sims], target_id=cast.bolt.pk, dry_run=False)
    return sims


def test_a_transfer_is_on_the_log_of_each_sim_on_both_sides(cast: Cast) -> None:
    sims = transferred(cast)
    for sim in sims:
        for workspace in (cast.acme, cast.bolt):
            assert embedded(cast, workspace, sim=sim.pk) == ["SIM migration"]
    other = cast.sims(1)[0]
    assert embedded(cast, cast.acme, sim=other.pk) == []
    # Folded in the log of each workspace, and in nobody else's.
    assert [Event.objects.of(workspace.pk).count() for workspace in (cast.acme, cast.bolt, cast.umbra)] == [1, 1, 0]
    stranger = cast.client(cast.outsider)
    assert shown(page(stranger, url(cast.umbra, f"embedded/?sim={sims[0].pk}"), **HTMX)) == []


def test_a_registration_is_on_the_log_of_each_sim(cast: Cast) -> None:
    single, many = cast.batch(count=1), cast.batch(count=3)
    with cast.acting(cast.owner):
        register_batch(workspace_id=cast.acme.pk, bic=single.bic)
        register_batch(workspace_id=cast.acme.pk, bic=many.bic, status=SimStatus.ACTIVATED)
    assert embedded(cast, cast.acme, sim=single.sims.get().pk) == ["SIM registration"]
    for sim in many.sims.all():
        assert embedded(cast, cast.acme, sim=sim.pk) == ["SIM activation", "SIM registration"]
    # The row of many names none of them, as published.
    assert Event.objects.filter(type=48, sim_id=None).count() == 1


def test_tags_of_many_are_on_the_log_of_each_device(cast: Cast) -> None:
    devices = [cast.device() for _ in range(3)]
    with cast.acting(cast.owner):
        change_tags(workspace_id=cast.acme.pk, device_ids=[device.pk for device in devices], add=["north"])
    for device in devices:
        assert embedded(cast, cast.acme, device=device.pk) == ["Tags changed"]
    assert Event.objects.count() == 1
    # Ids of SIMs and devices are numbers of their own.
    assert embedded(cast, cast.acme, sim=devices[0].pk) == []


def test_every_door_finds_it(cast: Cast) -> None:
    sims = transferred(cast)
    sim, client = sims[1], cast.client(cast.owner)
    event = Event.objects.of(cast.acme.pk).get()
    number = iccid_with_luhn(sim.iccid)
    for query in (f"sim={sim.pk}", f"sim={number}", f"q={number}", f"sim={sim.imsi}", f"q={sim.imsi}"):
        assert shown(page(client, url(cast.acme, f"?{query}"))) == [event.pk], query
    answer = client.post(url(cast.acme, "export/"), {"filter": f"sim={sim.pk}"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines[1:]] == [str(event.pk)]
    program = sign_in(cast.owner)
    found = program.get(f"/sim/{sim.pk}/event")
    assert [row["id"] for row in found.json()] == [event.pk]
    assert (found.headers["X-Total-Count"], "covers" in found.content.decode()) == ("1", False)
    assert [row["id"] for row in program.get("/event", q=f"iccid:{sim.iccid}").json()] == [event.pk]
    assert program.get(f"/endpoint/{sim.pk}/event").json() == []
    admin = cast.client(cast.staff).get(reverse("admin:events_event_changelist"), {"q": f"sim:{sim.pk}"})
    assert str(event.pk) in admin.content.decode()


def test_an_endpoints_list_has_its_tags(cast: Cast) -> None:
    devices = [cast.device() for _ in range(2)]
    with cast.acting(cast.owner):
        change_tags(workspace_id=cast.acme.pk, device_ids=[device.pk for device in devices], add=["north"])
    program = sign_in(cast.owner)
    for device in devices:
        rows = program.get(f"/endpoint/{device.pk}/event").json()
        assert [row["event_type"]["id"] for row in rows] == [10011]
        assert shown(page(cast.client(cast.owner), url(cast.acme, f"?device={device.pk}"))) == [rows[0]["id"]]


def test_pages_go_through_both_kinds_in_order(cast: Cast) -> None:
    """Rows that name the SIM and rows that cover it are read from two indexes, and shown as one list."""
    sim = cast.sims(1)[0]
    for number in range(70):
        record(cast.acme, 9, actor_of(cast.owner), sim=sim, moment=ago(days=1, minutes=2 * number))
        if number % 7 == 0:
            _cover(cast, [sim.pk], moment=ago(days=1, minutes=2 * number + 1))
    wanted = list(Event.objects.newest().values_list("pk", flat=True))
    for address in (f"embedded/?sim={sim.pk}", f"?sim={sim.pk}&per_page=25", f"?q={sim.iccid}&per_page=25"):
        pages = _pages(cast, url(cast.acme, address))
        assert [pk for found in pages for pk in found] == wanted, address
        assert len(pages) == 4
    # Beside another filter, of which the events of one kind know nothing.
    assert _pages(cast, url(cast.acme, f"?sim={sim.pk}&type=69&per_page=25")) == [
        [pk for pk in wanted if pk in set(Event.objects.filter(type=69).values_list("pk", flat=True))]
    ]
    html = page(cast.client(cast.owner), url(cast.acme, f"?sim={sim.pk}&per_page=25"))
    assert "80 events" in html


def _pages(cast: Cast, address: str) -> list[list[int]]:
    """Return the ids on each page of a list, to its end and back to its beginning."""
    client, found = cast.client(cast.owner), list[list[int]]()
    while address:
        html = page(client, address, **HTMX)
        found.append(shown(html))
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = unescape(older[1]) if older else ""
    for before in reversed(found[:-1]):
        newer = re.search(r'rel="prev" href="([^"]+)"', html)
        assert newer
        html = page(client, unescape(newer[1]), **HTMX)
        assert shown(html) == before
    return found


def test_an_export_holds_both_kinds_in_order(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.export.CHUNK", 4)
    sim, other = cast.sims(2)
    for number in range(9):
        record(cast.acme, 9, actor_of(cast.owner), sim=sim, moment=ago(days=1, minutes=2 * number))
        _cover(cast, [sim.pk], moment=ago(days=1, minutes=2 * number + 1))
    record(cast.acme, 9, actor_of(cast.owner), sim=other, moment=ago(days=2))
    wanted = list(Event.objects.exclude(sim_id=other.pk).newest().values_list("pk", flat=True))
    answer = cast.client(cast.owner).post(url(cast.acme, "export/"), {"filter": f"sim={sim.pk}"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [int(line.split(",")[0]) for line in lines[1:]] == wanted
    assert "18 events exported" in Event.objects.order_by("-pk")[0].description


def _cover(cast: Cast, sims: list[int], **options: Any) -> None:
    with cast.acting(cast.owner, **options), action():
        log([PendingEvent(registry.get(69), cast.acme.pk, "Many", covers={"sim": sims, "order": [1]})])


def test_older_and_newer_of_an_event_pass_by_it(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    record(cast.acme, 9, actor_of(cast.owner), sim=sim, moment=ago(days=3))
    _cover(cast, [sim.pk], moment=ago(days=2))
    record(cast.acme, 9, actor_of(cast.owner), sim=sim, moment=ago(days=1))
    first, among, second = Event.objects.order_by("timestamp").values_list("pk", flat=True)
    around = {}
    for pk in (first, second):
        row = event_row(workspace_id=cast.acme.pk, event_id=pk)
        assert row is not None
        around[pk] = neighbours(row)
        assert panel_of(row, cast.acme, staff=False, context_visible=False) is not None
    assert (around[first].newer, around[second].older) == (among, among)


def test_staff_find_what_was_put_into_an_inventory(cast: Cast) -> None:
    """The customer's log has no row of it; that of the operator has one for the batch, which each SIM leads to."""
    batch = cast.batch(count=3)
    with cast.staffing():
        assign_batch(batch_id=batch.pk, workspace_id=cast.acme.pk)
    event = Event.objects.get(type=10001)
    for sim in batch.sims.all():
        assert covering("sim", [sim.pk]) == [event.pk]
        admin = cast.client(cast.staff).get(reverse("admin:events_event_changelist"), {"q": f"sim:{sim.pk}"})
        assert str(event.pk) in admin.content.decode()
        assert embedded(cast, cast.acme, sim=sim.pk) == []


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    sims = cast.sims(40)
    client = cast.client(cast.owner)
    counts = []
    for times in (1, 20):
        for _ in range(times):
            _cover(cast, [sim.pk for sim in sims])
        record(cast.acme, 9, actor_of(cast.owner), sim=sims[0], times=times)
        for address in (url(cast.acme, f"embedded/?sim={sims[0].pk}"), url(cast.acme, f"?sim={sims[0].pk}")):
            page(client, address, **HTMX)
            with CaptureQueriesContext(connection) as asked:
                page(client, address, **HTMX)
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


# --- the table behind it ---


def test_rows_come_and_go_with_their_event(cast: Cast) -> None:
    sims = [sim.pk for sim in cast.sims(3)]
    _cover(cast, [*sims, sims[0]], moment=timezone.now() - timedelta(days=60))
    _cover(cast, sims[:1])
    assert EventObject.objects.count() == 4
    old, young = Event.objects.order_by("pk")
    RetentionReceipt.objects.create(workspace=cast.acme, cutoff=timezone.now() - timedelta(days=31))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event WHERE id = %s", [old.pk])
    assert list(EventObject.objects.values_list("kind", "object_id", "event_id")) == [(1, sims[0], young.pk)]
    assert covering("sim", sims) == [young.pk]


def test_nobody_else_changes_them(cast: Cast, vendor: str) -> None:
    (sim,) = cast.sims(1)
    _cover(cast, [sim.pk])
    statements = ["UPDATE events_eventobject SET object_id = 7", "DELETE FROM events_eventobject"]
    statements += ["INSERT INTO events_eventobject VALUES (1, 7, 7)"]
    if vendor == "postgresql":
        statements += ["TRUNCATE events_eventobject"]
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert EventObject.objects.values_list("object_id", flat=True).get() == sim.pk
    assert trigger_problems() == []


def test_an_event_without_many_leaves_nothing(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    record(cast.acme, 9, actor_of(cast.owner), sim=sim)
    with cast.acting(cast.owner), action():
        entry = PendingEvent(registry.get(10040), cast.acme.pk, 'a "covers" in a text', detail={"setting": '"covers"'})
        log([entry])
    assert EventObject.objects.count() == 0


def test_ten_thousand_at_once(cast: Cast, django_assert_num_queries: Any) -> None:
    ids = list(range(1, 10_001))
    with cast.acting(cast.owner), action():
        entry = PendingEvent(registry.get(69), cast.acme.pk, "Many", covers={"sim": ids, "device": ids})
        log([entry])
    assert EventObject.objects.count() == 20_000
    with django_assert_num_queries(1):
        assert len(covering("sim", ids)) == 1
    assert MOST >= 1
