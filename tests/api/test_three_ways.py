"""The point of the whole product: the same act by session, user token and application token, and who did it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event
from kit.context import ActorKind, Surface
from sims.models import Sim
from sims.states import SimStatus
from tests.api.conftest import Program
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("whole_portal")

CONTEXT = {"id", "timestamp", "user", "sim", "imsi"}
"""What two events of the same kind may differ in."""


def activate_in_portal(client: Client, workspace_id: int, sim: Sim) -> None:
    """Press Activate on the list and confirm, as a browser does."""
    address = reverse("sims:sim_bulk", args=[workspace_id, "activate"])
    htmx = {"HX-Request": "true"}
    dialog = client.post(f"{address}preview/", {"ids": [sim.pk]}, headers=htmx)
    assert dialog.status_code == 200, dialog.content
    plan = re.search(r'name="plan"[^>]*value="([^"]+)"', dialog.content.decode())
    assert plan, dialog.content.decode()
    done = client.post(f"{address}run/", {"plan": plan[1]}, headers=htmx)
    assert done.status_code in (200, 204, 302), done.content


def test_the_same_act_three_ways_leaves_the_same_rows(cast: Cast, owner: Program, erp: Program) -> None:
    first, second, third = cast.sims(3)
    before = set(Event.objects.values_list("pk", flat=True))

    activate_in_portal(cast.client(cast.owner), cast.acme.pk, first)
    assert owner.patch(f"/sim/{second.pk}", {"status": {"id": SimStatus.ACTIVATED}}).status_code == 204
    assert erp.patch(f"/sim/{third.pk}", {"status": {"id": SimStatus.ACTIVATED}}).status_code == 204

    assert set(Sim.objects.values_list("status", flat=True)) == {SimStatus.ACTIVATED}
    made: list[dict[str, Any]] = erp.get("/event", q="type:8").json()
    assert list(Event.objects.exclude(pk__in=before).values_list("type", flat=True)) == [8, 8, 8]
    assert [each["sim"]["id"] for each in made] == [first.pk, second.pk, third.pk]

    by_session, by_user_token, by_application = made
    person = {"id": cast.owner.pk, "name": "Olga Owner", "username": "olga.owner@example.com"}
    assert by_session["user"] == by_user_token["user"] == person
    assert "user" not in by_application
    plain = [{key: value for key, value in each.items() if key not in CONTEXT} for each in made]
    assert plain[0] == plain[1] == plain[2]
    assert plain[0] == {
        "alert": False,
        "description": "Status of SIM changed from 'Issued' to 'Activated'",
        "event_type": {"id": 8, "description": "SIM activation"},
        "event_source": {"id": 2, "description": "API"},
        "event_severity": {"id": 0, "description": "Info"},
        "organisation": {"id": cast.acme.pk, "name": "Acme"},
    }
    assert set(by_application) == set(by_user_token) - {"user"}


def test_the_context_tells_the_three_apart(cast: Cast, owner: Program, erp: Program) -> None:
    first, second, third = cast.sims(3)
    activate_in_portal(cast.client(cast.owner), cast.acme.pk, first)
    answers = [
        program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}) for program, sim in ((owner, second), (erp, third))
    ]

    rows = list(Event.objects.filter(type=8).order_by("id"))
    assert [row.actor_kind for row in rows] == [ActorKind.USER, ActorKind.USER, ActorKind.APPLICATION_TOKEN]
    assert [row.surface for row in rows] == [Surface.PORTAL, Surface.API, Surface.API]
    assert [str(row.request_id) for row in rows[1:]] == [answer["X-Request-ID"] for answer in answers]
    assert all(row.actor_label for row in rows)
    assert "ERP" in rows[2].actor_label


def test_a_session_cookie_opens_nothing_here(cast: Cast) -> None:
    program = Program(client=cast.client(cast.owner))
    answer = program.get("/sim")
    assert answer.status_code == 401
    assert answer.json()["error_code"] == 1102
