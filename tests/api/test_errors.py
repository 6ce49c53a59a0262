"""Every refusal is the error object: `docs/api.md` section 0, "Errors"."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.signals import got_request_exception

from sims.devices.api import endpoints
from sims.inventory.api import sims
from tests.api.conftest import Program, error
from tests.cast import Cast


@pytest.mark.parametrize("path", ["/", "/nothing", "/sim/1/nothing", "//sim", "/event/x/y", "/../admin", "/%00"])
def test_unknown_paths(cast: Cast, owner: Program, path: str) -> None:
    error(owner.get(path), 404, 1201, "NotFound")
    error(Program().get(path), 404, 1201, "NotFound")


def test_the_root_and_other_versions(cast: Cast, owner: Program) -> None:
    for path in ("/api/", "/api/v3/sim", "/api/v1"):
        error(owner.client.get(path), 404, 1201, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/sim", {"GET", "HEAD"}),
        ("PUT", "/sim/1", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("GET", "/authenticate", {"POST"}),
        ("POST", "/event", {"GET", "HEAD"}),
        ("DELETE", "/event", {"GET", "HEAD"}),
        ("TRACE", "/event", {"GET", "HEAD"}),
        ("PUT", "/endpoint/1/connectivity", {"GET", "HEAD", "PATCH"}),
    ],
)
def test_wrong_methods(cast: Cast, owner: Program, method: str, path: str, allowed: set[str]) -> None:
    answer = owner.call(method, path)
    error(answer, 405, 405, "MethodNotAllowed")
    assert set(answer["Allow"].split(", ")) == allowed | {"OPTIONS"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1", b"null", b"[" * 5000, b'{"a": NaN}', b"5", b'"x"'])
def test_bodies_that_are_no_object(cast: Cast, owner: Program, body: bytes) -> None:
    (sim,) = cast.sims(1)
    for answer in (owner.call("PATCH", f"/sim/{sim.pk}", body), owner.call("POST", "/endpoint", body)):
        error(answer, 400, 1000, "BadRequest")


def test_a_body_that_is_too_large(cast: Cast, owner: Program) -> None:
    body = error(owner.call("POST", "/endpoint", b" " * (1024 * 1024 + 1)), 413, 1000, "BadRequest")
    assert body["message"] == "The body is larger than 1,024 KiB, the most for this call."
    before = Program().call("POST", "/authenticate", b" " * (16 * 1024 + 1))
    assert before.status_code == 413


def test_a_defect_of_ours(cast: Cast, owner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret words")

    told: list[Any] = []

    def listen(**arguments: Any) -> None:
        told.append(arguments["request"].path)

    got_request_exception.connect(listen)
    monkeypatch.setattr(sims, "change_sim_status", broken)
    try:
        answer = owner.patch("/sim/1", {"status": {"id": 1}})
    finally:
        got_request_exception.disconnect(listen)
    error(answer, 500, 500, "InternalServerError")
    assert b"secret" not in answer.content
    assert told == ["/api/v1/sim/1"]
    assert uuid.UUID(answer["X-Request-ID"]).version == 4


def test_every_answer_has_a_request_id(cast: Cast, owner: Program) -> None:
    for answer in (owner.get("/sim"), owner.get("/nothing"), Program().get("/sim"), owner.patch("/sim/1", {})):
        assert uuid.UUID(answer["X-Request-ID"]).version == 4


def test_answers_are_english_and_compressed_on_request(cast: Cast, owner: Program) -> None:
    cast.sims(20)
    answer = owner.client.get(
        "/api/v1/sim",
        headers={"authorization": f"Bearer {owner.token}", "accept-encoding": "gzip", "accept-language": "de"},
    )
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < 2000


def test_nothing_here_needs_a_csrf_token(cast: Cast, owner: Program) -> None:
    owner.client.handler.enforce_csrf_checks = True
    assert owner.post("/endpoint", {}).status_code == 422
    assert owner.client.post("/api/v1/authenticate", b"{", content_type="application/json").status_code == 400


def test_the_openapi_document(cast: Cast, owner: Program) -> None:
    document = owner.client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = {(method.upper(), path) for path, found in document["paths"].items() for method in found}
    assert {
        ("POST", "/api/v1/authenticate"),
        ("GET", "/api/v1/event"),
        ("GET", "/api/v1/sim/{sim_id}/event"),
        ("PATCH", "/api/v1/sim_batch/bic/{bic}"),
        ("PATCH", "/api/v1/endpoint/{endpoint_id}/connectivity"),
    } <= paths
    assert len(paths) > 100
    secured = {(method, path) for method, path in paths if "security" in document["paths"][path][method.lower()]}
    # The network feed has a key of its own, and whoever activates an account has none yet.
    assert paths - secured == {
        ("POST", "/api/v1/authenticate"),
        ("POST", "/api/v1/usage"),
        ("POST", "/api/v1/events/ingest"),
        ("POST", "/api/v1/user/activation"),
        ("POST", "/api/v1/user/activation_resend"),
        ("POST", "/api/v2/user/activation"),
    }


def test_endpoints_and_sims_are_named_in_errors() -> None:
    assert (endpoints.KIND, sims.KIND) == ("Endpoint", "SIM")
