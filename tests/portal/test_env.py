from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from kit.env import Env, EnvError, kept_secret, private_folder


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_flag_true(value: str) -> None:
    assert Env({"X": value}).flag("X") is True


@pytest.mark.parametrize("value", ["0", "False", "no", "OFF"])
def test_flag_false(value: str) -> None:
    assert Env({"X": value}).flag("X", default=True) is False


def test_a_blank_value_counts_as_not_set() -> None:
    env = Env({"X": "  "})
    assert env.flag("X", default=True) is True
    assert env.number("X", default=7, minimum=1, maximum=9) == 7
    assert env.text("X", "fallback") == "fallback"
    assert env.items("X", default=("a",)) == ["a"]
    assert env.redis("X") is None
    with pytest.raises(EnvError, match=r"^X: not set; because"):
        env.required("X", "because")


@pytest.mark.parametrize("value", ["eight", "8.5", "0", "10", "-1", "٣", "1_0", "--1"])
def test_an_odd_number_names_its_variable(value: str) -> None:
    with pytest.raises(EnvError, match=r"^WORKERS: must be a whole number from 1 to 9"):
        Env({"WORKERS": value}).number("WORKERS", default=1, minimum=1, maximum=9)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("flag", "maybe"),
        ("database", "mysql://root@h/x"),
        ("database", "postgres://h:port/x"),
        ("database", "postgres://h"),
        ("redis", "localhost:6379"),
        ("zone", "Middle/Earth"),
        ("zone", "../etc/passwd"),
    ],
)
def test_an_odd_value_is_refused_and_not_repeated(reader: str, value: str) -> None:
    defaults: dict[str, dict[str, Any]] = {"database": {"default": Path("x")}, "zone": {"default": "UTC"}}
    arguments = defaults.get(reader, {})
    with pytest.raises(EnvError) as caught:
        getattr(Env({"X": value}), reader)("X", **arguments)
    assert caught.value.name == "X"
    assert value not in str(caught.value), "it may hold a password"


def test_choice() -> None:
    assert Env({"X": "Production"}).choice("X", ("embedded", "production"), default="embedded") == "production"
    with pytest.raises(EnvError, match="one of embedded, production"):
        Env({"X": "staging"}).choice("X", ("embedded", "production"), default="embedded")


def test_items() -> None:
    assert Env({"X": " a.example, ,b.example,"}).items("X") == ["a.example", "b.example"]


def test_database_addresses(tmp_path: Path) -> None:
    default = tmp_path / "portal.sqlite3"
    assert Env({}).database("X", default=default)["NAME"] == default
    found = Env({"X": "postgres://me:s%40fe@db.example:5433/portal?sslmode=require"}).database("X", default=default)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("me", "s@fe", "db.example", 5433)
    assert found["OPTIONS"] == {"sslmode": "require"}
    assert Env({"X": "sqlite:////data/x.sqlite3"}).database("X", default=default)["NAME"] == "/data/x.sqlite3"


def test_a_secret_is_made_once_and_is_for_this_user_only(tmp_path: Path) -> None:
    path = private_folder(tmp_path / "var") / "secret_key"
    first = kept_secret(path)
    assert len(first) == 64
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["secret_key"]


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert stat.S_IMODE(private_folder(folder).stat().st_mode) == 0o700
