"""The log's rows against the published examples, and the four layers that keep them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.people.services.erasure import erase_user
from events.models import AppendOnly, Event, FrozenPerson
from events.registry import get
from events.text import complete
from events.types.base import UnregisteredType
from events.wire import WIRE_FIELDS, wire
from events.writer import PendingEvent, log
from kit.action import NoAction, action
from kit.context import Surface, acting_as
from sims.devices.services.status import disable_devices
from sims.inventory.services.status import change_sim_status
from tests.cast import Cast
from tests.log import last

pytestmark = pytest.mark.sqlite_too("the writer and the triggers of the log have SQL for each database")


def _one_event(cast: Cast) -> Any:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    return last()


def _refused(sql: str, *params: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


def test_the_model_refuses(cast: Cast) -> None:
    event = _one_event(cast)
    with pytest.raises(AppendOnly):
        event.save()
    with pytest.raises(AppendOnly):
        event.delete()
    for attempt in ("update", "delete", "create", "bulk_create"):
        with pytest.raises(RuntimeError, match="append-only"):
            getattr(Event.objects.all(), attempt)()


def test_the_database_refuses(cast: Cast) -> None:
    event = _one_event(cast)
    assert _refused("UPDATE events_event SET description = 'x' WHERE id = %s", event.pk)
    assert _refused("DELETE FROM events_event WHERE id = %s", event.pk)
    assert _refused("DELETE FROM events_frozenperson")
    if connection.vendor == "postgresql":
        assert _refused("TRUNCATE events_event")
    else:
        assert _refused("INSERT OR REPLACE INTO events_event SELECT * FROM events_event WHERE id = %s", event.pk), (
            "recursive_triggers must be on"
        )
    assert Event.objects.filter(pk=event.pk, description=event.description).exists()


def test_a_person_stands_once_and_is_completed_when_read(cast: Cast) -> None:
    _one_event(cast)
    _one_event(cast)
    assert FrozenPerson.objects.count() == 1
    cast.owner.name = "Olga Newname"
    cast.owner.save()
    event = _one_event(cast)
    assert list(FrozenPerson.objects.order_by("id").values_list("name", flat=True)) == ["Olga Owner", "Olga Newname"]
    assert event.actor.name == "Olga Newname"
    stored = "".join(str(value) for value in Event.objects.values_list())
    assert "Olga" not in stored
    assert "olga.owner@example.com" not in stored


def test_erasing_a_person_changes_that_persons_rows_only(cast: Cast) -> None:
    event = _one_event(cast)
    with cast.staffing():
        erase_user(user_id=cast.owner.pk)
    event.refresh_from_db()
    assert complete("{actor.name}", event.actor, None) == "Erased user"


def test_support_access_keeps_both_persons(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with acting_as(cast.support(), surface=Surface.PORTAL):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    event = last()
    assert (event.user_id, event.actor.name, event.acted_for.name) == (cast.staff.pk, "Stella Staff", "Olga Owner")


def test_an_unregistered_or_historic_type_is_not_written() -> None:
    for type_id in (4, 24, 44, 61, 99_999):
        with pytest.raises(UnregisteredType):
            get(type_id)


def test_rows_are_recorded_inside_an_action_only(cast: Cast) -> None:
    entry = PendingEvent(type=get(9), workspace_id=cast.acme.pk, description="x")
    with cast.acting(cast.owner), pytest.raises(NoAction):
        log([entry])


@pytest.mark.parametrize("detail", [None, {"count": 2}])
def test_what_a_row_covers_is_kept_and_shown_to_nobody(cast: Cast, detail: dict[str, int] | None) -> None:
    entry = PendingEvent(
        type=get(9), workspace_id=cast.acme.pk, description="x", detail=detail, covers={"sim": (7, 9), "order": [3]}
    )
    with cast.acting(cast.owner), action():
        log([entry])
    row = Event.objects.newest().values(*WIRE_FIELDS)[0]
    assert row["detail"] == {**(detail or {}), "covers": {"sim": [7, 9], "order": [3]}}
    for staff in (False, True):
        shown = wire(row, {}, {}, staff=staff)
        assert shown.get("detail") == detail
        assert ("detail" in shown) == (detail is not None)


def test_a_failing_write_undoes_the_change(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    (sim,) = cast.sims(status=1)

    def broken(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("events.writer._write_sqlite", broken)
    monkeypatch.setattr("events.writer._write_postgresql", broken)
    with cast.acting(cast.owner), pytest.raises(RuntimeError):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    sim.refresh_from_db()
    assert sim.status == 1


@pytest.mark.parametrize("count", [1, 5, 6, 7, 60])
def test_both_ways_of_writing_store_the_same(cast: Cast, count: int) -> None:
    """Below six rows PostgreSQL gets an INSERT, from six a COPY; SQLite has one way."""
    sims = cast.sims(count, status=1)
    addresses = {
        cast.device(
            sim=sim, tags="a\tb,\\N", ip_address=f"10.1.2.{place}", imei="490154203237518"
        ).pk: f"10.1.2.{place}"
        for place, sim in enumerate(sims, 1)
    }
    moment = datetime(2026, 5, 1, 12, 30, 0, 123456, tzinfo=UTC)
    request = uuid.uuid4()
    with cast.acting(cast.owner, moment=moment, request_id=request):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[d.pk for d in cast.acme.devices.all()])
    events = list(Event.objects.order_by("id"))
    dates = {sim.pk: sim.production_date for sim in sims}
    assert [event.type for event in events] == [9, 43] * count
    for event in events:
        assert (event.timestamp, event.request_id) == (moment, request)
        assert (event.device_tags, event.device_ip_address) == ("a\tb,\\N", addresses[event.device_id or 0])
        assert event.production_date == dates[event.sim_id or 0]
    assert [event.pk for event in events] == sorted(event.pk for event in events)
