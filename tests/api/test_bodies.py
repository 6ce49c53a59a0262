"""Bodies are read as their standards allow, wholly or not at all, alike at every door."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kit.api.parsing import unpacked
from kit.network_feed import network_feed_token
from sims.models import Device, UsageRecord
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.usage.records import in_test, record

Door = Callable[[bytes, str], tuple[int, Any]]


@pytest.fixture(params=["endpoint", "usage"])
def door(request: pytest.FixtureRequest, cast: Cast) -> tuple[Door, bytes, Callable[[], int]]:
    """How a body is sent to a door, one that is right, and how often such were taken."""
    if request.param == "usage":
        token = network_feed_token()
        right = json.dumps(record(in_test(cast)[0], sms=1)).encode()
        path, taken = "/api/v1/usage", UsageRecord.objects.count
    else:
        token = sign_in(cast.owner).token
        service, coverage = cast.policies()
        body = {"name": "Pump", "status": {"id": 1}, "service_profile": {"id": service.pk}}
        right = json.dumps({**body, "tariff_profile": {"id": coverage.pk}}).encode()
        path, taken = "/api/v1/endpoint", Device.objects.count

    def send(body: bytes, coding: str = "") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"} | ({"content-encoding": coding} if coding else {})
        answer = Client(raise_request_exception=False).post(
            path, body, content_type="application/json", headers=headers
        )
        return answer.status_code, answer.json()

    return send, right, taken


@pytest.mark.parametrize(
    ("coding", "written"),
    [
        ("", lambda body: body),
        ("identity", lambda body: body),
        ("", lambda body: codecs.BOM_UTF8 + body),
        ("", lambda body: body.decode().encode("utf-16")),
        ("", lambda body: body.decode().encode("utf-16-be")),
        ("", lambda body: body.decode().encode("utf-32")),
        ("gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("gzip", lambda body: gzip.compress(body) + gzip.compress(b"")),
        ("gzip", lambda body: gzip.compress(codecs.BOM_UTF8 + body)),
        ("", lambda body: b"\n " + body + b"\r\n"),
    ],
)
def test_a_body_is_taken_however_it_is_written(door: Any, coding: str, written: Callable[[bytes], bytes]) -> None:
    send, right, taken = door
    before = taken()
    status, answer = send(written(right), coding)
    assert (status, taken()) == (201 if "id" in answer else 200, before + 1), answer


@pytest.mark.parametrize(
    ("coding", "written", "status"),
    [
        ("gzip", lambda body: body, 400),
        ("gzip", lambda body: gzip.compress(body)[:-1], 400),
        ("gzip", lambda body: gzip.compress(body)[:-9], 400),
        ("gzip", lambda body: gzip.compress(body) + b"rest", 400),
        ("gzip", lambda body: gzip.compress(body) + gzip.compress(body)[:12], 400),
        ("gzip", lambda body: gzip.compress(body)[:-8] + b"12345678", 400),
        ("gzip", lambda body: gzip.compress(body) + gzip.compress(body), 400),
        ("gzip", lambda body: b"", 400),
        ("gzip", lambda body: zlib.compress(body), 400),
        ("gzip", lambda body: gzip.compress(body + b" " * (17 * 2**20)), 413),
        ("br", lambda body: body, 415),
        ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body)), 415),
        ("", lambda body: gzip.compress(body), 400),
        ("", lambda body: body + b"{}", 400),
        ("", lambda body: body[:-1], 400),
        ("", lambda body: body.replace(b'{"', b'{"x": NaN, "', 1), 400),
        ("", lambda body: body.replace(b'{"', b'{"x": Infinity, "', 1), 400),
        ("", lambda body: body.replace(b'{"', b'{"x": "\xff", "', 1), 400),
        ("", lambda body: body.decode().encode("utf-16")[:-1], 400),
    ],
)
def test_what_is_not_whole_is_refused(door: Any, coding: str, written: Callable[[bytes], bytes], status: int) -> None:
    send, right, taken = door
    before = taken()
    found, _answer = send(written(right), coding)
    assert (found, taken()) == (status, before)


def test_empty_members_are_read_in_one_pass() -> None:
    """Of 20 bytes each a body holds half a million; each cost a copy of all that followed."""
    assert unpacked(gzip.compress(b"") * 200_000 + gzip.compress(b"{}"), "gzip", most=2**20) == b"{}"


def test_a_key_twice_is_refused(cast: Cast) -> None:
    device = cast.device(name="Pump")
    answer = sign_in(cast.owner).patch(f"/endpoint/{device.pk}", b'{"name": "One", "name": "Two"}')
    assert (answer.status_code, answer.json()["error_code"]) == (400, 1000)
    assert "“name” stands twice" in answer.json()["message"]
    answer = sign_in(cast.owner).patch(f"/endpoint/{device.pk}", b'{"name": "One", "status": {"id": 1, "id": 0}}')
    assert answer.status_code == 400
    assert Device.objects.get(pk=device.pk).name == "Pump"


def test_of_usage_only_the_record_with_a_key_twice_is_refused(cast: Cast) -> None:
    (sim,) = in_test(cast)
    good = json.dumps(record(sim, sms=1))
    bad = json.dumps(record(sim, sms=1)).replace('"total": 1', '"total": 1, "total": 2')
    token = network_feed_token()
    answer = (
        Client()
        .post(
            "/api/v1/usage",
            f"[{good}, {bad}]".encode(),
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )
        .json()
    )
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (1, [1])
    assert "A key stands twice" in answer["rejected"][0]["error"]
