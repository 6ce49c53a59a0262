"""A person erased on request is gone by name and address, and what they did is still told."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from accounts.models import User
from accounts.people.services.erasure import erase_user
from accounts.people.services.members import change_role
from events.models import Event
from events.selectors import event_row, persons_of
from events.who import actor_line
from events.wire import wire
from kit.errors import Conflict, Forbidden
from sims.devices.services.devices import update_devices
from tests.cast import Cast
from tests.log import types


def everything() -> str:
    """Return every text that is in the database."""
    found = []
    for model in apps.get_models():
        names = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        if names:
            found.append(str(list(model._default_manager.values_list(*names))))
    return "\n".join(found)


def act(cast: Cast) -> None:
    device = cast.device()
    with cast.acting(cast.member):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "Valve"}})
    User.objects.filter(pk=cast.member.pk).update(name="Max Married")
    cast.member.refresh_from_db()
    with cast.acting(cast.member):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "Pump"}})
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")


def test_nothing_of_the_person_is_left_and_the_events_still_read(cast: Cast) -> None:
    act(cast)
    assert "Max M" in everything()
    call_command("erase_user", cast.member.email, "--no-input", stdout=StringIO())
    text = everything()
    assert "max.member" not in text.lower()
    assert "Max M" not in text
    assert types(cast.acme)[-2:] == [10026, 10027]
    for event in Event.objects.filter(type=10003):
        row = event_row(workspace_id=cast.acme.pk, event_id=event.pk)
        assert row is not None
        line = str(actor_line(row, persons_of([row])))
        assert line == f"Action performed by: Erased user (User ID: {cast.member.pk})."
        assert wire(row, persons_of([row]), {})["user"]["id"] == cast.member.pk
    row = event_row(workspace_id=cast.acme.pk, event_id=Event.objects.get(type=10024).pk)
    assert row is not None
    assert wire(row, persons_of([row]), {})["description"] == (
        f"Role of Erased user (User ID: {cast.member.pk}) changed from User to Observer"
    )
    cast.member.refresh_from_db()
    assert not cast.member.is_active
    assert not cast.member.memberships.exists()


def test_only_staff_erase_and_only_once(cast: Cast) -> None:
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        erase_user(user_id=cast.member.pk)
    with cast.staffing():
        with pytest.raises(Conflict):
            erase_user(user_id=cast.staff.pk)
        erase_user(user_id=cast.member.pk)
        with pytest.raises(Conflict):
            erase_user(user_id=cast.member.pk)
    with pytest.raises(CommandError):
        call_command("erase_user", "nobody@example.com", "--no-input")
