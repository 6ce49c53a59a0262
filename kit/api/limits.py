"""How often may be called (`docs/rules.md` section 20), counted in the cache; 429 with `Retry-After` beyond.

Windows are fixed. Limits keep one caller from crowding out the others and are no bill. By the second and in five
minutes every call counts, also those of the same moment (`kit.api.counters`); an organisation's month is an
estimate from one call in a hundred.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

from django.conf import settings

from kit.api.counters import add
from kit.api.errors import Code, WireError

FIVE_MINUTES: Final = 300
ADDRESS_CALLS: Final = 2_000
SIGN_IN_CALLS: Final = 100
MONTH_CALLS: Final = 10_000_000
MONTH_SAMPLE: Final = 100
"""One call in so many is counted, so many times: exact enough for ten million, and nearly free."""

_SLOW: Final = 10 + 5
_QUICK: Final = 100 + 50
_MIDDLE: Final = 50 + 25
_GROUPS: Final[tuple[tuple[str, re.Pattern[str], int], ...]] = (
    # A second's calls of one organisation: the published rate and its burst.
    ("stats", re.compile(r"/organisation/[^/]+/stats"), _SLOW),
    ("sim-list", re.compile(r"/sim"), _SLOW),
    ("endpoint-list", re.compile(r"/endpoint"), _SLOW),
    ("event-list", re.compile(r"/event"), _SLOW),
    ("sim-stats", re.compile(r"/sim/[^/]+/stats"), _SLOW),
    ("connectivity-info", re.compile(r"/endpoint/[^/]+/connectivity_info"), _SLOW),
    ("endpoint-stats", re.compile(r"/endpoint/[^/]+/stats"), _QUICK),
    ("sim", re.compile(r"/sim/[^/]+"), _QUICK),
    ("service-profile", re.compile(r"/service_profile(?:/[^/]+)?"), _QUICK),
    ("tariff-profile", re.compile(r"/tariff_profile(?:/[^/]+)?"), _QUICK),
    ("endpoint", re.compile(r"/endpoint/[^/]+"), _MIDDLE),
    ("connectivity", re.compile(r"/endpoint/[^/]+/connectivity"), _MIDDLE),
)
_GUESSING: Final = ("/authenticate", "/user/activation", "/user/activation_resend", "/user/password")
"""Paths by which somebody could try passwords and keys, or send mails to others."""
BEFORE_SIGN_IN: Final = 16 * 1024  # bytes
"""What a body may hold of somebody nobody knows yet."""
ONE: Final = 1024 * 1024  # bytes, for one object
MANY: Final = 10 * 1024 * 1024  # bytes, for thousands of them
_LARGE: Final = ("/multi", "/migration/workspace")
"""Paths that take many objects at once; usage has a limit of its own, read by its own view."""
_FEED: Final = frozenset({"/api/v1/usage", "/api/v1/events/ingest"})
"""Where the network delivers; its calls are not counted, wrong keys there are."""
_VERSION: Final = re.compile(r"/api/v[12]")


def check_address(path: str, address: str | None) -> None:
    """Count a call of an address, before anything else is known of it.

    Args:
        path: of the request.
        address: of the client; a call without one is counted with all others that have none.

    Raises:
        WireError: 429.
    """
    factor = settings.API_RATE_LIMIT_FACTOR
    if not factor or path in _FEED:
        # The network delivers what has happened: sent again later it would only be more.
        return
    name = _who(address)
    if path.endswith(_GUESSING):
        _count(f"sign-in:{name}", SIGN_IN_CALLS * factor, FIVE_MINUTES)
    _count(f"address:{name}", ADDRESS_CALLS * factor, FIVE_MINUTES)


def check_guesses(address: str | None, *, wrong: bool = False) -> None:
    """Stop an address that tries one key of the network after the other; right ones are not counted.

    Args:
        address: of the client.
        wrong: whether the key just sent was wrong; without it this only asks.

    Raises:
        WireError: 429, as many sign-ins were tried as an address may.
    """
    factor = settings.API_RATE_LIMIT_FACTOR
    if factor:
        _count(f"feed:{_who(address)}", SIGN_IN_CALLS * factor, FIVE_MINUTES, much=int(wrong))


def largest(path: str) -> int:
    """Return how many bytes a body may have, packed and unpacked; not for the network's feed, which has its own."""
    return BEFORE_SIGN_IN if path.endswith(_GUESSING) else MANY if path.endswith(_LARGE) else ONE


