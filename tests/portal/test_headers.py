"""What every answer tells the browser: pages, fragments, the API, files, downloads and errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from accounts.tokens.services import create_application_token
from events.models import SealLog
from events.seals.services import seal_now
from portal.middleware import leave_out_body
from tests.api.conftest import sign_in
from tests.cast import Cast

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("the exports read row by row, which SQLite does on the one connection"),
]


def check(response: HttpResponseBase, what: str, *, public: bool = False) -> None:
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff", what
    assert headers["Referrer-Policy"] == "same-origin", what
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert headers["X-Frame-Options"] == "DENY", what
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], what
    assert "unsafe" not in headers["Content-Security-Policy"], what
    for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{feature}=()" in headers["Permissions-Policy"], what
    assert ("no-store" in headers["Cache-Control"]) is not public, (what, headers["Cache-Control"])


@pytest.fixture
def places(cast: Cast) -> list[str]:
    sim = cast.sims(1)[0]
    device = cast.device()
    with cast.acting(cast.owner):
        token = create_application_token(workspace_id=cast.acme.pk, description="ERP").token
    base = f"/w/{cast.acme.pk}/"
    return [
        base,
        f"{base}sims/",
        f"{base}sims/{sim.pk}/",
        f"{base}sims/export/",
        f"{base}devices/{device.pk}/",
        f"{base}policies/",
        f"{base}events/",
        f"{base}events/newer/",
        f"{base}orders/",
        f"{base}orders/shop/",
        f"{base}integrations/",
        f"{base}integrations/{token.pk}/revoke/",
        f"{base}settings/",
        f"{base}settings/users/",
        f"{base}settings/seals/",
        f"{base}settings/seals/export/",
        "/account/",
        "/account/sessions/",
        "/workspaces/",
        "/accounts/login/",
        "/accounts/signup/",
        "/outbox/",
        "/api/docs",
        "/api/openapi.json",
        "/api/v1/sim",
        "/api/v1/nowhere",
        "/healthz",
        "/readyz",
        "/nowhere/",
        "/w/999999/",
    ]


def test_every_answer_has_them(cast: Cast, places: list[str]) -> None:
    for user in (cast.owner, None):
        client = cast.client(user)
        for place in places:
            for headers in ({}, {"HX-Request": "true"}):
                check(client.get(place, headers=headers), f"{user} {place} {headers}")
    staff = cast.client(cast.staff)
    for place in ("", "accounts/user/", "sims/sim/", "events/event/", "login/", "nowhere/"):
        check(staff.get(f"/admin/{place}"), place)


def test_downloads_and_calls_have_them(cast: Cast) -> None:
    client = cast.client(cast.owner)
    base = f"/w/{cast.acme.pk}/"
    for place in ("sims/export/", "devices/export/", "events/export/"):
        response = client.post(f"{base}{place}", {"filter": ""})
        assert response.headers["Content-Type"].startswith("text/csv"), place
        check(response, place)
    program = sign_in(cast.owner)
    for path in ("/sim", "/event", "/user/my", "/sim/999999"):
        check(program.get(path), path)


def test_a_defect_has_them(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("events.views.log_of", fail)
    client = cast.client(cast.owner)
    client.raise_request_exception = False
    response = client.get(f"/w/{cast.acme.pk}/events/")
    assert response.status_code == 500
    check(response, "500")
    check(client.get("/", headers={"Host": "stranger.example"}), "400")


def test_files_and_checkpoints_may_be_kept(cast: Cast, settings: Any) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    for name in ("css/tokens.css", "js/shell.js", "verify_log.py"):
        response = Client().get(f"/static/{name}")
        assert response.status_code == 200, name
        check(response, name, public=True)
    with cast.acting(cast.owner):
        create_application_token(workspace_id=cast.acme.pk, description="ERP")
    seal_now()
    token = SealLog.objects.get(workspace=cast.acme).token
    for name in ("seals/keys", f"seals/{token}/checkpoint"):
        response = Client().get(f"/{name}")
        assert response.status_code == 200, name
        check(response, name, public=True)


def test_an_answer_to_head_has_no_body(cast: Cast) -> None:
    browser = cast.client(cast.owner)
    whole = browser.get("/healthz")
    answers = {"page": whole, "download": browser.post(f"/w/{cast.acme.pk}/sims/export/", {"filter": ""})}
    assert answers["download"].streaming
    for name, answer in answers.items():
        length = None if answer.streaming else str(len(answer.content))
        leave_out_body(answer)
        assert b"".join(answer) == b"", name
        assert answer.headers.get("Content-Length") == length, name
