"""Databases of the benchmarks: made when missing, kept between runs, one for each size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend
from psycopg import sql

from bench.load import load

POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def answers(url: str = POSTGRESQL) -> bool:
    """Return whether PostgreSQL can be used."""
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _with_name(name: str) -> str:
    parts = urlsplit(POSTGRESQL)
    return urlunsplit(parts._replace(path="/" + name))


def postgresql_settings(name: str) -> dict[str, Any]:
    """Return Django's settings for one database on the benchmark's server."""
    parts = urlsplit(_with_name(name))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def sqlite_settings(name: str) -> dict[str, Any]:
    """Return Django's settings for one SQLite file among the benchmark's."""
    folder = Path(settings.VAR_DIR) / "bench"
    folder.mkdir(exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / f"{name}.sqlite3"),
        "OPTIONS": settings.SQLITE_OPTIONS,
    }


@contextmanager
def using(values: dict[str, Any]) -> Iterator[None]:
    """Make a database the default one for a while; its connection is kept for the next time."""
    before = connections["default"]
    connections["default"] = _connection(values)
    try:
        yield
    finally:
        connections["default"] = before


_open: dict[str, Any] = {}


def _connection(values: dict[str, Any]) -> Any:
    name = values["NAME"]
    if name not in _open:
        complete = {**connections.databases["default"], "OPTIONS": {}, "CONN_MAX_AGE": None, **values}
        complete["TEST"] = {}
        _open[name] = load_backend(complete["ENGINE"]).DatabaseWrapper(complete, "default")
    return _open[name]


def prepared(vendor: str, events: int, sims: int) -> dict[str, Any]:
    """Return the settings of a filled database of this size; makes and fills it when it is not there.

    Args:
        vendor: "postgresql" or "sqlite".
        events, sims: how many rows.
    """
    name = f"portal_bench_{events}"
    values = postgresql_settings(name) if vendor == "postgresql" else sqlite_settings(name)
    if vendor == "postgresql":
        with psycopg.connect(POSTGRESQL, autocommit=True) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with using(values):
        call_command("migrate", verbosity=0, interactive=False)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM accounts_user)")
            filled = bool(cursor.fetchone()[0])
        if not filled:
            print(f"Filling {vendor} with {events:,} events", flush=True)
            load(events=events, sims=sims)
    return values
