"""`POST /api/v1/usage`: what emnify's Data Streamer posts."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from kit.network_feed import network_feed_token
from portal.checks import check_production
from sims.models import UsageRecord
from tests.cast import Cast
from tests.log import types
from tests.usage.records import in_test, record

URL = "/api/v1/usage"


def post(body: Any, *, token: str | None = None, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    wanted = network_feed_token() if token is None else token
    return Client().post(
        URL, data, content_type="application/json", headers={"Authorization": f"Bearer {wanted}", **headers}
    )


def test_one_record_or_an_array(cast: Cast) -> None:
    (sim,) = in_test(cast)
    one = record(sim, sms=1)
    answer = post(one)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicates": 0, "rejected": []})
    answer = post([one, record(sim, sms=2), {"id": 7}])
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["duplicates"]) == (200, 1, 1)
    assert [(each["index"], each["id"]) for each in body["rejected"]] == [(2, 7)]
    assert len(types()) == 1


def test_volumes_are_read_from_the_text(cast: Cast) -> None:
    (sim,) = in_test(cast)
    body = json.dumps(record(sim, sms=1)).replace('"traffic_type": {"id": 6}', '"traffic_type": {"id": 5}')
    body = body.replace('"total": 1,', '"total": 0.1000014999999999999999999,')
    assert post(body.encode()).json()["accepted"] == 1
    assert UsageRecord.objects.get().total == 100_001


def test_gzip(cast: Cast) -> None:
    (sim,) = in_test(cast)
    packed = gzip.compress(json.dumps([record(sim, sms=1)]).encode())
    assert post(packed, **{"Content-Encoding": "gzip"}).json()["accepted"] == 1
    assert post(packed[:-9], **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400


def test_a_compressed_body_is_read_whole_or_not_at_all(cast: Cast) -> None:
    (sim,) = in_test(cast)
    whole = json.dumps([record(sim, sms=1), record(sim, sms=1)]).encode()
    members = gzip.compress(whole[:40]) + gzip.compress(whole[40:])
    assert post(members + b"{}", **{"Content-Encoding": "gzip"}).status_code == 400, "something follows"
    assert post(members[:-1], **{"Content-Encoding": "gzip"}).status_code == 400, "the second member is cut off"
    wrong = bytearray(members)
    wrong[-6] ^= 1
    assert post(bytes(wrong), **{"Content-Encoding": "gzip"}).status_code == 400, "its checksum is wrong"
    assert post(members, **{"Content-Encoding": "deflate"}).status_code == 415
    assert post(members, **{"Content-Encoding": "X-Gzip"}).json()["accepted"] == 2


@pytest.mark.parametrize("token", ["", "wrong", "portal_feed_"])
def test_other_tokens_open_nothing(db: None, token: str) -> None:
    answer = post([], token=token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_customers_token_does_not_open_it_and_its_own_opens_nothing_else(cast: Cast) -> None:
    assert cast.client(cast.owner).post(URL, b"[]", content_type="application/json").status_code == 401
    answer = Client().get("/api/v1/sim", headers={"Authorization": f"Bearer {network_feed_token()}"})
    assert answer.status_code == 401


def test_a_production_portal_without_token_takes_nothing_in(db: None, settings: Any) -> None:
    settings.PRODUCTION = True
    assert post([], token="").status_code == 401
    settings.NETWORK_FEED_TOKEN = "a-token-of-the-operator"
    assert post([], token="a-token-of-the-operator").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b'{"id": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(db: None, body: bytes) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, 1000)


@pytest.mark.parametrize("body", [b"5", b"null", b'"x"', b"[[]]"])
def test_json_that_is_no_record_is_answered(db: None, body: bytes) -> None:
    answer = post(body)
    assert answer.status_code == 200
    assert answer.json()["rejected"][0]["index"] == 0


def test_an_empty_array_is_fine(db: None) -> None:
    assert post([]).json() == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_a_body_above_the_limit_of_other_bodies(cast: Cast) -> None:
    (sim,) = in_test(cast)
    padded = record(sim, sms=1, note="x" * 11_000_000)
    assert post(padded).json()["accepted"] == 1


def test_a_body_that_would_take_too_much_memory(db: None) -> None:
    """Small when packed, and small as text; each pair of braces takes a hundred times its size."""
    empty = b"[" + b"{}," * 1_000_000 + b"{}]"
    assert post(gzip.compress(empty), **{"Content-Encoding": "gzip"}).status_code == 413
    long = b'{"note": "' + b"x" * (16 * 2**20) + b'"}'
    assert post(gzip.compress(long), **{"Content-Encoding": "gzip"}).status_code == 413


def test_guesses_at_the_key_are_counted_and_deliveries_are_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.API_RATE_LIMIT_FACTOR = 1
    monkeypatch.setattr("kit.api.limits.SIGN_IN_CALLS", 3)
    monkeypatch.setattr("kit.api.limits.ADDRESS_CALLS", 8)
    for _each in range(12):
        assert post([]).status_code == 200
    answers = [post([], token=f"guess {n}").status_code for n in range(6)]
    assert answers == [401, 401, 401, 429, 429, 429]
    # The right one is not looked at any more, or it could still be found.
    assert post([]).status_code == 429


def test_other_paths_that_end_like_the_feed_are_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.API_RATE_LIMIT_FACTOR = 1
    monkeypatch.setattr("kit.api.limits.ADDRESS_CALLS", 3)
    answers = [Client().get("/api/v1/nothing/usage").status_code for _each in range(5)]
    assert answers[:3] == [404, 404, 404]
    assert answers[3:] == [429, 429]


@pytest.mark.parametrize(("token", "found"), [("", []), ("x" * 31, ["portal.E003"]), ("x" * 32, [])])
def test_a_key_that_can_be_guessed_is_no_key_for_production(settings: Any, token: str, found: list[str]) -> None:
    settings.PRODUCTION, settings.SQLITE = True, False
    settings.SECURE_SSL_REDIRECT = False
    settings.NETWORK_FEED_TOKEN = token
    assert [message.id for message in check_production(None) if message.id == "portal.E003"] == found
