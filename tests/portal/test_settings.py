"""The settings as a new process reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GOOD = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "a-long-random-value-" + "0123456789abcdefXYZ" * 3,
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgres://portal@db.example/portal",
    "REDIS_URL": "redis://redis.example/0",
    "TRUSTED_PROXY_COUNT": "1",
}
NAMES = [
    "ARGON2_MEMORY_COST",
    "AUTH_TOKEN_MINUTES",
    "CELERY_BROKER_URL",
    "CSRF_COOKIE_SECURE",
    "DEBUG",
    "INVITATION_DAYS",
    "LOG_FORMAT",
    "MFA_TOKEN_MINUTES",
    "PORTAL_PORT",
    "REFRESH_TOKEN_MINUTES",
    "SECURE_HSTS_SECONDS",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SQLITE",
]


def python(*arguments: str, var: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PORTAL_VAR": str(var)} | variables
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def settings(var: Path, **variables: str) -> dict[str, Any]:
    code = f"import json, portal.settings as s; print(json.dumps({{n: getattr(s, n, None) for n in {NAMES!r}}}))"
    done = python("-c", code, var=var, **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_embedded_needs_no_variable(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found["SQLITE"] is True
    assert found["DEBUG"] is False
    assert found["PORTAL_PORT"] == 8000
    assert found["CELERY_BROKER_URL"].startswith("filesystem://")
    assert found["LOG_FORMAT"] == "console"


def test_production(tmp_path: Path) -> None:
    found = settings(tmp_path, **GOOD, DEBUG="1")
    assert found["DEBUG"] is False, "never in production, whatever somebody left in the environment"
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["LOG_FORMAT"] == "json"
    assert not (tmp_path / "secret_key").exists()


def test_lifetimes_and_costs_come_from_the_environment(tmp_path: Path) -> None:
    names = ("AUTH_TOKEN_MINUTES", "REFRESH_TOKEN_MINUTES", "MFA_TOKEN_MINUTES", "INVITATION_DAYS")
    found = settings(tmp_path)
    assert [found[name] for name in names] == [240, 7 * 24 * 60, 5, 7]
    assert found["ARGON2_MEMORY_COST"] == 102_400
    found = settings(tmp_path, **dict.fromkeys(names, "30"), ARGON2_MEMORY_COST="65536")
    assert [found[name] for name in names] == [30] * 4
    assert found["ARGON2_MEMORY_COST"] == 65_536


def test_no_code_guesses_a_setting() -> None:
    """A setting that is misspelt has to fail, so none is read with a default beside the reading."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for app in ("accounts", "events", "kit", "orders", "portal", "sims")
        for path in sorted((ROOT / app).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "getattr(settings," in line
    ]
    assert not found, f"Declare these in portal/settings.py and read `settings.X`: {found}"


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without(name: str, tmp_path: Path) -> None:
    done = python("-c", "import portal.settings", var=tmp_path, **{key: GOOD[key] for key in GOOD if key != name})
    assert done.returncode != 0
    assert f"EnvError: {name}: not set" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DEBUG", "maybe"),
        ("PORTAL_ENV", "staging"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "oracle://x"),
        ("REDIS_URL", "localhost"),
        ("PORTAL_WORKERS", "0"),
        ("AUTH_TOKEN_MINUTES", "0"),
        ("ARGON2_MEMORY_COST", "1024"),
    ],
)
def test_an_odd_value_stops_the_start(name: str, value: str, tmp_path: Path) -> None:
    done = python("-c", "import portal.settings", var=tmp_path, **{name: value})
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1].startswith(f"kit.env.EnvError: {name}: ")


def test_the_deployment_check_is_clean(tmp_path: Path) -> None:
    done = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", var=tmp_path, **GOOD)
    assert done.returncode == 0, done.stderr


def test_the_deployment_check_speaks_up(tmp_path: Path) -> None:
    poor = {
        key: value for key, value in GOOD.items() if key not in {"DATABASE_URL", "REDIS_URL", "TRUSTED_PROXY_COUNT"}
    }
    done = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", var=tmp_path, **poor)
    assert done.returncode != 0
    for identifier in ("portal.W001", "portal.W002", "portal.W003"):
        assert identifier in done.stderr
