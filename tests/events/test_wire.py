"""The published JSON of an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pytest_django import Settings

from accounts.actors import actor_of, staff_actor
from events.models import Event
from events.selectors import persons_of
from events.text import MASK
from events.wire import WIRE_FIELDS, stamp, wire
from kit.context import Actor, ActorKind, Person
from tests.cast import Cast
from tests.events.build import record

pytestmark = pytest.mark.django_db


def wire_of(event_id: int, *, staff: bool = False) -> dict[str, object]:
    row = Event.objects.values(*WIRE_FIELDS).get(pk=event_id)
    return wire(row, persons_of([row]), {row["workspace_id"]: "Acme"}, staff=staff)


def test_keys_stand_in_the_recorded_order(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    device = cast.device(sim=sim, imei="490154203237518", tags="north,water")
    event = wire_of(record(cast.acme, 8, actor_of(cast.owner), sim=sim, device=device, detail={"note": "a"}))
    assert list(event) == [
        "timestamp", "alert", "description", "id", "event_type", "event_source", "event_severity", "organisation",
        "user", "endpoint", "sim", "imsi", "detail",
    ]  # fmt: skip
    assert event["event_type"] == {"id": 8, "description": "SIM activation"}
    assert event["event_source"] == {"id": 2, "description": "API"}
    assert event["event_severity"] == {"id": 0, "description": "Info"}
    assert event["organisation"] == {"id": cast.acme.pk, "name": "Acme"}
    assert event["user"] == {"id": cast.owner.pk, "name": "Olga Owner", "username": "olga.owner@example.com"}
    assert event["endpoint"] == {
        "id": device.pk, "imei": "490154203237518", "ip_address": None, "name": device.name, "tags": "north,water",
    }  # fmt: skip
    assert event["sim"] == {"iccid": sim.iccid, "id": sim.pk, "production_date": stamp(sim.production_date)}
    assert event["imsi"] == {"id": sim.pk, "import_date": stamp(sim.imported), "imsi": sim.imsi}
    assert len(sim.iccid) == 19


def test_absent_objects_are_left_out(cast: Cast) -> None:
    event = wire_of(record(cast.acme, 10040, cast.token()))
    assert {"user", "endpoint", "sim", "imsi", "detail"}.isdisjoint(event)
    assert wire_of(record(cast.acme, 51, cast.token(), detail={}))["detail"] == {}


def test_no_tags_are_null(cast: Cast) -> None:
    device = cast.device()
    endpoint = wire_of(record(cast.acme, 10003, cast.token(), device=device))["endpoint"]
    assert endpoint == {"id": device.pk, "imei": None, "ip_address": None, "name": device.name, "tags": None}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2022, 3, 27, 23, 20, 49, 298765, UTC), "2022-03-27T23:20:49.298Z"),
        (datetime(2022, 3, 27, 23, 20, 49, 0, UTC), "2022-03-27T23:20:49.000Z"),
        (datetime(2022, 3, 28, 1, 20, 49, 5000, timezone(timedelta(hours=2))), "2022-03-27T23:20:49.005Z"),
        # As PostgreSQL writes it, and as SQLite does.
        ("2022-03-27 23:20:49.298765+00", "2022-03-27T23:20:49.298Z"),
        ("2022-03-27 23:20:49.5+00", "2022-03-27T23:20:49.500Z"),
        ("2022-03-27 23:20:49+00", "2022-03-27T23:20:49.000Z"),
        ("2022-03-27 23:20:49.298765", "2022-03-27T23:20:49.298Z"),
        ("2022-03-27 23:20:49", "2022-03-27T23:20:49.000Z"),
    ],
)
def test_moments_have_milliseconds_in_utc(moment: datetime | str, text: str) -> None:
    assert stamp(moment) == text


def test_user_is_the_subject_where_the_type_says_so(cast: Cast) -> None:
    subject = Person(cast.member.pk, "Max Member", "max.member@example.com")
    anonymous = Actor(kind=ActorKind.ANONYMOUS, id=0, label="Not signed in")
    event = wire_of(record(cast.acme, 6, anonymous, subject=subject))
    assert event["user"] == {"id": cast.member.pk, "name": "Max Member", "username": "max.member@example.com"}
    assert "max.member@example.com" in str(event["description"])


@pytest.mark.parametrize("reader", ["customer", "staff"])
@pytest.mark.parametrize("shown_as", ["person", "id"])
def test_staff_are_the_user_of_what_they_did(cast: Cast, settings: Settings, shown_as: str, reader: str) -> None:
    settings.STAFF_SHOWN_AS = shown_as
    event = wire_of(record(cast.acme, 10020, staff_actor(cast.staff), detail={"by": "x"}), staff=reader == "staff")
    if (shown_as, reader) == ("id", "customer"):
        assert event["user"] == {"id": cast.staff.pk, "name": "Operator staff", "username": "Operator staff"}
        assert event["description"] == "Operator staff signed in"
    else:
        assert event["user"] == {"id": cast.staff.pk, "name": "Stella Staff", "username": "stella.staff@example.com"}
        assert event["description"] == "stella.staff@example.com signed in"
    assert "acting_for" not in event


@pytest.mark.parametrize("shown_as", ["person", "id"])
def test_under_support_access_the_user_is_staff_and_the_customers_person_stands_beside(
    cast: Cast, settings: Settings, shown_as: str
) -> None:
    settings.STAFF_SHOWN_AS = shown_as
    event = wire_of(record(cast.acme, 9, cast.support()))
    assert event["acting_for"] == {"id": cast.owner.pk, "name": "Olga Owner", "username": "olga.owner@example.com"}
    name, username = ("Stella Staff", cast.staff.email) if shown_as == "person" else ("Operator staff",) * 2
    assert event["user"] == {"id": cast.staff.pk, "name": name, "username": username}


def test_secrets_are_masked(cast: Cast) -> None:
    detail = {"id": 5, "username": "new@example.com", "activationKey": "a.b.c"}
    event = wire_of(record(cast.acme, 36, actor_of(cast.owner), detail=detail))
    assert event["detail"] == {"id": 5, "username": "new@example.com", "activationKey": MASK}


def test_a_name_full_of_braces_stays_itself(cast: Cast) -> None:
    event = wire_of(record(cast.acme, 10005, actor_of(cast.owner), name="{actor.name}", detail={"n": "{subject.name}"}))
    assert event["description"] == "Service policy '{actor.name}' created"
    assert event["detail"] == {"n": "{subject.name}"}
