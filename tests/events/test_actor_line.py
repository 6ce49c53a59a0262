"""The sentence that says who did it, word for word."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.actors import actor_of, staff_actor
from accounts.models import User
from accounts.people.services.erasure import erase_user
from events.models import Event
from events.selectors import actor_choices, persons_of
from events.who import actor_line
from kit.context import NETWORK, SCHEDULE, SYSTEM, Actor, ActorKind, Person
from tests.cast import Cast
from tests.events.build import record

pytestmark = pytest.mark.django_db

LEAD = "Action performed by: "


def line(event_id: int, *, staff: bool = False) -> str:
    row = Event.objects.values().get(pk=event_id)
    return str(actor_line(row, persons_of([row]), staff=staff))


def test_a_user_reads_as_published(cast: Cast) -> None:
    user = User.objects.create(pk=123456, name="Sample User", email="abc@example.com")
    assert line(record(cast.acme, 9, actor_of(user))) == (
        "Action performed by: Sample User, abc@example.com. (User ID: 123456)."
    )


def test_a_removed_user_still_reads(cast: Cast) -> None:
    actor, user_id = actor_of(cast.member), cast.member.pk
    event_id = record(cast.acme, 9, actor)
    User.objects.filter(pk=user_id).delete()
    assert line(event_id) == f"{LEAD}Max Member, max.member@example.com. (User ID: {user_id})."


def test_a_renamed_user_reads_as_then(cast: Cast) -> None:
    before = record(cast.acme, 9, actor_of(cast.member))
    cast.member.name = "Max Married"
    cast.member.save()
    after = record(cast.acme, 9, actor_of(cast.member))
    assert "Max Member" in line(before)
    assert "Max Married" in line(after)


def test_an_erased_person_reads_erased(cast: Cast) -> None:
    event_id = record(cast.acme, 9, actor_of(cast.member))
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    assert line(event_id) == f"{LEAD}Erased user (User ID: {cast.member.pk})."


def test_an_application_token_is_named(cast: Cast) -> None:
    assert line(record(cast.acme, 9, cast.token())) == (
        f"{LEAD}Application token “ERP” (ID 77); user details are not recorded for application tokens."
    )


def test_staff_are_named(cast: Cast) -> None:
    event_id = record(cast.acme, 9, staff_actor(cast.staff))
    named = f"{LEAD}Stella Staff, stella.staff@example.com. (User ID: {cast.staff.pk}). Operator staff."
    assert line(event_id) == line(event_id, staff=True) == named


def test_staff_are_known_to_customers_by_id_alone_if_the_operator_says_so(cast: Cast, settings: Settings) -> None:
    settings.STAFF_SHOWN_AS = "id"
    own, visiting = record(cast.acme, 9, staff_actor(cast.staff)), record(cast.acme, 9, cast.support())
    assert line(own) == f"{LEAD}Operator staff (User ID: {cast.staff.pk})."
    assert line(visiting) == (
        f"{LEAD}Operator staff (User ID: {cast.staff.pk}), "
        f"acting for Olga Owner, olga.owner@example.com. (User ID: {cast.owner.pk})."
    )
    assert "Stella Staff" in line(own, staff=True)
    assert "Stella Staff" in line(visiting, staff=True)


def test_support_access_names_both(cast: Cast) -> None:
    event_id = record(cast.acme, 9, cast.support())
    assert line(event_id) == (
        f"{LEAD}Stella Staff, stella.staff@example.com. (User ID: {cast.staff.pk}). "
        f"Operator staff, acting for Olga Owner, olga.owner@example.com. (User ID: {cast.owner.pk})."
    )
    assert "Stella Staff" in line(event_id, staff=True)
    assert "Olga Owner" in line(event_id, staff=True)


@pytest.mark.parametrize(("actor", "text"), [(NETWORK, "Network."), (SCHEDULE, "Schedule."), (SYSTEM, "System.")])
def test_what_is_no_person_says_what_it_is(cast: Cast, actor: Actor, text: str) -> None:
    assert line(record(cast.acme, 9, actor)) == f"{LEAD}{text}"


def test_nobody_signed_in(cast: Cast) -> None:
    anonymous = Actor(kind=ActorKind.ANONYMOUS, id=0, label="Not signed in")
    subject = Person(cast.member.pk, "Max Member", "max.member@example.com")
    assert line(record(cast.acme, 6, anonymous, subject=subject)) == f"{LEAD}Not signed in."


def test_choices_are_those_of_this_log(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.owner), times=3)
    record(cast.acme, 9, actor_of(cast.member), times=3)
    record(cast.acme, 9, cast.token(), times=2)
    record(cast.acme, 9, NETWORK, times=2)
    record(cast.acme, 9, staff_actor(cast.staff))
    record(cast.umbra, 9, actor_of(cast.outsider))
    assert actor_choices(cast.acme.pk) == [
        (f"user:{cast.member.pk}", "Max Member, max.member@example.com"),
        (f"user:{cast.owner.pk}", "Olga Owner, olga.owner@example.com"),
        ("token:77", "Application token “ERP” (ID 77)"),
        ("staff", "Operator staff"),
        ("network", "Network"),
    ]
    assert actor_choices(cast.bolt.pk) == []
