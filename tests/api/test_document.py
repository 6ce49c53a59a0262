"""The OpenAPI document: the contract's paths, answers and examples for all of them, and nothing hidden."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

from kit.api.document import ErrorAnswer
from portal.api import api
from portal.api_document import operations
from tests.api.conftest import Program
from tests.api.contract import LEFT_OUT, OWN, SERVED, rows
from tests.cast import Cast


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = api.get_openapi_schema()
    return made


def served() -> set[tuple[str, str]]:
    return {(method.upper(), re.sub(r"{[^}]+}", "{}", path)) for path, method, _ in operations(document())}


def shop(paths: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The SIM shop has a table of its own."""
    return {(method, path) for method, path in paths if path.startswith(("/api/v1/shop", "/api/v1/order/"))}


def test_the_contracts_paths_are_served() -> None:
    assert rows(SERVED) - served() == set()
    assert served() - rows(SERVED) - rows(OWN) - shop(served()) == set()
    assert rows(LEFT_OUT) & served() == set()


def test_no_path_hides_another() -> None:
    """Django takes the first pattern that fits: a path in two routers would lose the second's methods."""
    routers = api._get_bound_routers()
    paths = [f"{router.prefix}{path}" for router in routers for path in router.path_operations]
    counted = Counter(re.sub(r"{[^}]+}", "{}", path) for path in paths)
    assert [path for path, count in counted.items() if count > 1] == []
    for place, path in enumerate(paths):
        example = re.sub(r"{[^}]+}", "x", path)
        earlier = [each for each in paths[:place] if re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", each), example)]
        assert earlier == [], path


def test_each_call_documents_its_answers_and_has_examples() -> None:
    for path, method, operation in operations(document()):
        statuses = {int(status) for status in operation["responses"]}
        assert len([status for status in statuses if status < 300]) == 1, (method, path)
        if (method.upper(), path) not in rows(OWN):
            assert {400, 401, 429} <= statuses, (method, path)
        assert operation["summary"], (method, path)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            assert body["example"] not in (None, {}), (method, path)
        for status, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                assert media.get("example") is not None, (method, path, status)


def test_examples_fit_their_schemas() -> None:
    example = document()["paths"]["/api/v1/sim"]["get"]["responses"][400]["content"]["application/json"]["example"]
    ErrorAnswer.model_validate(example)
    sims = document()["paths"]["/api/v1/sim"]["get"]["responses"][200]["content"]["application/json"]["example"]
    assert sims[0]["iccid"] == "8988303000000000001"


def test_it_is_served(cast: Cast) -> None:
    answer = Program().client.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert "/api/v1/sim/{sim_id}" in answer.json()["paths"]
