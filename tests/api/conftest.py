"""Programs that call the API: with a user's token, with an application token, and with a browser's cookie."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.actors import actor_of
from accounts.models import ApplicationToken, User, Workspace
from accounts.sign_in.hashers import sha1_hex
from accounts.tokens.services import create_application_token
from kit.context import acting_as
from tests.cast import PASSWORD, Cast


@dataclass
class Program:
    """A client of the API.

    Args:
        token: its auth token, "" for none.
    """

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, *, version: int = 1, **query: Any) -> Any:
        """Send a request below /api/v1, or another version; a body is sent as JSON, bytes as they are."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method,
            f"/api/v{version}{path}",
            data,
            content_type="application/json",
            headers=headers,
            query_params=query or None,
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any = None) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)


def sign_in(user: User) -> Program:
    """Return a program that has signed in as a user."""
    program = Program()
    answer = program.post("/authenticate", {"username": user.email, "password": sha1_hex(PASSWORD)})
    assert answer.status_code == 200, answer.content
    program.token = answer.json()["auth_token"]
    return program


def make_token(cast: Cast, workspace: Workspace, *, by: User, **values: Any) -> tuple[ApplicationToken, str]:
    """Make an application token through its service."""
    with acting_as(actor_of(by)):
        made = create_application_token(workspace_id=workspace.pk, **values)
    return made.token, made.value


def exchange(value: str) -> Program:
    """Return a program that has exchanged its application token."""
    program = Program()
    answer = program.post("/authenticate", {"application_token": value})
    assert answer.status_code == 200, answer.content
    program.token = answer.json()["auth_token"]
    return program


@pytest.fixture
def owner(cast: Cast) -> Program:
    """Acme's owner by user token."""
    return sign_in(cast.owner)


@pytest.fixture
def observer(cast: Cast) -> Program:
    """Acme's observer by user token."""
    return sign_in(cast.observer)


@pytest.fixture
def outsider(cast: Cast) -> Program:
    """Umbra's administrator, a stranger to Acme, by user token."""
    return sign_in(cast.outsider)


@pytest.fixture
def erp(cast: Cast) -> Program:
    """A program with an application token of Acme."""
    _token, value = make_token(cast, cast.acme, by=cast.owner, description="ERP")
    return exchange(value)


def error(answer: Any, status: int, code: int, token: str) -> dict[str, Any]:
    """Check an error object and return it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert (body["error_code"], body["error_token"]) == (code, token), body
    assert isinstance(body["message"], str)
    assert body["message"]
    return body


@pytest.fixture(autouse=True)
def _api_alone(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Serve the API only, unless a test asks for the pages too."""
    if "whole_portal" not in request.fixturenames:
        settings.ROOT_URLCONF = "tests.api.urls"


@pytest.fixture
def whole_portal() -> None:
    """Serve the pages too."""
