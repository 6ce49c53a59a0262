"""Limits, other origins, compression and request ids."""

from __future__ import annotations

import gzip
import re
import time
from typing import Any

import pytest
from django.core.cache import cache

from kit.api import limits
from portal import published_api
from portal.api_table import answered
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


# --- methods and addresses as clients write them ------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sim", "/sim/status", "/event", "/organisation/my", "/endpoint/9999999"])
def test_head_says_what_get_would(cast: Cast, owner: Program, path: str) -> None:
    cast.sims(2)
    got, head = owner.get(path), owner.call("HEAD", path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head["Content-Length"] == str(len(got.content))
    assert head["Content-Type"] == got["Content-Type"]
    assert head.headers.get("X-Total-Count") == got.headers.get("X-Total-Count")


def test_head_where_there_is_no_get(cast: Cast, owner: Program) -> None:
    answer = owner.call("HEAD", "/authenticate")
    assert (answer.status_code, answer.content) == (405, b"")
    assert answer["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/sim/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/authenticate", "OPTIONS, POST"),
        ("/event", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_names_the_methods(cast: Cast, owner: Program, path: str, allowed: str) -> None:
    answer = Program().call("OPTIONS", path)
    assert (answer.status_code, answer.content, answer["Allow"]) == (204, b"", allowed)
    assert owner.call("TRACE", path)["Allow"] == allowed


def test_options_of_no_path(cast: Cast, owner: Program) -> None:
    error(owner.call("OPTIONS", "/nothing"), 404, 1201, "NotFound")


@pytest.mark.parametrize("path", ["/API/V1/sim", "/api/v1/sim/", "/Api/v1/sim//", "/api/V1/sim/?page=1"])
def test_one_call_under_the_addresses_that_clients_write(cast: Cast, owner: Program, path: str) -> None:
    cast.sims(2)
    answer = owner.client.get(path, headers={"authorization": f"Bearer {owner.token}"})
    assert (answer.status_code, len(answer.json())) == (200, 2)
    assert "/api/v1/sim?" in answer["Link"]


def test_the_rest_of_an_address_is_as_it_is(cast: Cast, owner: Program) -> None:
    assert owner.get("/SIM").status_code == 404
    assert owner.client.get("/api/v3/sim", headers={"authorization": f"Bearer {owner.token}"}).status_code == 404


def test_a_limit_holds_under_each_address(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.API_RATE_LIMIT_FACTOR = 1
    monkeypatch.setattr(limits, "SIGN_IN_CALLS", 2)
    statuses = [
        Program().client.post(path, {"application_token": "x"}, content_type="application/json").status_code
        for path in ("/api/v1/authenticate", "/API/v1/authenticate", "/api/v1/authenticate/")
    ]
    assert statuses == [401, 401, 429]


def test_the_applied_filter_is_told(cast: Cast, owner: Program) -> None:
    assert owner.get("/sim", q="status:1")["X-Filter"] == "status:1"
    assert owner.get("/endpoint", q="name:Pümpe\n*")["X-Filter"] == "name:P%C3%BCmpe%0A*"
    assert "X-Filter" not in owner.get("/sim").headers
    assert "X-Filter" in owner.get("/sim")["Access-Control-Expose-Headers"].split(", ")


# --- what is published and not offered ----------------------------------------------------------------------------


def test_published_calls_that_are_not_offered_say_so(cast: Cast, owner: Program) -> None:
    offered = answered()
    left_out = [path for path, _subject in published_api.paths() if path not in offered]
    assert left_out
    for path in left_out:
        answer = owner.client.get(path.replace("{}", "7"), headers={"authorization": f"Bearer {owner.token}"})
        assert "does not offer" in error(answer, 501, 501, "NotImplemented")["message"], path


def test_no_call_that_is_offered_is_taken_for_one_that_is_not() -> None:
    """`/sim/operation` is not offered, and `/sim/7` is: their patterns must not meet."""
    offered = answered()
    left_out = [
        re.compile(path.replace("{}", "[^/]+")) for path, _subject in published_api.paths() if path not in offered
    ]
    met = [path for path in offered for each in left_out if each.fullmatch(path.replace("{}", "7"))]
    assert met == []
