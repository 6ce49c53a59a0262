"""Redis is speed and not correctness: while it is away every page answers, and counters count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from kit.api.counters import add
from kit.caches import ForgivingRedisCache
from kit.models import CallCounter
from tests.api.conftest import sign_in
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db

NOBODY = "redis://127.0.0.1:1/0"
"""A port on which nothing listens."""


@pytest.fixture(autouse=True)
def _redis_is_away(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = NOBODY
    away = {"BACKEND": "kit.caches.ForgivingRedisCache", "LOCATION": NOBODY}
    settings.CACHES = {"default": away, "figures": away}
    ForgivingRedisCache._away_until = 0.0
    yield
    ForgivingRedisCache._away_until = 0.0


def test_the_cache_keeps_nothing_and_says_so() -> None:
    cache.set("a", 1)
    assert cache.get("a", "default") == "default"
    assert cache.get_many(["a"]) == {}
    assert cache.add("a", 1), "nobody else was first"
    cache.delete("a")
    cache.delete_many(["a"])


@pytest.mark.parametrize("page", ["dashboard", "sims:sim_list", "sims:device_list", "events:list", "orders:order_list"])
def test_every_page_answers(cast: Cast, page: str) -> None:
    assert cast.client(cast.owner).get(reverse(page, args=[cast.acme.pk])).status_code == 200


def test_people_and_programs_sign_in(cast: Cast, settings: Any) -> None:
    settings.API_RATE_LIMIT_FACTOR = 1
    form = {"login": cast.owner.email, "password": PASSWORD}
    assert Client().post(reverse("account_login"), form).status_code == 302
    program = sign_in(cast.owner)
    assert program.get("/event").status_code == 200
    assert program.get("/sim").status_code == 200


def test_calls_are_counted_in_the_database() -> None:
    assert [add("calls", 7, 1, 60) for _ in range(3)] == [1, 2, 3]
    assert add("calls", 8, 2, 60) == 2, "another window begins anew"
    assert CallCounter.objects.get(name="calls").count == 2


def test_the_probe_names_it_and_keeps_the_host() -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["cache"] is False
    assert answer.json()["status"] == "degraded"
