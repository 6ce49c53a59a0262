"""Limits, other origins, compression and request ids."""

from __future__ import annotations

import gzip
import time
from typing import Any

import pytest
from django.core.cache import cache

from kit.api import limits
from tests.api.conftest import Program, error
from tests.cast import Cast


@pytest.fixture
def limited(settings: Any) -> None:
    """Switch the published limits on."""
    settings.API_RATE_LIMIT_FACTOR = 1


@pytest.mark.usefixtures("limited")
def test_sign_ins_of_an_address_are_limited(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGN_IN_CALLS", 2)
    program = Program()
    for _ in range(2):
        assert program.post("/authenticate", {"application_token": "x"}).status_code == 401
    refused = program.post("/authenticate", {"application_token": "x"})
    error(refused, 429, 1105, "TooManyRequests")
    assert 1 <= int(refused["Retry-After"]) <= 300
    # Another address is not concerned.
    other = program.client.post(
        "/api/v1/authenticate", {"application_token": "x"}, content_type="application/json", REMOTE_ADDR="192.0.2.99"
    )
    assert other.status_code == 401


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "none"),
    ],
)
def test_one_customers_addresses_count_together(address: str | None, name: str) -> None:
    assert limits._who(address) == name


@pytest.mark.usefixtures("limited")
def test_calls_of_an_address_are_limited(cast: Cast, owner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESS_CALLS", 3)
    # The sign-in was the first one.
    statuses = [owner.get("/sim/status").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


@pytest.mark.usefixtures("limited")
def test_calls_of_an_organisation_are_limited(
    cast: Cast, owner: Program, outsider: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000_000.25)
    statuses = [owner.get("/sim").status_code for _ in range(16)]
    assert statuses == [200] * 15 + [429]
    assert outsider.get("/sim").status_code == 200
    assert owner.get("/endpoint").status_code == 200
    monkeypatch.setattr(time, "time", lambda: 1_000_001.25)
    assert owner.get("/sim").status_code == 200


@pytest.mark.usefixtures("limited")
def test_calls_of_a_month_are_limited(cast: Cast, owner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MONTH_SAMPLE", 1)
    monkeypatch.setattr(limits, "MONTH_CALLS", 2)
    statuses = [owner.get("/user/status").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_higher_factor_allows_more(cast: Cast, owner: Program, settings: Any) -> None:
    settings.API_RATE_LIMIT_FACTOR = 2
    cache.clear()
    assert [owner.get("/sim").status_code for _ in range(20)] == [200] * 20


def test_other_origins(cast: Cast, owner: Program) -> None:
    asked = owner.client.options(
        "/api/v1/sim",
        headers={
            "origin": "https://app.example.com",
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization,x-emn-origin-app",
        },
    )
    assert asked.status_code == 204
    assert "PATCH" in asked["Access-Control-Allow-Methods"]
    assert "x-emn-origin-app" in asked["Access-Control-Allow-Headers"].lower()
    answer = owner.get("/sim")
    assert answer["Access-Control-Allow-Origin"] == "*"
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert {"Location", "X-Count", "X-Per-Page", "X-Pages", "X-Page", "X-Total-Pages", "Link"} <= set(exposed)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert owner.get("/nothing")["Access-Control-Allow-Origin"] == "*"


@pytest.mark.usefixtures("whole_portal")
def test_compression_and_request_ids(cast: Cast, owner: Program) -> None:
    headers = {"authorization": f"Bearer {owner.token}", "accept-encoding": "gzip"}
    answer = owner.client.get("/api/v1/operator", headers=headers)
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).startswith(b"[{")
    assert len(answer["X-Request-ID"]) == 36
