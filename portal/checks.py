"""System checks of the installation, run by `manage.py check --deploy`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own name)

SHORTEST_FEED_TOKEN: Final = 32
_ONE_PROCESS_CACHES = frozenset(
    {"django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"}
)


@register(Tags.caches, deploy=True)
def check_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The cache counts failed sign-ins, so every process has to see the same one."""
    if settings.CACHES["default"]["BACKEND"] in _ONE_PROCESS_CACHES:
        return [Error("The cache is one process's own.", hint="Set REDIS_URL, or leave it out.", id="portal.E001")]
    return []


@register(Tags.security, deploy=True)
def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of settings with which a production would run, but not safely."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.SQLITE:
        found.append(
            Warning("The database is SQLite: one writer at a time.", hint="Set DATABASE_URL.", id="portal.W001")
        )
    if not settings.REDIS_URL:
        found.append(
            Warning(
                "The broker is a folder: a task that runs when its worker is killed waits for the next sweep.",
                hint="Set REDIS_URL.",
                id="portal.W002",
            )
        )
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXY_COUNT:
        found.append(
            Warning(
                "Plain HTTP is redirected and no proxy is trusted to have ended TLS: every page would redirect.",
                hint="Set TRUSTED_PROXY_COUNT to the number of your proxies.",
                id="portal.W003",
            )
        )
    if 0 < len(settings.NETWORK_FEED_TOKEN) < SHORTEST_FEED_TOKEN:
        found.append(
            Error(
                f"NETWORK_FEED_TOKEN has under {SHORTEST_FEED_TOKEN} characters: whoever guesses it delivers usage.",
                hint="Make one of random characters: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
                id="portal.E003",
            )
        )
    return found