def check_size(path: str, size: int) -> None:
    """Refuse a body that is too large for its path, before it is read: parsing costs a hundred times its size.

    Args:
        path: of the request.
        size: bytes, as `Content-Length` says; a body without one is not read at all.

    Raises:
        WireError: 413.
    """
    if path in _FEED:
        return
    most = largest(path)
    if size > most:
        raise WireError(413, Code.BAD_REQUEST, f"The body is larger than {most // 1024:,} KiB, the most for this call.")


def _who(address: str | None) -> str:
    """Return by what name an address is counted: an IPv6 one by its /64, of which one customer has all addresses."""
    if address is None:
        return "none"
    found = ip_address(address)
    if isinstance(found, IPv4Address) or found.ipv4_mapped is not None:
        return str(found if isinstance(found, IPv4Address) else found.ipv4_mapped)
    return str(ip_network(f"{address}/64", strict=False))


def check_organisation(path: str, organisation_id: int) -> None:
    """Count a call of an organisation. Args: as `check_address`. Raises: WireError, 429."""
    factor = settings.API_RATE_LIMIT_FACTOR
    if not factor:
        return
    below = _VERSION.sub("", path, count=1)
    for name, pattern, limit in _GROUPS:
        if pattern.fullmatch(below):
            _count(f"{name}:{organisation_id}", limit * factor, 1)
            break
    _count_month(organisation_id, MONTH_CALLS * factor)


def _count(name: str, limit: int, seconds: int, much: int = 1) -> None:
    now = time.time()
    window = int(now // seconds)
    if add(name, window, much, seconds * 2) > limit:
        raise too_many(max(1, round((window + 1) * seconds - now)))


def _count_month(organisation_id: int, limit: int) -> None:
    if random.randrange(MONTH_SAMPLE):  # noqa: S311 - a sample, no secret
        return
    now = datetime.now(UTC)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    left = int((following - now).total_seconds()) + 1
    if add(f"month:{organisation_id}", now.year * 12 + now.month, MONTH_SAMPLE, left) > limit:
        raise too_many(left)


def may(name: str, limit: int, seconds: int) -> bool:
    """Count something and tell whether it may still be done; for what is not refused aloud.

    Args:
        name: of what is counted.
        limit: times.
        seconds: the span in which they count.
    """
    factor = settings.API_RATE_LIMIT_FACTOR
    if not factor:
        return True
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
    return add(f"quiet:{digest}", int(time.time() // seconds), 1, seconds * 2) <= limit * factor


def too_many(seconds: int) -> WireError:
    """Return the refusal of a call too many. Args: seconds until calls are taken again."""
    return WireError(
        429,
        Code.TOO_MANY_REQUESTS,
        f"Too many requests. Try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def published() -> Mapping[str, str]:
    """Return the limits as the documentation states them."""
    return {
        "Calls of an address": f"{ADDRESS_CALLS:,} in 5 minutes",
        "Sign-ins and activations of an address": f"{SIGN_IN_CALLS} in 5 minutes",
        "Calls of an organisation": f"{MONTH_CALLS:,} a month",
        "SIM, endpoint and event list, statistics, connectivity_info": "10 a second, burst 5",
        "endpoint/{id}, connectivity": "50 a second, burst 25",
        "sim/{id}, endpoint statistics, service_profile, tariff_profile": "100 a second, burst 50",
    }
