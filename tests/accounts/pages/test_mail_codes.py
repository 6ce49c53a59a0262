"""A second factor by e-mail in the portal: set up, asked for, guessed, sent again, demanded, removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import PlatformPackage, TrustedDevice, User
from accounts.models.second_factors import APP, MAIL
from accounts.sign_in.mail_codes import GUESSES, LETTERS, WAIT
from accounts.sign_in.second_factors import factor_of, has_second_factor
from accounts.sign_in.services.mail_codes import MOST, TooManyCodes, send_sign_in_code
from kit.context import ANONYMOUS, acting_as
from kit.models import OutgoingMail
from tests.accounts.pages.test_second_factor import LOGIN, SECOND, SET_UP, first_step, sign_in, signed_in
from tests.cast import PASSWORD, Cast
from tests.log import last, rows, types
from tests.second_factors import App, mailed_code, set_up, set_up_by_mail, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Stand in the middle of an hour: what is counted by the hour does not pass into the next one."""
    with time_machine.travel(timezone.now().replace(minute=10), tick=True) as found:
        yield found


def later(clock: Any, **span: float) -> None:
    clock.shift(timedelta(**span))


def mails() -> int:
    return OutgoingMail.objects.count()


# --- setting it up ---


def test_it_is_the_first_choice_and_set_up_by_a_code(cast: Cast) -> None:
    client = sign_in(cast.member)
    page = client.get(SET_UP).content.decode()
    assert re.search(r'value="email"[^>]*checked', page)
    assert client.post(SET_UP, {"kind": "email", "password": "wrong"}).status_code == 422
    assert mails() == 0
    assert client.post(SET_UP, {"kind": "email", "password": PASSWORD})["Location"] == SET_UP
    assert OutgoingMail.objects.get().to == [cast.member.email]
    assert cast.member.email in client.get(SET_UP).content.decode()
    assert not has_second_factor(cast.member.pk)
    assert client.post(SET_UP, {"code": wrong_code(), "activate": "1"}).status_code == 422
    done = client.post(SET_UP, {"code": mailed_code().lower(), "activate": "1"}, follow=True)
    assert "recovery-codes" in done.content.decode()
    assert factor_of(cast.member.pk) == MAIL
    assert last().type == 10028
    assert "'Email One-Time Password'" in last().description
    security = client.get("/account/security/").content.decode()
    assert "Codes by e-mail" in security
    assert "10 codes left" in security


def test_another_code_is_sent_and_ends_the_first(cast: Cast, clock: Any) -> None:
    client = sign_in(cast.member)
    client.post(SET_UP, {"kind": "email", "password": PASSWORD})
    first = mailed_code()
    assert "sent a moment ago" in client.post(SET_UP, {"again": "1"}, follow=True).content.decode()
    # Beginning anew is no way to more mails either.
    assert client.post(SET_UP, {"cancel": "1"}).status_code == 303
    assert mails() == 1
    later(clock, seconds=61)
    client.post(SET_UP, {"kind": "email", "password": PASSWORD})
    later(clock, seconds=61)
    client.post(SET_UP, {"again": "1"})
    assert mails() == 3
    assert client.post(SET_UP, {"code": first, "activate": "1"}).status_code == 422
    assert client.post(SET_UP, {"code": mailed_code(), "activate": "1"}).status_code == 303


