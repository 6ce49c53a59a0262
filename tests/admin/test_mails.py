"""Mails on their way, as staff see them: whom to, what went wrong, never what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from kit.models import OutgoingMail
from tests.admin.conftest import messages_of, text_of

LIST = "/admin/kit/outgoingmail/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost() -> OutgoingMail:
    """A mail that was given up."""
    return OutgoingMail.objects.create(
        to=["somebody@example.com"],
        subject="You are invited",
        body="https://portal.example/secret",
        attempts=12,
        error="ConnectionRefusedError",
        given_up=True,
        created=timezone.now() - timedelta(days=2),
    )


def test_staff_see_what_went_wrong_and_no_link(staff: Client, lost: OutgoingMail) -> None:
    OutgoingMail.objects.create(to=["other@example.com"], subject="Waiting one", body="")
    page = staff.get(LIST, {"state": "given_up"})
    text = text_of(page)
    assert "somebody@example.com" in text
    assert "ConnectionRefusedError" in text
    assert "Waiting one" not in text
    assert b"secret" not in page.content


def test_it_is_tried_again(staff: Client, lost: OutgoingMail) -> None:
    page = staff.post(LIST, {"action": "try_again_selected", "_selected_action": [lost.pk]}, follow=True)
    assert "1 mail is tried again now." in messages_of(page)
    assert [message.to for message in mail.outbox] == [["somebody@example.com"]]
    assert not OutgoingMail.objects.exists()
