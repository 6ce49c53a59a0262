"""`make test`: every test on PostgreSQL and Redis, and on SQLite those that SQLite can break.

Where neither server answers, every test is run on SQLite. What is left out is named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import redis

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/portal")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
TIMEOUT = 3  # seconds


def postgresql_problem() -> str | None:
    """Why PostgreSQL can't be used, or None.

    The tests make a database of their own, so this asks the one named postgres, which every server has.
    """
    try:
        with psycopg.connect(
            urlsplit(POSTGRESQL)._replace(path="/postgres").geturl(), connect_timeout=TIMEOUT
        ) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    return None if row and row[0] else "this role may not create databases"


def redis_problem() -> str | None:
    """Why Redis can't be used, or None."""
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT).ping()
    except redis.RedisError as error:
        return str(error)
    return None


def run(name: str, arguments: list[str], **variables: str) -> int:
    """One run of pytest; returns its exit status (5, nothing selected, counts as passed)."""
    print(f"== {name}", flush=True)
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("DATABASE_URL", "REDIS_URL"))}
    status = subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment | variables).returncode
    return 0 if status == 5 else status


def servers() -> tuple[dict[str, str], list[str]]:
    """Ask PostgreSQL and Redis.

    Returns:
        The variables that lead the tests to those that answer, and a line about each that does not.
    """
    variables, left_out = {}, []
    if problem := postgresql_problem():
        left_out.append(f"PostgreSQL ({urlsplit(POSTGRESQL).hostname}): {problem}")
    else:
        variables["TEST_DATABASE_URL"] = POSTGRESQL
    if problem := redis_problem():
        left_out.append(f"Redis ({urlsplit(REDIS).hostname}): {problem}")
    else:
        variables["TEST_REDIS_URL"] = REDIS
    return variables, left_out


def main() -> int:
    """Run all that can be run, say what was left out, and return 1 if anything failed."""
    parser = argparse.ArgumentParser(description="Run the tests on the databases that answer.", allow_abbrev=False)
    parser.add_argument("--all", action="store_true", help="every test on each database")
    parser.add_argument("--only", choices=("first", "second"), help="only the full run, or only the second one")
    options, rest = parser.parse_known_args()
    # A file stays together, so what it prepares for all of its tests is prepared once; long files come as they stand.
    arguments = ["-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *rest]
    variables, left_out = servers()
    for line in left_out:
        print(f"== left out: {line}", flush=True)
    first = "PostgreSQL" if "TEST_DATABASE_URL" in variables else "SQLite"
    first += " and Redis" if "TEST_REDIS_URL" in variables else ", without Redis"
    failed = []
    if options.only != "second":
        failed.append(run(f"{first}: every test", arguments, **variables))
    if variables and options.only != "first":
        if options.all:
            failed.append(run("SQLite, without Redis: every test", arguments))
        else:
            failed.append(run("SQLite, without Redis: what it can break", [*arguments, "--second-database"]))
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
