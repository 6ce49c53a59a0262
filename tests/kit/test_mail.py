"""Mails on their way out: sent once, tried again, given up after a day, forgotten with the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from kit import mail as outgoing
from kit.context import SYSTEM, acting_as
from kit.mail import GIVEN_UP_AFTER, KEPT_FOR, LONGEST_WAIT, Letter
from kit.models import OutgoingMail
from kit.tasks import sweep_mails

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("mails are claimed without locks of single rows")]

LETTER = Letter(["somebody@example.com"], "Hello", "Text")


class Broken(BaseEmailBackend):
    """A mail server that is not there."""

    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError


@pytest.fixture
def post(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., None]:
    """Post letters as a committed transaction does."""

    def run(*letters: Letter) -> None:
        with django_capture_on_commit_callbacks(execute=True), acting_as(SYSTEM):
            outgoing.post(letters)

    return run


def test_a_mail_goes_once_and_leaves_no_row(post: Callable[..., None]) -> None:
    post(LETTER, Letter([], "To nobody", ""))
    assert [(message.to, message.subject, message.body) for message in mail.outbox] == [
        (["somebody@example.com"], "Hello", "Text")
    ]
    assert not OutgoingMail.objects.exists()


def test_a_line_break_makes_no_header(post: Callable[..., None]) -> None:
    post(Letter(["somebody@example.com"], "Hello\nBcc: others@example.com", "Text"))
    assert mail.outbox[0].subject == "Hello Bcc: others@example.com"
    assert mail.outbox[0].recipients() == ["somebody@example.com"]


def test_nothing_goes_of_what_is_rolled_back() -> None:
    with acting_as(SYSTEM), pytest.raises(ZeroDivisionError), transaction.atomic():
        outgoing.post([LETTER])
        _ = 1 / 0
    assert not OutgoingMail.objects.exists()
    assert not mail.outbox


def test_it_is_tried_again_later_and_later(post: Callable[..., None], settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    post(LETTER)
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _turn in range(9):
            before = timezone.now()
            clock.move_to(OutgoingMail.objects.get().next_attempt)
            waits.append(timezone.now() - before)
            sweep_mails()
    kept = OutgoingMail.objects.get()
    assert (kept.attempts, kept.error, kept.given_up) == (10, "ConnectionRefusedError", False)
    assert waits[1:4] == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    assert waits[-1] == LONGEST_WAIT


def test_it_goes_when_the_server_is_back(post: Callable[..., None], settings: Any) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.kit.test_mail.Broken"
    post(LETTER)
    settings.EMAIL_BACKEND = working
    sweep_mails()
    assert not mail.outbox  # not before its time
    with time_machine.travel(OutgoingMail.objects.get().next_attempt, tick=False):
        sweep_mails()
    assert len(mail.outbox) == 1
    assert not OutgoingMail.objects.exists()


def test_it_is_given_up_after_a_day_and_kept_for_staff(post: Callable[..., None], settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    post(LETTER)
    with time_machine.travel(timezone.now() + GIVEN_UP_AFTER, tick=False):
        sweep_mails()
        assert OutgoingMail.objects.get().given_up
        assert outgoing.due() == []


def test_two_workers_send_one_mail(post: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "wake", lambda mail_id: None)
    post(LETTER)
    pk = OutgoingMail.objects.get().pk
    seen = OutgoingMail.objects.filter(pk=pk)
    # The other worker claims it between our look at the row and our own claim.
    original = OutgoingMail.objects.filter

    def other_first(*args: Any, **kwargs: Any) -> Any:
        if "attempts" in kwargs:
            seen.update(attempts=1)
        return original(*args, **kwargs)

    monkeypatch.setattr(OutgoingMail.objects, "filter", other_first)
    assert outgoing.send(pk) is False
    assert not mail.outbox


def test_those_to_an_erased_person_are_dropped(post: Callable[..., None], settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    post(LETTER, Letter(["other@example.com"], "Hello", "Text"))
    assert outgoing.forget(["Somebody@Example.com"]) == 1
    assert [kept.to for kept in OutgoingMail.objects.all()] == [["other@example.com"]]


def test_one_that_cannot_be_sent_does_not_stop_the_others(
    post: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "wake", lambda mail_id: None)
    post(Letter(["no address\nat all"], "Bad", "Text"), LETTER)
    sweep_mails()
    assert [message.subject for message in mail.outbox] == ["Hello"]
    assert OutgoingMail.objects.get().error == "BadHeaderError"


def test_one_given_up_is_removed_after_a_month(post: Callable[..., None], settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    post(LETTER)
    with time_machine.travel(timezone.now() + GIVEN_UP_AFTER, tick=False):
        sweep_mails()
    with time_machine.travel(timezone.now() + KEPT_FOR - timedelta(hours=1), tick=False):
        sweep_mails()
        assert OutgoingMail.objects.exists()
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(hours=1), tick=False):
        sweep_mails()
        assert not OutgoingMail.objects.exists()


def test_what_is_being_sent_is_not_repeated(post: Callable[..., None], settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    post(LETTER)
    pk = OutgoingMail.objects.get().pk
    with acting_as(SYSTEM):
        assert outgoing.retry([pk]) == 0
    with acting_as(SYSTEM), time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        assert outgoing.retry([pk]) == 1
