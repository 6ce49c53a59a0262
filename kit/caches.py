"""A cache that may be away: Redis is speed and not correctness, so an error reads as "nothing kept"."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.utils.connection import ConnectionProxy
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

figures = ConnectionProxy(caches, "figures")
"""What was worked out and is kept for a moment: totals, choices, pictures. Whoever asks for many different ones pushes
out others of these, and never a counter of the limits, which are in the default cache."""

PAUSE: Final = 5.0
"""Seconds for which a Redis that did not answer is not asked again: no page waits for it twice."""


class CacheAway(Exception):
    """Redis did not answer; raised by `incr` alone, where guessing would be wrong."""


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, but reads find nothing and writes keep nothing while Redis is away.

    One process notices by itself, pauses for `PAUSE` seconds and tries again; no restart is needed.
    """

    _away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether Redis is being left alone because it did not answer a moment ago."""
        return time.monotonic() < ForgivingRedisCache._away_until

    def _asked(self, ask: Callable[[], Any], otherwise: Any) -> Any:
        if self.away:
            return otherwise
        try:
            return ask()
        except (RedisError, OSError) as error:
            ForgivingRedisCache._away_until = time.monotonic() + PAUSE
            logger.warning("The cache does not answer (%s); it is left alone for %s s.", error, PAUSE)
            return otherwise

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value unless there is one. Returns True while Redis is away.

        Who asks wants to know whether somebody else was first, for example to hold a lock for a moment. Nobody is held
        up by a cache that is away.
        """
        return bool(self._asked(lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version), True))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return what is kept, or the default."""
        return self._asked(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Keep a value."""
        self._asked(lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version), None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Keep a value for longer."""
        return bool(self._asked(lambda: super(ForgivingRedisCache, self).touch(key, timeout, version), False))

    def delete(self, key: Any, version: Any = None) -> bool:
        """Forget a value."""
        return bool(self._asked(lambda: super(ForgivingRedisCache, self).delete(key, version), False))

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        """Return what is kept of several keys."""
        found: dict[Any, Any] = self._asked(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})
        return found

    def has_key(self, key: Any, version: Any = None) -> bool:
        """Tell whether a value is kept."""
        return bool(self._asked(lambda: super(ForgivingRedisCache, self).has_key(key, version), False))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """Add to a number that is kept.

        Raises:
            CacheAway: Redis does not answer; the caller has to count elsewhere.
            ValueError: there is no such number.
        """
        away = object()
        found = self._asked(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), away)
        if found is away:
            raise CacheAway
        return int(found)

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> list[Any]:
        """Keep several values. Returns the keys that were not kept, which is for callers who care: none do."""
        kept: list[Any] = self._asked(
            lambda: super(ForgivingRedisCache, self).set_many(data, timeout, version), list(data)
        )
        return kept

    def delete_many(self, keys: Any, version: Any = None) -> None:
        """Forget several values."""
        self._asked(lambda: super(ForgivingRedisCache, self).delete_many(keys, version), None)
