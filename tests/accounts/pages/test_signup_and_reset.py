"""From mail to mail: signing up, verifying, a forgotten password."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import PlatformPackage, User, Workspace
from events.models import Event
from events.selectors import event_row, persons_of
from events.wire import wire
from tests.cast import PASSWORD, Cast
from tests.log import rows, types

NEW_PASSWORD = "fresh oats and barley"


@pytest.fixture(autouse=True)
def trial(cast: Cast) -> PlatformPackage:
    return PlatformPackage.objects.create(name="Trial EUR", evaluation=True, trial_days=60)


def link_of(number: int = -1) -> str:
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[number].body))
    assert found
    return found[1]


def sign_up(client: Client, email: str = "nora@example.com") -> Any:
    data = {"name": "Nora Newcomer", "email": email, "organisation": "Nora Labs"}
    return client.post(reverse("account_signup"), data)


def wire_of(event: Event) -> dict[str, Any]:
    row = event_row(workspace_id=event.workspace_id, event_id=event.pk)
    assert row is not None
    return wire(row, persons_of([row]), {event.workspace_id: "Nora Labs"})


def test_from_sign_up_to_the_dashboard(django_capture_on_commit_callbacks: Any) -> None:
    client = Client()
    assert client.get(reverse("account_signup")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_up(client).headers["Location"] == reverse("account_email_verification_sent")
    workspace = Workspace.objects.get(name="Nora Labs")
    user = User.objects.get(email="nora@example.com")
    assert types(workspace) == [10071, 10005, 10008, 17, 40]
    assert workspace.data_plans.count() == 1
    signed_up, asked = Event.objects.filter(workspace=workspace, type__in=(17, 40)).order_by("pk")
    assert wire_of(signed_up)["description"] == (
        "Nora Newcomer (nora@example.com) has signed up with organisation name Nora Labs."
    )
    assert wire_of(signed_up)["user"] == {"id": user.pk, "name": "Nora Newcomer", "username": "nora@example.com"}
    assert wire_of(asked)["description"] == "Verification requested for user 'nora@example.com'"
    assert wire_of(asked)["detail"] == {"token": "••••••"}
    assert asked.detail == {"token": "••••••"}
    # Nothing opens before the address is verified.
    assert (
        b"not activated"
        in client.post(reverse("account_login"), {"login": user.email, "password": NEW_PASSWORD}).content
        or not user.has_usable_password()
    )
    page = client.get(link_of(), follow=True)
    assert page.status_code == 200
    wrong = client.post(reverse("account_verify"), {"password": "short", "repeated": "short"})
    assert wrong.status_code == 422
    client.post(reverse("account_verify"), {"password": NEW_PASSWORD, "repeated": NEW_PASSWORD})
    assert rows(workspace)[-1] == (41, "User '{subject.username}' verified successfully")
    signed_in = client.post(reverse("account_login"), {"login": user.email, "password": NEW_PASSWORD}, follow=True)
    assert signed_in.redirect_chain[-1][0] == reverse("dashboard", args=[workspace.pk])
    assert workspace.memberships.get(user=user).role == "Administrator"
    assert Workspace.objects.get(pk=workspace.pk).super_admin == user
    assert Client().get(link_of(), follow=True).status_code == 404


def test_nobody_sends_words_of_their_own_with_our_mail(django_capture_on_commit_callbacks: Any) -> None:
    """Whoever signs up chooses names, and the address need not be theirs."""
    data = {"name": "Pay at evil.example", "email": "victim@example.com", "organisation": "Call 1555 now"}
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(reverse("account_signup"), data)
    assert User.objects.get(email="victim@example.com").name == "Pay at evil.example"
    (sent,) = mail.outbox
    assert sent.to == ["victim@example.com"]
    assert not [word for word in ("evil.example", "1555") if word in f"{sent.subject}{sent.body}"]


def test_an_address_with_an_account_is_answered_the_same(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = sign_up(Client(), cast.member.email.upper())
    assert response.headers["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].subject == "You have an account already"
    assert not Workspace.objects.filter(name="Nora Labs").exists()


def test_signing_up_again_sends_the_mail_again(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sign_up(Client())
    with django_capture_on_commit_callbacks(execute=True):
        sign_up(Client())
    assert [message.subject for message in mail.outbox] == ["Verify your e-mail address"] * 2
    assert Workspace.objects.filter(name="Nora Labs").count() == 1


def test_wrong_input_keeps_what_was_typed(trial: PlatformPackage) -> None:
    response = Client().post(reverse("account_signup"), {"name": "Kept", "email": "nonsense", "organisation": ""})
    assert response.status_code == 422
    assert b"Kept" in response.content
    trial.delete()
    assert b"Nobody can sign up" in Client().get(reverse("account_signup")).content


def test_a_forgotten_password(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    client = Client()
    before = cast.client(cast.member)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("account_reset_password"),
            {"email": "MAX.member@example.com"},
            headers={"user-agent": "Chrome"},
            REMOTE_ADDR="192.0.2.9",
        )
    event = Event.objects.get(type=37)
    made = wire_of(event)
    assert made["description"] == "Password reset requested"
    assert made["user"]["username"] == cast.member.email
    assert made["detail"] == {
        "id": cast.member.pk,
        "username": cast.member.email,
        "name": "Max Member",
        "organisationId": cast.acme.pk,
        "activationKey": "••••••",
        "sourceIp": "192.0.2.9",
        "userAgent": "Chrome",
    }
    assert (event.detail or {})["activationKey"] == "••••••"
    page = client.get(link_of(), follow=True)
    assert page.status_code == 200
    target = page.redirect_chain[-1][0]
    assert link_of().rstrip("/").rpartition("-")[2] not in target
    weak = client.post(target, {"password1": "short", "password2": "short"})
    assert b"too short" in weak.content
    done = client.post(target, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert done.status_code == 302
    cast.member.refresh_from_db()
    assert cast.member.check_password(NEW_PASSWORD)
    assert types(cast.acme) == [37, 10023]
    assert b"expired or was used" in Client().get(link_of(), follow=True).content
    assert before.get(reverse("dashboard", args=[cast.acme.pk])).status_code == 302


def test_nobody_learns_whether_an_address_has_an_account(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    User.objects.filter(pk=cast.observer.pk).update(status=User.Status.SUSPENDED)
    for email in ("nobody@example.com", cast.observer.email, cast.owner.email):
        with django_capture_on_commit_callbacks(execute=True):
            response = Client().post(reverse("account_reset_password"), {"email": email})
        assert response.headers["Location"] == reverse("account_reset_password_done")
    assert [message.to for message in mail.outbox] == [[cast.owner.email]]
    assert cast.owner.check_password(PASSWORD)
