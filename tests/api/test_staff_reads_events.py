"""The operator's staff read the log over the API: their own workspace's, a customer's, a person's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_of, staff_actor
from accounts.models import User
from kit.context import Person
from tests.api.conftest import Program, error, sign_in
from tests.cast import PASSWORD, Cast
from tests.events.build import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(cast: Cast) -> Program:
    return sign_in(cast.staff)


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [event["id"] for event in answer.json()]


def test_their_own_log(cast: Cast, staff: Program) -> None:
    subject = Person(cast.member.pk, "Max Member", "max.member@example.com")
    own = record(cast.operator, 10072, staff_actor(cast.staff), subject=subject)
    record(cast.acme, 9, actor_of(cast.owner))
    for path in ("/event", "/organisation/my/event", f"/organisation/{cast.operator.pk}/event"):
        answer = staff.get(path, q="type:10072")
        assert ids(answer) == [own]
        assert answer.json()[0]["user"]["username"] == cast.staff.email
        assert answer.json()[0]["organisation"] == {"id": cast.operator.pk, "name": cast.operator.name}
        assert answer["X-Total-Count"] == "1"


def test_the_log_of_a_customer(cast: Cast, staff: Program) -> None:
    here = record(cast.acme, 9, actor_of(cast.owner))
    record(cast.bolt, 9, actor_of(cast.owner))
    answer = staff.get(f"/organisation/{cast.acme.pk}/event")
    assert ids(answer) == [here]
    assert answer.json()[0]["organisation"] == {"id": cast.acme.pk, "name": "Acme"}
    error(staff.get("/organisation/999999/event"), 404, 1201, "NotFound")


def test_what_a_person_did_anywhere(cast: Cast, staff: Program) -> None:
    both = [record(workspace, 9, actor_of(cast.owner)) for workspace in (cast.acme, cast.bolt)]
    record(cast.acme, 9, actor_of(cast.member))
    for key in (cast.owner.pk, cast.owner.email):
        answer = staff.get(f"/user/{key}/event", q="type:9")
        assert ids(answer) == both
        assert [event["organisation"]["name"] for event in answer.json()] == ["Acme", "Bolt"]
    assert ids(staff.get(f"/user/{cast.owner.pk}/event", q=f"organisation:{cast.bolt.pk}")) == both[1:]
    assert ids(staff.get("/user/nobody@example.net/event")) == []


def test_what_happened_to_a_sim_anywhere(cast: Cast, staff: Program) -> None:
    (sim,) = cast.sims(1)
    both = [record(workspace, 9, actor_of(cast.owner), sim=sim) for workspace in (cast.acme,) * 2]
    assert ids(staff.get(f"/sim/{sim.pk}/event")) == both
    device = cast.device()
    one = record(cast.acme, 9, actor_of(cast.owner), device=device)
    assert ids(staff.get(f"/endpoint/{device.pk}/event")) == [one]


def test_it_takes_the_right_and_the_place(cast: Cast, staff: Program) -> None:
    """Staff without the right, customers and programs read what they read before, and no more."""
    nobody = User.objects.create_user("nina@example.com", PASSWORD, name="Nina Staff", is_staff=True)
    for path in ("/event", f"/organisation/{cast.acme.pk}/event"):
        assert sign_in(nobody).get(path).status_code == 404
    reader = User.objects.create_user(
        "rita@example.com", PASSWORD, name="Rita Reader", is_staff=True, staff_role="reader"
    )
    assert sign_in(reader).get(f"/organisation/{cast.acme.pk}/event").status_code == 200
    customer = sign_in(cast.owner)
    elsewhere = cast.umbra if customer.get("/organisation/my").json()["id"] != cast.umbra.pk else cast.acme
    assert customer.get(f"/organisation/{elsewhere.pk}/event").status_code == 404


def test_the_number_of_queries(cast: Cast, staff: Program) -> None:
    path, counts = f"/user/{cast.owner.pk}/event", []
    for times in (1, 30):
        record(cast.acme, 9, actor_of(cast.owner), times=times)
        record(cast.bolt, 9, actor_of(cast.owner), times=times)
        with CaptureQueriesContext(connection) as captured:
            assert len(ids(staff.get(path))) > times
        counts.append(len(captured))
    assert counts[0] == counts[1]
