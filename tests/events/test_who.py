"""Who acted, in lists and files: nobody is taken for somebody else, whatever they call themselves."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.actors import actor_of, actor_of_token, staff_actor
from accounts.models import Membership, User
from accounts.people.services.members import remove_member
from accounts.tokens.services import create_application_token
from events.models import Event
from events.selectors import list_rows, persons_of
from events.who import doubles_among, who_of
from kit.context import SCHEDULE
from tests.cast import Cast
from tests.events.build import page, record, url, words

pytestmark = pytest.mark.django_db


def called(cast: Cast, *, staff: bool = False) -> list[str]:
    """Return who acted in Acme's log, oldest first, as its list says it."""
    rows = list_rows(Event.objects.of(cast.acme.pk).order_by("pk"))
    persons = persons_of(rows)
    doubles = doubles_among(cast.acme.pk, rows, persons, staff=staff)
    return [str(who_of(row, persons, doubles=doubles, staff=staff)) for row in rows]


def rename(user: User, name: str) -> User:
    User.objects.filter(pk=user.pk).update(name=name)
    user.refresh_from_db()
    return user


def test_a_name_that_is_ones_own_stands_alone(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.member))
    assert called(cast) == ["Max Member"]
    # A stranger of another workspace may be called the same.
    rename(cast.outsider, "Max Member")
    assert called(cast) == ["Max Member"]


def test_what_the_schedule_did_is_called_as_its_filter_is(cast: Cast) -> None:
    record(cast.acme, 9, replace(SCHEDULE, label="Factory test check"))
    record(cast.acme, 9, SCHEDULE)
    assert called(cast) == ["Schedule: Factory test check", "Schedule"]


@pytest.mark.parametrize("name", ["Max Member", "MAX MEMBER", "\uff2d\uff41\uff58 Member", "Max  Member"])
def test_a_name_that_another_member_has_stands_with_its_id(cast: Cast, name: str) -> None:
    record(cast.acme, 9, actor_of(cast.member))
    rename(cast.observer, name)
    # The other one never acted.
    assert called(cast) == [f"Max Member (ID {cast.member.pk})"]


def test_two_of_a_page_are_told_apart(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.member))
    record(cast.acme, 9, actor_of(rename(cast.observer, "Max Member")))
    assert called(cast) == [f"Max Member (ID {user.pk})" for user in (cast.member, cast.observer)]


def test_a_name_of_the_past_counts(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.member))
    record(cast.acme, 9, actor_of(rename(cast.member, "Max Married")))
    record(cast.acme, 9, actor_of(rename(cast.observer, "Max Member")))
    assert called(cast) == [f"Max Member (ID {cast.member.pk})", "Max Married", f"Max Member (ID {cast.observer.pk})"]


def test_somebody_who_left_counts_as_they_were_called_then(cast: Cast) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role="User")
    record(cast.acme, 9, actor_of(cast.member))
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    rename(cast.observer, "Max Member")
    record(cast.acme, 9, actor_of(cast.observer))
    assert called(cast)[-1] == f"Max Member (ID {cast.observer.pk})"
    # How they are called since is told to nobody here, not even by an id.
    rename(cast.member, "Olga Owner")
    record(cast.umbra, 9, actor_of(cast.member))
    record(cast.acme, 9, actor_of(cast.owner))
    assert called(cast)[-1] == "Olga Owner"


def test_a_super_admin_counts(cast: Cast) -> None:
    chief = User.objects.create_user("chief@example.com", name="max member")
    cast.acme.super_admin = chief
    cast.acme.save()
    record(cast.acme, 9, actor_of(cast.member))
    record(cast.bolt, 9, actor_of(cast.owner))
    assert called(cast) == [f"Max Member (ID {cast.member.pk})"]


def test_staff_are_told_from_members_where_they_are_named(cast: Cast, settings: Settings) -> None:
    rename(cast.staff, "Max Member")
    record(cast.acme, 9, staff_actor(cast.staff))
    record(cast.acme, 9, actor_of(cast.member))
    own = [f"Max Member (ID {user.pk})" for user in (cast.staff, cast.member)]
    assert called(cast) == [f"{own[0]} (Operator staff)", own[1]]
    assert called(cast, staff=True) == own
    settings.STAFF_SHOWN_AS = "id"
    assert called(cast) == [f"Operator staff (ID {cast.staff.pk})", "Max Member"]
    assert called(cast, staff=True) == own
    visit = cast.support()
    record(cast.acme, 9, visit)
    assert called(cast)[-1] == f"Operator staff (ID {cast.staff.pk}) for Olga Owner"
    settings.STAFF_SHOWN_AS = "person"
    assert called(cast)[-1] == f"Max Member (ID {cast.staff.pk}) (Operator staff) for Olga Owner"


def test_tokens_always_stand_with_their_id(cast: Cast) -> None:
    with cast.acting(cast.owner):
        tokens = [
            create_application_token(workspace_id=cast.acme.pk, description="Fleet tracker").token for _ in range(2)
        ]
    for token in tokens:
        record(cast.acme, 9, actor_of_token(token))
    # An event of an earlier version has a label without it.
    record(cast.acme, 9, cast.token())
    assert called(cast)[2:] == [
        f"Application token “Fleet tracker” (ID {tokens[0].pk})",
        f"Application token “Fleet tracker” (ID {tokens[1].pk})",
        "Application token “ERP” (ID 77)",
    ]


def test_one_query_for_one_row_and_for_many(cast: Cast) -> None:
    counts = []
    for times in (1, 40):
        record(cast.acme, 9, actor_of(cast.member), times=times)
        rows = list_rows(Event.objects.of(cast.acme.pk))
        persons = persons_of(rows)
        with CaptureQueriesContext(connection) as captured:
            doubles_among(cast.acme.pk, rows, persons)
        counts.append(len(captured))
    assert counts == [1, 1]


def test_lists_panels_and_files_say_it(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    record(cast.acme, 9, actor_of(cast.member), sim=sim)
    record(cast.acme, 9, actor_of(rename(cast.observer, "MAX MEMBER")), sim=sim)
    client = cast.client(cast.owner)
    for address in (url(cast.acme), url(cast.acme, f"embedded/?sim={sim.pk}"), f"/w/{cast.acme.pk}/"):
        text = words(page(client, address))
        assert f"Max Member (ID {cast.member.pk})" in text, address
        assert f"MAX MEMBER (ID {cast.observer.pk})" in text, address
    admin = words(page(cast.client(cast.staff), f"/admin/events/event/?workspace={cast.acme.pk}"))
    assert f"Max Member (ID {cast.member.pk})" in admin
    made = b"".join(client.post(url(cast.acme, "export/"), {"filter": ""}).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(made.removeprefix("\ufeff"))))
    assert [(row["Actor ID"], row["Actor name"], row["Actor e-mail"]) for row in rows[:2]] == [
        (str(cast.observer.pk), "MAX MEMBER", "olaf.observer@example.com"),
        (str(cast.member.pk), "Max Member", "max.member@example.com"),
    ]


def test_a_name_from_right_to_left_turns_nothing_else(cast: Cast) -> None:
    name = "שלום"
    record(cast.acme, 9, actor_of(rename(cast.member, name)))
    rename(cast.observer, name)
    html = page(cast.client(cast.owner), url(cast.acme))
    assert re.search(rf">\s*<bdi>{name}</bdi> \(ID {cast.member.pk}\)", html)
