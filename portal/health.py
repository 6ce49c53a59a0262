"""Probes for load balancers and the supervisor. They need no sign-in and tell yes or no, and the version."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.guard_checks import guards_are_good
from events.replay.selectors import tables_agree
from events.seals.selectors import seals_are_good
from portal.version import version

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all; it asks nobody else, so a slow database restarts no web process."""
    return JsonResponse({"status": "ok", "version": version()})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database takes writes, else 503; the answer names what does not work.

    The cache is speed and not correctness: without it every page answers, slower, so the host stays in rotation. So it
    does when the log is not what was sealed, its guards do not stand as they should, or the tables do not hold what it
    says: that needs people who look at it, and taking the portal away would help whoever did it.
    """
    checks = {"database": _answers("database", _ask_database), "cache": cache_answers()}
    ready = checks["database"]
    checks["seals"] = ready and seals_are_good()
    checks["guards"] = ready and guards_are_good()
    checks["replay"] = ready and tables_agree()
    status = "unavailable" if not ready else "ok" if all(checks.values()) else "degraded"
    return JsonResponse({"status": status, "checks": checks}, status=200 if ready else 503)


def cache_answers() -> bool:
    """Tell whether the cache keeps what it is told."""
    return _answers("cache", _ask_cache)


def _answers(name: str, ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Exception:  # whatever a driver raises means the same here
        logger.exception("readiness: %s does not answer", name)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A standby answers every question and takes no write.
            cursor.execute("SELECT current_setting('transaction_read_only')")
            if cursor.fetchone() != ("off",):
                message = "the database is read-only"
                raise RuntimeError(message)
        else:
            cursor.execute("SELECT 1")
            cursor.fetchone()


def _ask_cache() -> None:
    cache.set("readyz", "1", timeout=10)
    if cache.get("readyz") != "1":
        message = "the cache forgot what it was told"
        raise RuntimeError(message)
