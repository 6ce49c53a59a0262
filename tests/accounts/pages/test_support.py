"""Operator staff in a customer's workspace: the way in and out, the banner, the log, the customer's list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SupportAccess
from accounts.support.services import end_overdue, start_support_access
from accounts.support.tasks import end_support_access
from events.models import Event
from events.panel import panel_of
from events.selectors import event_row, persons_of
from events.wire import wire
from kit.context import ActorKind
from kit.errors import Forbidden, Invalid, NotFound
from tests.cast import Cast
from tests.log import last, types


@pytest.fixture
def inside(cast: Cast) -> Client:
    client = cast.client(cast.staff)
    url = reverse("accounts:support_start", args=[cast.acme.pk])
    assert client.get(url).status_code == 200
    done = client.post(url, {"user": cast.member.pk, "reason": "Ticket 4711: SIM stays offline"})
    assert done.headers["Location"] == f"/w/{cast.acme.pk}/"
    return client


def wire_of(event: Event) -> dict[str, Any]:
    row = event_row(workspace_id=event.workspace_id, event_id=event.pk)
    assert row is not None
    return wire(row, persons_of([row]), {event.workspace_id: "Acme"})


def test_coming_in_is_event_13_at_once(cast: Cast, inside: Client) -> None:
    assert types(cast.acme) == [13]
    made = wire_of(last())
    assert made["description"] == (
        "Support user stella.staff@example.com of organisation Test Operator generated a support token "
        "for user max.member@example.com of organisation Acme"
    )
    assert made["event_severity"] == {"id": 1, "description": "Warn"}
    assert made["user"] == {"id": cast.member.pk, "name": "Max Member", "username": "max.member@example.com"}
    assert made["detail"] == {
        "support_username": "stella.staff@example.com",
        "support_user_org": {"id": cast.operator.pk, "name": "Test Operator"},
        "target_username": "max.member@example.com",
        "reason": "Ticket 4711: SIM stays offline",
    }


def test_inside_the_rights_are_those_of_the_user(cast: Cast, inside: Client) -> None:
    page = inside.get(f"/w/{cast.acme.pk}/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "Support access: you act for <bdi>Max Member</bdi> in <bdi>Acme</bdi>" in html
    assert "Ticket 4711" in html
    assert inside.get(f"/w/{cast.bolt.pk}/").status_code == 404
    assert inside.get(f"/w/{cast.umbra.pk}/").status_code == 404
    assert inside.get(reverse("accounts:workspace_users", args=[cast.acme.pk])).status_code == 403
    # Entering is no switch of workspace besides.
    assert types(cast.acme) == [13]


def test_what_is_done_inside_names_both_with_the_reason(cast: Cast, inside: Client) -> None:
    device = cast.device()
    inside.post(
        reverse("sims:device_edit", args=[cast.acme.pk, device.pk]),
        {
            "name": "Renamed",
            "service_policy": device.service_policy_id,
            "coverage_policy": device.coverage_policy_id,
        },
    )
    event = Event.objects.get(type=10003)
    assert event.actor_kind == ActorKind.STAFF_FOR_USER
    assert event.actor is not None
    assert event.acted_for is not None
    assert (event.actor.user_id, event.acted_for.user_id) == (cast.staff.pk, cast.member.pk)
    shown = wire_of(event)
    assert (shown["user"]["id"], shown["acting_for"]["id"]) == (cast.staff.pk, cast.member.pk)
    row = event_row(workspace_id=cast.acme.pk, event_id=event.pk)
    assert row is not None
    panel = panel_of(row, cast.acme, staff=False, context_visible=True)
    assert "Stella Staff" in str(panel.line)
    assert "acting for Max Member" in str(panel.line)
    assert panel.reason == "Ticket 4711: SIM stays offline"
    html = cast.client(cast.owner).get(reverse("events:detail", args=[cast.acme.pk, event.pk])).content.decode()
    assert "Ticket 4711" in html


def test_leaving_is_10042_and_the_door_is_shut(cast: Cast, inside: Client) -> None:
    assert inside.post(reverse("accounts:support_end")).status_code == 302
    assert types(cast.acme) == [13, 10042]
    assert wire_of(last())["user"]["id"] == cast.staff.pk
    assert inside.get(f"/w/{cast.acme.pk}/").status_code == 404
    visit = SupportAccess.objects.get()
    assert visit.ended is not None
    html = cast.client(cast.observer).get(reverse("accounts:workspace_support", args=[cast.acme.pk])).content.decode()
    assert "Ticket 4711" in html
    assert "Stella Staff" in html


def test_it_ends_by_time(cast: Cast, inside: Client) -> None:
    SupportAccess.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert inside.get(f"/w/{cast.acme.pk}/").status_code == 404
    assert types(cast.acme) == [13, 10042]
    assert last().detail["timed_out"] is True
    assert end_support_access() == 0


def test_a_forgotten_visit_is_ended_by_the_sweep(cast: Cast, inside: Client) -> None:
    SupportAccess.objects.update(expires=timezone.now() - timedelta(seconds=1))
    with cast.staffing():
        assert end_overdue() == 1
    assert types(cast.acme) == [13, 10042]


def test_signing_out_ends_it(cast: Cast, inside: Client) -> None:
    inside.post(reverse("account_logout"))
    assert 10042 in types(cast.acme)
    assert not SupportAccess.objects.filter(ended__isnull=True).exists()


def test_only_staff_with_a_reason_and_for_a_user_of_the_workspace(cast: Cast) -> None:
    url = reverse("accounts:support_start", args=[cast.acme.pk])
    assert cast.client(cast.outsider).get(url).status_code == 404
    assert cast.client(cast.owner).post(url, {"user": cast.member.pk, "reason": "curious"}).status_code == 404
    client = cast.client(cast.staff)
    assert client.post(url, {"user": cast.member.pk, "reason": ""}).status_code == 422
    assert client.post(url, {"user": cast.outsider.pk, "reason": "Ticket 1"}).status_code == 422
    assert client.get(f"/w/{cast.acme.pk}/").status_code == 404
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason="Ticket 1")
    with cast.staffing():
        with pytest.raises(Invalid):
            start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason=" x ")
        with pytest.raises(NotFound):
            start_support_access(workspace_id=cast.acme.pk, user_id=cast.staff.pk, reason="Ticket 1")
    assert types(cast.acme) == []
