"""The Integrations page: tokens created, shown once, revoked, and the examples."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApplicationToken
from accounts.permissions import Role
from tests.cast import Cast
from tests.log import types


def page(cast: Cast) -> str:
    return reverse("accounts:integrations", args=[cast.acme.pk])


def value_on(html: str) -> str:
    found = re.search(r'id="token-value">([^<]+)<', html)
    assert found, html
    return found[1]


def test_it_does_not_promise_more_than_is_answered(cast: Cast) -> None:
    told = cast.client(cast.owner).get(page(cast)).content.decode()
    assert "It works unchanged where it keeps to the calls that are answered" in told


def test_a_token_is_created_shown_once_used_and_revoked(cast: Cast) -> None:
    browser = cast.client(cast.owner)
    made = browser.post(page(cast), {"description": "ERP", "role": "User", "expiry_date": "2099-01-01", "ip": ""})
    assert (made.status_code, made["Location"]) == (303, page(cast))
    assert browser.head(page(cast)).status_code == 200  # looks, and takes nothing
    kept = json.dumps(dict(browser.session))
    shown = browser.get(made["Location"])
    assert shown["Cache-Control"] == "no-store"
    value = value_on(shown.content.decode())
    assert value not in kept  # the database holds it encrypted until it is shown
    assert shown.content.decode().count(value) == 3  # the value, and both examples
    assert value not in browser.get(page(cast)).content.decode()
    token = ApplicationToken.objects.get()
    assert (token.role, token.creator) == (Role.USER, cast.owner)
    assert types(cast.acme)[-1] == 10030

    program = Client()
    body = {"application_token": value}
    assert program.post("/api/v1/authenticate", body, content_type="application/json").status_code == 200
    assert "Never" not in browser.get(page(cast)).content.decode()

    address = reverse("accounts:integrations_revoke", args=[cast.acme.pk, token.pk])
    assert "Revoke" in browser.get(address).content.decode()
    assert browser.post(address).status_code in (302, 303)
    assert types(cast.acme)[-1] == 10031
    assert program.post("/api/v1/authenticate", body, content_type="application/json").status_code == 401
    assert "Revoked" in browser.get(page(cast)).content.decode()


def test_a_value_nobody_looked_at_is_gone_after_ten_minutes_and_stays_in_its_workspace(cast: Cast) -> None:
    browser = cast.client(cast.owner)
    data = {"description": "ERP", "role": "User", "expiry_date": "", "ip": ""}
    browser.post(page(cast), data)
    bolt = reverse("accounts:integrations", args=[cast.bolt.pk])
    assert "token-value" not in browser.get(bolt).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "token-value" not in browser.get(page(cast)).content.decode()
    assert ApplicationToken.objects.count() == 1


def test_a_new_token_is_for_a_user_and_ninety_days_unless_somebody_chooses_otherwise(cast: Cast) -> None:
    with time_machine.travel("2026-11-28T23:30:00Z", tick=False):
        form = cast.client(cast.owner).get(page(cast)).context["form"]
    assert form["role"].value() == Role.USER
    assert form["expiry_date"].value() == date(2027, 2, 26)


def test_examples_name_this_portal(cast: Cast) -> None:
    html = cast.client(cast.owner).get(page(cast)).content.decode()
    assert "http://testserver/api/v1/authenticate" in html
    assert "YOUR_APPLICATION_TOKEN" in html
    assert 'href="/w/' in html


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"description": ""}, "description"),
        ({"ip": "here"}, "ip"),
        ({"expiry_date": "2001-01-01"}, "expiry_date"),
        ({"role": "SuperAdmin"}, "role"),
    ],
)
def test_wrong_input_is_named(cast: Cast, values: dict[str, str], field: str) -> None:
    made = cast.client(cast.owner).post(page(cast), {"description": "x", "role": "User", **values})
    assert made.status_code == 422
    assert made.context["form"].errors[field]
    assert not ApplicationToken.objects.exists()


def test_nobody_makes_a_token_above_their_own_role(cast: Cast) -> None:
    browser = cast.client(cast.observer)
    assert browser.post(page(cast), {"description": "x", "role": "Administrator"}).status_code == 422
    assert browser.post(page(cast), {"description": "x", "role": "Observer"}).status_code == 303
    token = ApplicationToken.objects.get()
    address = reverse("accounts:integrations_revoke", args=[cast.acme.pk, token.pk])
    assert "/revoke/" not in browser.get(page(cast)).content.decode()
    assert browser.post(address).status_code == 403


def test_foreign_tokens_are_not_there(cast: Cast) -> None:
    foreign = ApplicationToken.objects.create(workspace=cast.umbra, description="CANARY", digest="x", role="User")
    browser = cast.client(cast.owner)
    assert "CANARY" not in browser.get(page(cast)).content.decode()
    assert browser.post(reverse("accounts:integrations_revoke", args=[cast.acme.pk, foreign.pk])).status_code == 404
    assert browser.get(reverse("accounts:integrations", args=[cast.umbra.pk])).status_code == 404


def test_the_documentation_is_served_here(cast: Cast, client: Client) -> None:
    answer = client.get("/api/docs")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "/api/v1/sim/{sim_id}" in html
    assert "<script" not in html
    assert "style=" not in html
    # One answer has an address in its example, which is a text there.
    shown = html.replace("&quot;https://portal.example.com/accounts/activation/&quot;", "")
    assert "http" not in re.sub(r"https?://testserver", "", shown)


def test_revoking_is_asked_for_in_a_dialog_or_on_a_page(cast: Cast) -> None:
    token = ApplicationToken.objects.create(workspace=cast.acme, description="ERP", digest="x", role="User")
    address = reverse("accounts:integrations_revoke", args=[cast.acme.pk, token.pk])
    browser = cast.client(cast.owner)
    assert f'hx-get="{address}" hx-target="#dialog-body"' in browser.get(page(cast)).content.decode()
    dialog = browser.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in dialog
    assert "Programs that use this token are refused" in dialog
    assert "data-close-dialog" in dialog
    whole = browser.get(address).content.decode()
    assert f'href="{page(cast)}">Cancel</a>' in whole
    assert browser.post(address, headers={"hx-request": "true"})["HX-Redirect"] == page(cast)
    assert types(cast.acme)[-1] == 10031
