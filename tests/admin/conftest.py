"""Staff at the door of the admin site: one with every right, one with none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.cast import PASSWORD, Cast


@pytest.fixture
def staff(cast: Cast) -> Client:
    """Return the browser of a superuser, who has been here before: a session's first page costs more."""
    client = cast.client(cast.staff)
    client.get("/admin/")
    return client


@pytest.fixture
def clerk(cast: Cast) -> User:
    """Return somebody on the staff without any right yet."""
    return User.objects.create_user("clara@example.com", PASSWORD, name="Clara Clerk", is_staff=True)


@pytest.fixture
def granted(clerk: User) -> Callable[..., Client]:
    """Return a function that gives the clerk rights ("sims.view_sim") and returns their browser."""

    def give(*names: str) -> Client:
        for name in names:
            app, codename = name.split(".")
            clerk.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client()
        client.force_login(clerk)
        return client

    return give


@pytest.fixture
def queries() -> Callable[[Callable[[], Any]], list[str]]:
    """Return a function that calls another one and returns the SQL it ran."""

    def run(work: Callable[[], Any]) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = work()
        assert response.status_code == 200
        return [query["sql"] for query in captured]

    return run


def messages_of(response: Any) -> list[str]:
    """Return what a page that was redirected to says."""
    return [str(message) for message in response.context["messages"]]


def text_of(response: Any) -> str:
    """Return the words of a page, one space between them."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
