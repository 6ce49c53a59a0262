"""People are found by name and address, whichever part they play in an event."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.services.invitations import invite_user
from accounts.people.services.members import remove_member
from accounts.permissions import Role
from events.filters import EventFilters
from events.models import Event
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.test_numbers import set_of

pytestmark = pytest.mark.sqlite_too("conditions on three indexes, split in two")
INVITED, REMOVED, SIGNED_IN = 36, 46, 10020


def found(cast: Cast, workspace_id: int, **query: str) -> list[int]:
    filters = set_of(EventFilters, cast, Event.objects.filter(workspace_id=workspace_id), **query)
    whole = sorted(filters.qs.values_list("type", flat=True))
    parts = {pk: kind for part in filters.parts for pk, kind in part.values_list("pk", "type")}
    assert sorted(parts.values()) == whole
    return whole


@pytest.fixture
def told(cast: Cast) -> None:
    with cast.acting(cast.owner):
        invite_user(
            workspace_id=cast.acme.pk,
            email="victor.hale@bücher.example",
            name="Victor Hale",
            role=Role.USER.value,
            link=None,
        )
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)


@pytest.mark.parametrize(
    "typed",
    [
        "victor.hale@bücher.example",
        "Victor.Hale@xn--bcher-kva.example",
        "victor.hale@",
        "Victor Hale",
        "VICTOR HALE",
        "victor",
    ],
)
def test_who_is_invited_is_found(cast: Cast, told: None, typed: str) -> None:
    assert found(cast, cast.acme.pk, q=typed) == [INVITED]


def test_who_is_removed_and_who_acts_is_found(cast: Cast, told: None) -> None:
    assert REMOVED in found(cast, cast.acme.pk, q=cast.member.email)
    assert REMOVED in found(cast, cast.acme.pk, q=cast.member.name)
    assert found(cast, cast.acme.pk, q=cast.owner.email) == [INVITED, REMOVED]
    with_filter = found(cast, cast.acme.pk, q=cast.owner.email, type=str(INVITED))
    assert with_filter == [INVITED]


def test_nobody_of_another_workspace_is_found(cast: Cast, told: None) -> None:
    assert found(cast, cast.umbra.pk, q="victor.hale@bücher.example") == []
    assert sign_in(cast.outsider).get("/event", q="description:victor.hale").json() == []


def test_the_api_finds_people_in_descriptions(cast: Cast, told: None) -> None:
    program = sign_in(cast.owner)
    name, address = cast.member.name, cast.member.email
    for typed in (address, address.upper(), address.partition("@")[0], name, f"*{name.split()[0]}*"):
        answer = program.get("/event", q=f"description:{typed}").json()
        assert [each["event_type"]["id"] for each in answer] == [REMOVED], typed
    # Her name stands in no text of the other events of hers.
    assert program.get("/event", q=f"description:{cast.owner.name}").json()[0]["event_type"]["id"] == SIGNED_IN


def test_the_search_takes_few_queries(cast: Cast, told: None) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found(cast, cast.acme.pk, q="Victor Hale")
    assert len(queries) <= 9
