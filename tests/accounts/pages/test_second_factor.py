"""The second factor in the portal: from the QR code to the second sign-in, demanded, and removed for others."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrustedDevice, User
from accounts.sign_in.second_factors import has_second_factor
from accounts.sign_in.services.second_factors import renew_recovery_codes
from accounts.support.services import start_support_access
from accounts.workspaces.services.company import set_mfa_required
from kit.errors import Conflict, Forbidden
from tests.cast import PASSWORD, Cast
from tests.log import types
from tests.second_factors import App, set_up

NEW_PASSWORD = "fresh oats and barley"
LOGIN = "/accounts/login/"
SECOND = "/accounts/second-factor/"
SET_UP = "/account/security/set-up/"
NEW_CODES = "/account/security/codes/new/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def first_step(user: User, client: Client | None = None, **query: str) -> tuple[Client, Any]:
    client = client or Client(headers={"user-agent": FIREFOX})
    data = {"login": user.email, "password": PASSWORD, **query}
    return client, client.post(LOGIN, data)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sign_in(user: User) -> Client:
    client, answer = first_step(user)
    assert answer.status_code == 302
    assert signed_in(client)
    return client


# --- signing in ---


def test_without_a_second_factor_the_password_is_enough(cast: Cast) -> None:
    _client, answer = first_step(cast.member)
    assert answer["Location"] == f"/w/{cast.acme.pk}/"
    assert types(cast.acme) == [10020]


def test_the_session_begins_with_the_code(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    client, answer = first_step(cast.member, next=f"/w/{cast.acme.pk}/sims/")
    assert answer["Location"] == SECOND
    assert not signed_in(client)
    assert client.get(f"/w/{cast.acme.pk}/")["Location"].startswith(LOGIN)
    assert types(cast.acme) == [10028]

    page = client.get(SECOND)
    assert page.status_code == 200
    assert b"one-time-code" in page.content
    wrong = client.post(SECOND, {"code": app.wrong()})
    assert wrong.status_code == 422
    assert b"This code is not right" in wrong.content
    assert not signed_in(client)

    done = client.post(SECOND, {"code": app.code()})
    assert done["Location"] == f"/w/{cast.acme.pk}/sims/"
    assert signed_in(client)
    assert types(cast.acme) == [10028, 6, 10020]
    assert not TrustedDevice.objects.exists()


def test_a_code_is_good_for_one_sign_in(cast: Cast) -> None:
    app, codes, _key = set_up(cast.member)
    code = app.code()
    first, _answer = first_step(cast.member)
    assert first.post(SECOND, {"code": code}).status_code == 302
    second, _answer = first_step(cast.member)
    assert second.post(SECOND, {"code": code}).status_code == 422
    assert second.post(SECOND, {"code": codes[0]}).status_code == 302
    third, _answer = first_step(cast.member)
    assert third.post(SECOND, {"code": codes[0]}).status_code == 422
    assert not signed_in(third)


def test_wrong_codes_lock_the_account(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    client, _answer = first_step(cast.member)
    for _attempt in range(2):
        assert b"not right" in client.post(SECOND, {"code": app.wrong()}).content
    assert b"locked until" in client.post(SECOND, {"code": app.wrong()}).content
    assert b"locked until" in client.post(SECOND, {"code": app.code()}).content
    assert types(cast.acme) == [10028, 6, 6, 6, 10022]


def test_without_the_first_step_there_is_no_second(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    client = Client()
    assert client.get(SECOND)["Location"] == LOGIN
    assert client.post(SECOND, {"code": app.code()})["Location"] == LOGIN
    # Nor when it is too long ago, or the account has changed since.
    client, _answer = first_step(cast.member)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert client.post(SECOND, {"code": app.code()})["Location"] == LOGIN
    client, _answer = first_step(cast.member)
    User.objects.filter(pk=cast.member.pk).update(token_epoch=99)
    assert client.post(SECOND, {"code": app.code()})["Location"] == LOGIN
    assert not signed_in(client)


def test_one_can_go_back_to_the_start(cast: Cast) -> None:
    set_up(cast.member)
    client, _answer = first_step(cast.member)
    assert client.post(SECOND, {"cancel": "1"})["Location"] == LOGIN
    assert client.get(SECOND)["Location"] == LOGIN


def test_a_trusted_browser_is_not_asked_again_until_it_expires(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    client, _answer = first_step(cast.member)
    answer = client.post(SECOND, {"code": app.code(), "trust": "on"})
    cookie = answer.cookies[f"trusted-{cast.member.pk}"]
    assert (cookie["httponly"], cookie["samesite"], int(cookie["max-age"])) == (True, "Lax", 90 * 24 * 3600)
    device = TrustedDevice.objects.get()
    assert (device.browser, device.operating_system) == ("Firefox 144", "Linux")
    assert cookie.value not in str(TrustedDevice.objects.values())
    client.post("/accounts/logout/")
    _client, answer = first_step(cast.member, client)
    assert answer["Location"] == f"/w/{cast.acme.pk}/"
    page = client.get("/account/security/").content.decode()
    assert "This browser" in page
    client.post("/accounts/logout/")
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        _client, answer = first_step(cast.member, client)
        assert answer["Location"] == SECOND
    # Another person's cookie opens nothing here.
    set_up(cast.observer)
    client.cookies[f"trusted-{cast.observer.pk}"] = cookie.value
    _client, answer = first_step(cast.observer, client)
    assert answer["Location"] == SECOND


def test_a_forgotten_browser_is_asked_again(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    client, _answer = first_step(cast.member)
    client.post(SECOND, {"code": app.code(), "trust": "on"})
    device = TrustedDevice.objects.get()
    stranger = cast.client(cast.observer)
    assert stranger.post(f"/account/security/devices/{device.pk}/forget/").status_code == 404
    assert client.post(f"/account/security/devices/{device.pk}/forget/").status_code == 303
    client.post("/accounts/logout/")
    _client, answer = first_step(cast.member, client)
    assert answer["Location"] == SECOND


def test_a_new_password_by_mail_leads_to_the_second_step(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    app, _codes, _key = set_up(cast.member)
    client = Client()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/password/reset/", {"email": cast.member.email})
    link = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert link
    target = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(target, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not signed_in(client)
    answer = client.post(LOGIN, {"login": cast.member.email, "password": NEW_PASSWORD})
    assert answer["Location"] == SECOND
    assert client.get(f"/w/{cast.acme.pk}/").status_code == 302
    assert client.post(SECOND, {"code": app.code()})["Location"] == f"/w/{cast.acme.pk}/"


# --- setting up ---


def test_from_the_qr_code_to_the_recovery_codes(cast: Cast) -> None:
    client = sign_in(cast.member)
    assert b"Not set" in client.get("/account/security/").content
    assert client.post(SET_UP, {"kind": "totp", "password": "not the password"}).status_code == 422
    assert client.post(SET_UP, {"kind": "totp", "password": PASSWORD})["Location"] == SET_UP
    page = client.get(SET_UP).content.decode()
    found = re.search(r'id="secret-key">([A-Z2-7 ]+)<', page)
    assert found
    app = App(found[1])
    assert html.unescape(page).count("<svg viewBox") == 1
    assert "style=" not in page
    assert client.post(SET_UP, {"code": app.wrong(), "activate": "1"}).status_code == 422
    done = client.post(SET_UP, {"code": app.code(), "activate": "1"})
    assert done["Location"] == NEW_CODES
    kept = json.dumps(dict(client.session))
    done = client.get(NEW_CODES)
    codes = re.findall(r"\b\d{4} \d{4}\b", done.content.decode())
    assert len(codes) == 10
    assert codes[0] not in kept  # the database holds them encrypted until they are shown
    assert "no-store" in done["Cache-Control"]
    assert has_second_factor(cast.member.pk)
    # Neither is shown again.
    assert client.get(NEW_CODES)["Location"] == "/account/security/"
    for path in (SET_UP, "/account/security/"):
        shown = client.get(path).content.decode()
        assert app.secret[:4] + " " + app.secret[4:8] not in shown
        assert codes[0] not in shown
    assert types(cast.acme) == [10020, 6, 6, 10028]


def test_new_codes_and_removal_ask_for_the_password(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    client, _answer = first_step(cast.member)
    client.post(SECOND, {"code": codes[0]})
    for path in ("/account/security/codes/", "/account/security/remove/"):
        assert client.post(path, {"password": "wrong"}).status_code == 422
        assert has_second_factor(cast.member.pk)
    fresh = client.post("/account/security/codes/", {"password": PASSWORD}, follow=True).content.decode()
    assert len(re.findall(r"\b\d{4} \d{4}\b", fresh)) == 10
    assert client.post("/account/security/remove/", {"password": PASSWORD}).status_code == 303
    assert not has_second_factor(cast.member.pk)
    assert types(cast.acme)[-1] == 14
    assert client.get("/account/security/remove/").status_code == 303


def test_cancelling_throws_the_key_away(cast: Cast) -> None:
    client = sign_in(cast.member)
    client.post(SET_UP, {"kind": "totp", "password": PASSWORD})
    assert client.post(SET_UP, {"cancel": "1"}).status_code == 303
    assert not Authenticator.objects.exists()
    assert b"authenticator app on your phone" in client.get(SET_UP).content


# --- demanded by a workspace ---


def demand(cast: Cast) -> None:
    set_up(cast.owner)
    with cast.acting(cast.owner):
        set_mfa_required(workspace_id=cast.acme.pk, required=True)


def test_whoever_demands_it_has_one(cast: Cast) -> None:
    client = cast.client(cast.owner)
    url = reverse("accounts:workspace_settings", args=[cast.acme.pk])
    page = client.get(url).content.decode()
    assert "3 people here have none yet." in page
    refused = client.post(url, {"part": "security", "mfa_required": "on"})
    assert refused.status_code == 422
    assert b"Set up your own second factor first" in refused.content
    set_up(cast.owner)
    assert client.post(url, {"part": "security", "mfa_required": "on"}).status_code == 303
    assert types(cast.acme)[-1] == 10040
    assert client.post(url, {"part": "security"}).status_code == 303
    with cast.acting(cast.member), pytest.raises(Forbidden):
        set_mfa_required(workspace_id=cast.acme.pk, required=True)


def test_a_workspace_that_demands_it_leads_to_the_page(cast: Cast) -> None:
    demand(cast)
    client = sign_in(cast.member)
    before = types(cast.acme)
    for path in ("", "sims/", "events/", "settings/"):
        wanted = f"/w/{cast.acme.pk}/{path}"
        answer = client.get(wanted)
        assert (answer.status_code, answer["Location"]) == (303, f"{SET_UP}?{urlencode({'next': wanted})}")
    fragment = client.get(f"/w/{cast.acme.pk}/events/recent/", headers={"hx-request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"].split("?")[0]) == (200, SET_UP)
    assert client.post(f"/w/{cast.acme.pk}/sims/register/", {}).status_code == 303
    assert types(cast.acme) == before
    page = client.get(f"{SET_UP}?next=/w/{cast.acme.pk}/sims/").content.decode()
    assert "<bdi>Acme</bdi> demands a second factor" in page
    client.post(SET_UP, {"kind": "totp", "password": PASSWORD})
    found = re.search(r'id="secret-key">([A-Z2-7 ]+)<', client.get(SET_UP).content.decode())
    assert found
    done = client.post(SET_UP, {"code": App(found[1]).code()}, follow=True)
    assert f'href="/w/{cast.acme.pk}/sims/"' in done.content.decode()
    assert client.get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    # It can't be removed again, and the page says so.
    assert b"be removed: <bdi>Acme</bdi> demands one" in client.get("/account/security/").content
    assert client.post("/account/security/remove/", {"password": PASSWORD}).status_code == 422


def test_no_other_site_is_led_to(cast: Cast) -> None:
    client = sign_in(cast.member)
    client.get(f"{SET_UP}?next=https://evil.example/")
    assert "second_factor_next" not in client.session


def test_staff_when_the_setting_says_so(cast: Cast) -> None:
    client = cast.client(cast.staff)
    assert client.get("/admin/").status_code == 200
    with override_settings(STAFF_MFA_REQUIRED=True):
        for path in ("/admin/", "/admin/accounts/user/", f"/support/{cast.acme.pk}/"):
            assert client.get(path)["Location"].startswith(SET_UP)
        assert client.get(SET_UP).status_code == 200
        set_up(cast.staff)
        assert client.get("/admin/").status_code == 200


# --- the Users page ---


def test_administrators_see_and_remove_the_second_factor_of_others(cast: Cast) -> None:
    set_up(cast.member)
    client = cast.client(cast.owner)
    people = client.get(reverse("accounts:workspace_users", args=[cast.acme.pk])).content.decode()
    url = reverse("accounts:workspace_user_mfa", args=[cast.acme.pk, cast.member.pk])
    assert "App MFA" in people
    assert people.count(">Not set<") + people.count("Not set</td>") >= 2
    assert people.count(url) == 2
    assert cast.client(cast.member).get(url).status_code == 403
    assert cast.client(cast.outsider).post(url).status_code == 404
    assert b"signs in with the password alone" in client.get(url).content
    assert client.get(reverse("accounts:workspace_user_mfa", args=[cast.acme.pk, cast.observer.pk])).status_code == 404
    assert has_second_factor(cast.member.pk)
    assert client.post(url).status_code == 303
    assert not has_second_factor(cast.member.pk)
    assert types(cast.acme) == [10028, 14]


def test_staff_remove_the_second_factor_in_the_admin_site(cast: Cast) -> None:
    set_up(cast.member)
    client = cast.client(cast.staff)
    page, url = (f"/admin/accounts/user/{cast.member.pk}/{part}" for part in ("change/", "second-factor/"))
    assert url in client.get(page).content.decode()
    assert b"Do this only when you are sure" in client.get(url).content
    assert has_second_factor(cast.member.pk)
    assert client.post(url).status_code == 302
    assert not has_second_factor(cast.member.pk)
    assert types(cast.acme) == [10028, 14]
    assert url not in client.get(page).content.decode()
    assert cast.client(cast.owner).post(url).status_code in (302, 403)


def test_staff_in_place_of_a_user_change_no_account(cast: Cast) -> None:
    with cast.staffing():
        access = start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason="Ticket 12")
    client = cast.client(cast.staff)
    session = client.session
    session["support_access_id"] = access.pk
    session.save()
    assert client.get(SET_UP).status_code == 403


def test_recovery_codes_need_a_second_factor(cast: Cast) -> None:
    with cast.acting(cast.member), pytest.raises(Conflict, match="Set up the second factor first"):
        renew_recovery_codes(user_id=cast.member.pk)
