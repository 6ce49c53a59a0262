"""Reading the process environment: an odd value stops the start and names the variable.

Only the settings module uses this. Every reader takes the name of the variable, so that the message can say which
one to mend; none of them ever prints a value, because a value may be a secret.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from kit.files import write_whole

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_DATABASE_SCHEMES = frozenset({"sqlite", "postgres", "postgresql"})
_REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


class EnvError(ImproperlyConfigured):
    """A variable is missing or holds a value that can't be used; `name` says which."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name}: {problem}")


class Env:
    """A typed view of the environment. A variable set to nothing but blanks counts as not set."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source

    def _get(self, name: str) -> str | None:
        value = self._source.get(name, "").strip()
        return value or None

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands."""
        value = self._get(name)
        return default if value is None else value

    def required(self, name: str, why: str) -> str:
        """The value, which must be there; `why` ends the message. Raises EnvError."""
        value = self._get(name)
        if value is None:
            raise EnvError(name, f"not set; {why}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a flag: 1/true/yes/on or 0/false/no/off, in any case. Raises EnvError for anything else."""
        value = self._get(name)
        if value is None:
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise EnvError(name, "must be 1, true, yes, on or 0, false, no, off")

    def number(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        """A whole number between `minimum` and `maximum`, both included. Raises EnvError."""
        value = self._get(name)
        if value is None:
            return default
        problem = f"must be a whole number from {minimum} to {maximum}"
        if not (value.isascii() and value.removeprefix("-").isdigit()):
            raise EnvError(name, problem)
        number = int(value)
        if not minimum <= number <= maximum:
            raise EnvError(name, problem)
        return number

    def choice(self, name: str, choices: Collection[str], *, default: str) -> str:
        """Return which of `choices` the variable names, in any case. Raises EnvError."""
        value = self._get(name)
        if value is None:
            return default
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        raise EnvError(name, f"must be one of {', '.join(choices)}")

    def zone(self, name: str, *, default: str) -> str:
        """The name of a time zone, as the IANA database has it. Raises EnvError."""
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError) as error:
            raise EnvError(name, "must be the name of a time zone, for example Europe/Berlin") from error
        return value

    def items(self, name: str, *, default: Collection[str] = ()) -> list[str]:
        """A list separated by commas; blanks around the items are dropped."""
        value = self._get(name)
        if value is None:
            return list(default)
        return [item.strip() for item in value.split(",") if item.strip()]

    def database(self, name: str, *, default: Path) -> dict[str, Any]:
        """A Django DATABASES entry from a sqlite:// or postgres:// address; without one, SQLite at `default`.

        Raises EnvError for another scheme, or an address that can't be read.
        """
        value = self._get(name)
        if value is None:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": default}
        if urlsplit(value).scheme not in _DATABASE_SCHEMES:
            raise EnvError(name, "must start with postgres:// or sqlite:///")
        try:
            config = dict(dj_database_url.parse(value))
        except (ValueError, KeyError) as error:
            raise EnvError(name, "can't be read as a database address") from error
        if not config.get("NAME"):
            raise EnvError(name, "names no database")
        return config

    def redis(self, name: str) -> str | None:
        """The address of a Redis server, or None when there is none. Raises EnvError for another scheme."""
        value = self._get(name)
        if value is not None and urlsplit(value).scheme not in _REDIS_SCHEMES:
            raise EnvError(name, "must start with redis://, rediss:// or unix://")
        return value


def private_folder(path: Path) -> Path:
    """Create `path` (and its parents) for this user only, mode 0700, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o700)
    return path


def kept_secret(path: Path) -> str:
    """The secret in the file `path`; made at the first call (64 characters, mode 0600) and kept from then on.

    Two processes that start at once agree on one secret: the one that was written first.
    """
    if not path.exists():
        write_whole(path, secrets.token_urlsafe(48).encode("ascii"), mode=0o600, replace=False)
    return path.read_text(encoding="ascii").strip()
