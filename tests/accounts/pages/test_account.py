"""One's own account in the portal: name and password, and where one is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import TrustedDevice, User
from accounts.own_account.views.profile import MOST_SESSIONS
from tests.accounts.pages.test_second_factor import NEW_PASSWORD, SECOND, SET_UP, first_step, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import rows, types
from tests.second_factors import set_up


def test_ones_own_name(cast: Cast) -> None:
    client = sign_in(cast.member)
    assert client.post("/account/", {"part": "name", "name": "Maxine Member"}).status_code == 303
    cast.member.refresh_from_db()
    assert cast.member.name == "Maxine Member"
    assert types(cast.acme) == [10020, 10075]
    assert client.post("/account/", {"part": "name", "name": ""}).status_code == 422
    assert client.post("/account/", {"part": "else"}).status_code == 404


def test_a_new_password_ends_everything_else(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    other, _answer = first_step(cast.member)
    other.post(SECOND, {"code": app.code(), "trust": "on"})
    client, _answer = first_step(cast.member)
    client.post(SECOND, {"code": app.code(periods=1)})
    passwords = {"old_password": PASSWORD, "new_password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    for wrong, text in (
        ({"old_password": "wrong"}, "The password is wrong."),
        ({"repeated": "differs from it"}, "The two passwords differ."),
        ({"new_password": "short", "repeated": "short"}, "too short"),
        ({"new_password": PASSWORD, "repeated": PASSWORD}, "the password you have"),
    ):
        answer = client.post("/account/", {"part": "password", **passwords, **wrong})
        assert answer.status_code == 422
        assert text in answer.content.decode()
    assert client.post("/account/", {"part": "password", **passwords}).status_code == 303
    assert types(cast.acme)[-1] == 10023
    assert client.get("/account/").status_code == 200
    assert b"This one" in client.get("/account/sessions/").content
    assert other.get("/account/").status_code == 302
    assert UserSession.objects.filter(user=cast.member).count() == 1
    assert not TrustedDevice.objects.exists()


def test_where_one_is_signed_in(cast: Cast) -> None:
    here, there, third = sign_in(cast.member), sign_in(cast.member), sign_in(cast.member)
    sign_in(cast.owner)
    page = here.get("/account/sessions/").content.decode()
    assert page.count("Firefox 144, Linux") == 3
    assert page.count("This one") == 1
    assert "127.0.0.1" in page
    session = UserSession.objects.get(session_key=there.session.session_key)
    stranger = sign_in(cast.observer)
    assert stranger.post(f"/account/sessions/{session.pk}/end/").status_code == 404
    assert there.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{session.pk}/end/").status_code == 303
    assert there.get("/account/").status_code == 302
    assert types(cast.acme)[-1] == 10021

    epoch = User.objects.get(pk=cast.member.pk).token_epoch
    assert here.post("/account/sessions/end/").status_code == 303
    assert third.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    assert rows(cast.acme)[-1][1] == "Account of {subject.username} updated: signed out everywhere else"
    assert types(cast.acme)[-2:] == [10021, 10075]
    # Programs that signed in with the password end with them.
    assert User.objects.get(pk=cast.member.pk).token_epoch == epoch + 1


def test_the_session_in_use_stands_first_however_many_are_newer(cast: Cast) -> None:
    here = sign_in(cast.member)
    key = here.session.session_key
    newer = UserSession.objects.get(session_key=key).last_seen_at + timedelta(hours=1)
    for number in range(MOST_SESSIONS + 5):
        name = f"{number:032d}"
        Session.objects.create(session_key=name, session_data="", expire_date=timezone.now() + timedelta(days=1))
        UserSession.objects.create(user=cast.member, session_key=name, ip="192.0.2.9", user_agent="curl/8", data={})
    UserSession.objects.exclude(session_key=key).update(last_seen_at=newer)
    rows_shown = here.get("/account/sessions/").context["rows"]
    assert len(rows_shown) == MOST_SESSIONS
    assert [row["current"] for row in rows_shown[:3]] == [True, False, False]
    assert rows_shown[0]["session"].session_key == key


def test_the_last_activity_is_noted_every_five_minutes(cast: Cast) -> None:
    client = sign_in(cast.member)
    client.get("/account/")
    row = UserSession.objects.get(user=cast.member)
    with time_machine.travel(row.last_seen_at + timedelta(minutes=3)):
        client.get("/account/")
        assert UserSession.objects.get(user=cast.member).last_seen_at == row.last_seen_at
    with time_machine.travel(row.last_seen_at + timedelta(minutes=6)):
        client.get("/account/", headers={"user-agent": "curl/8"})
        seen = UserSession.objects.get(user=cast.member)
        assert seen.last_seen_at > row.last_seen_at
        assert seen.user_agent == "curl/8"


@pytest.mark.parametrize("path", ["/account/", "/account/security/", "/account/sessions/", SET_UP])
def test_the_pages_take_a_constant_number_of_queries(cast: Cast, path: str, django_assert_max_num_queries: Any) -> None:
    _app, codes, _key = set_up(cast.member)
    for number, code in enumerate(codes[:8]):
        client, _answer = first_step(cast.member)
        assert client.post(SECOND, {"code": code}).status_code == 302
        TrustedDevice.objects.create(
            user=cast.member, digest=f"{number:064d}", expires=timezone.now() + timedelta(days=1)
        )
    client.get(path)
    with django_assert_max_num_queries(9):
        assert client.get(path).status_code == 200