def test_one_takes_the_place_of_the_other(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    set_up_again = sign_in_with(cast.member, codes[0])
    set_up_again.post(SET_UP, {"kind": "email", "password": PASSWORD})
    assert factor_of(cast.member.pk) == APP
    set_up_again.post(SET_UP, {"code": mailed_code(), "activate": "1"})
    assert factor_of(cast.member.pk) == MAIL
    assert types(cast.acme)[-2:] == [14, 10028]
    set_up_again.post(SET_UP, {"kind": "totp", "password": PASSWORD})
    found = re.search(r'id="secret-key">([A-Z2-7 ]+)<', set_up_again.get(SET_UP).content.decode())
    assert found
    set_up_again.post(SET_UP, {"code": App(found[1]).code(), "activate": "1"})
    assert factor_of(cast.member.pk) == APP
    assert "'Email One-Time Password' deleted" in rows(cast.acme)[-2][1]
    assert Authenticator.objects.filter(user=cast.member).count() == 2  # with the recovery codes


def sign_in_with(user: User, code: str) -> Client:
    client, _answer = first_step(user)
    assert client.post(SECOND, {"code": code}).status_code == 302
    return client


# --- signing in ---


def test_the_session_begins_with_the_mailed_code(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    later(clock, minutes=2)
    client, answer = first_step(cast.member, next=f"/w/{cast.acme.pk}/sims/")
    assert answer["Location"] == SECOND
    assert not signed_in(client)
    page = client.get(SECOND).content.decode()
    assert f"We sent a code to {cast.member.email}" in page
    code = mailed_code()
    assert code not in str(Authenticator.objects.values_list("data", flat=True))
    assert client.post(SECOND, {"code": wrong_code()}).status_code == 422
    done = client.post(SECOND, {"code": f" {code[:3]}-{code[3:].lower()} "})
    assert done["Location"] == f"/w/{cast.acme.pk}/sims/"
    assert types(cast.acme) == [10028, 6, 10020]
    # Once, and never again.
    other, _answer = first_step(cast.member)
    assert other.post(SECOND, {"code": code}).status_code == 422


def test_a_recovery_code_stands_in(cast: Cast) -> None:
    codes, _row = set_up_by_mail(cast.member)
    assert signed_in(sign_in_with(cast.member, codes[0]))
    client, _answer = first_step(cast.member)
    assert client.post(SECOND, {"code": codes[0]}).status_code == 422


def test_wrong_codes_lock_the_account_and_end_the_code(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    later(clock, minutes=2)
    client, _answer = first_step(cast.member)
    right, wrong = mailed_code(), wrong_code()
    for _attempt in range(GUESSES):
        refused = client.post(SECOND, {"code": wrong})
    assert b"locked until" in refused.content
    assert b"locked until" in client.post(SECOND, {"code": right}).content
    assert types(cast.acme) == [10028, 6, 6, 6, 10022]
    # Neither the password nor another mail is a way around the lock.
    assert b"locked until" in client.post(SECOND, {"again": "1"}).content
    assert b"locked until" in first_step(cast.member)[1].content
    sent = mails()
    later(clock, minutes=6)
    client, _answer = first_step(cast.member)
    assert mails() == sent + 1
    assert client.post(SECOND, {"code": right}).status_code == 422
    assert client.post(SECOND, {"code": mailed_code()}).status_code == 302


def test_guesses_count_over_mails_and_passwords(cast: Cast, clock: Any) -> None:
    """The right password and another code forgive nothing, or there would be three guesses for each mail."""
    set_up_by_mail(cast.member)
    for _attempt in range(2):
        later(clock, minutes=2)
        client, _answer = first_step(cast.member)
        client.post(SECOND, {"code": wrong_code()})
    later(clock, minutes=2)
    client, _answer = first_step(cast.member)
    assert b"locked until" in client.post(SECOND, {"code": wrong_code()}).content


def test_a_code_is_over_after_its_time_and_with_any_change_of_the_account(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    later(clock, minutes=2)
    with override_settings(EMAIL_CODE_MINUTES=5):
        client, _answer = first_step(cast.member)
    assert "for 5 minutes" in OutgoingMail.objects.latest("pk").body
    later(clock, minutes=6)
    assert client.post(SECOND, {"code": mailed_code()}).status_code == 422
    client, _answer = first_step(cast.member)
    fresh = mailed_code()
    User.objects.filter(pk=cast.member.pk).update(token_epoch=7)
    assert client.post(SECOND, {"code": fresh})["Location"] == LOGIN


def test_mails_are_limited(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    later(clock, seconds=61)
    client, _answer = first_step(cast.member)
    assert mails() == 2
    # A second sign-in within the minute finds the code that was sent.
    first_step(cast.member)
    too_early = client.post(SECOND, {"again": "1"})
    assert (too_early.status_code, mails()) == (429, 2)
    assert b"Another one can be sent in" in too_early.content
    for _attempt in range(MOST):
        later(clock, seconds=WAIT.total_seconds() + 1)
        last_answer = client.post(SECOND, {"again": "1"})
    assert (last_answer.status_code, mails()) == (429, MOST)
    assert b"minutes" in last_answer.content
    # The last one that was sent goes on working.
    assert client.post(SECOND, {"code": mailed_code()}).status_code == 302
    client, answer = first_step(cast.member)
    assert answer["Location"] == SECOND
    assert b"Too many codes" in client.get(SECOND).content
    later(clock, hours=1)
    _client, _answer = first_step(cast.member)
    assert mails() == MOST + 1


def test_nobody_else_is_sent_one(cast: Cast) -> None:
    set_up(cast.member)
    with acting_as(ANONYMOUS):
        send_sign_in_code(user_id=cast.member.pk)
        send_sign_in_code(user_id=cast.owner.pk)
    assert mails() == 0
    client, _answer = first_step(cast.member)
    assert client.post(SECOND, {"again": "1"}).status_code == 422
    assert mails() == 0
    assert Client().post(SECOND, {"again": "1"})["Location"] == LOGIN


def test_a_trusted_browser_gets_no_mail(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    later(clock, minutes=2)
    client, _answer = first_step(cast.member)
    client.post(SECOND, {"code": mailed_code(), "trust": "on"})
    assert TrustedDevice.objects.count() == 1
    client.post("/accounts/logout/")
    sent = mails()
    later(clock, minutes=2)
    _client, answer = first_step(cast.member, client)
    assert answer["Location"] == f"/w/{cast.acme.pk}/"
    assert mails() == sent


def test_codes_are_random_and_easy_to_read(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    seen = {mailed_code()}
    for _attempt in range(4):
        later(clock, minutes=2)
        with acting_as(ANONYMOUS):
            send_sign_in_code(user_id=cast.member.pk)
        seen.add(mailed_code())
    assert len(seen) == 5
    assert not set("".join(seen)) - set(LETTERS)
    assert not set("01IOL") & set(LETTERS) - {"L"}


def test_too_many_says_until_when(cast: Cast) -> None:
    set_up_by_mail(cast.member)
    with acting_as(ANONYMOUS), pytest.raises(TooManyCodes) as refused:
        send_sign_in_code(user_id=cast.member.pk, again=True)
    assert timedelta(0) < refused.value.until - timezone.now() <= WAIT


# --- demanded, by a package and of staff ---


def test_a_package_demands_it(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(mfa_required=True)
    client = sign_in(cast.member)
    assert client.get(f"/w/{cast.acme.pk}/sims/")["Location"].startswith(SET_UP)
    assert "<bdi>Acme</bdi> demands a second factor" in client.get(SET_UP).content.decode()
    client.post(SET_UP, {"kind": "email", "password": PASSWORD})
    client.post(SET_UP, {"code": mailed_code(), "activate": "1"})
    assert client.get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    assert client.post("/account/security/remove/", {"password": PASSWORD}).status_code == 422
    set_up_by_mail(cast.owner)
    settings_page = cast.client(cast.owner).get(reverse("accounts:workspace_settings", args=[cast.acme.pk]))
    assert b"demands a second factor, whatever is chosen here" in settings_page.content


def test_staff_set_what_a_package_demands(cast: Cast) -> None:
    page = cast.client(cast.staff).get(f"/admin/accounts/platformpackage/{cast.acme.package_id}/change/")
    assert b'name="mfa_required"' in page.content


@override_settings(STAFF_MFA_REQUIRED=True)
def test_of_staff_it_is_enough_unless_the_setting_wants_an_app(cast: Cast) -> None:
    set_up_by_mail(cast.staff)
    client = cast.client(cast.staff)
    assert client.get("/admin/").status_code == 200
    with override_settings(STAFF_EMAIL_CODES=False):
        assert client.get("/admin/")["Location"].startswith(SET_UP)
        page = client.get(SET_UP).content.decode()
        assert 'value="email"' not in page
        sent = mails()
        client.post(SET_UP, {"kind": "email", "password": PASSWORD})
        assert mails() == sent
        found = re.search(r'id="secret-key">([A-Z2-7 ]+)<', client.get(SET_UP).content.decode())
        assert found
        client.post(SET_UP, {"code": App(found[1]).code(), "activate": "1"})
        assert client.get("/admin/").status_code == 200


# --- seen and removed by others ---


def test_administrators_and_staff_see_and_remove_it(cast: Cast) -> None:
    set_up_by_mail(cast.member)
    client = cast.client(cast.owner)
    url = reverse("accounts:workspace_users", args=[cast.acme.pk])
    assert "Email MFA" in client.get(url).content.decode()
    assert cast.member.email in client.get(url, {"security": "email"}).content.decode()
    assert b"Email MFA" in cast.client(cast.staff).get(f"/admin/accounts/user/{cast.member.pk}/change/").content
    remove = reverse("accounts:workspace_user_mfa", args=[cast.acme.pk, cast.member.pk])
    assert client.post(remove).status_code == 303
    assert not Authenticator.objects.filter(user=cast.member).exists()
    assert "'Email One-Time Password' deleted" in last().description
