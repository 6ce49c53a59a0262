"""`docs/configuration.md` lists the variables that are read from the environment: all of them and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT, page

_READERS = {"text", "required", "flag", "number", "choice", "items", "zone", "database", "redis"}
_ELSEWHERE = ("portal", "accounts", "sims", "orders", "events", "kit", "bench", "tests")
_NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH", "PYTEST_XDIST_WORKER"}


def listed() -> dict[str, str]:
    """Return the default that the page tells of each variable."""
    rows = [line.strip("|").split("|") for line in page("configuration").splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): cells[1].strip() for cells in rows}


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def settings_read() -> dict[str, ast.Call]:
    """Return the calls of `env` in the settings, by the variable that they read."""
    found = {}
    for call in _calls(ROOT / "portal" / "settings.py"):
        function = call.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "env":
            assert function.attr in _READERS, f"env.{function.attr} is unknown to this test"
            assert isinstance(call.args[0], ast.Constant)
            found[str(call.args[0].value)] = call
    return found


def read_elsewhere() -> set[str]:
    """Return the variables that are read from `os.environ` outside the settings, by a name that stands there."""
    found: set[str] = set()
    for folder in _ELSEWHERE:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r'PASSWORD_VARIABLE(?:: Final)? = "(\w+)"', text))
            if "os.environ" not in text:
                continue
            constants = {
                node.targets[0].id: node.value.value
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value, ast.Constant)
            }
            for call in _calls(path):
                if ast.unparse(call.func) != "os.environ.get" or not call.args:
                    continue
                name = call.args[0]
                value = name.value if isinstance(name, ast.Constant) else constants.get(ast.unparse(name))
                if value is not None:
                    found.add(str(value))
    return found - _NOT_OURS


def test_every_variable_is_listed_once() -> None:
    names = [line.split("`")[1] for line in page("configuration").splitlines() if line.startswith("| `")]
    assert len(names) == len(set(names))
    settings = set(settings_read())
    assert len(settings) > 30
    assert set(names) - settings - read_elsewhere() - {"TEST_DATABASE_URL", "TEST_REDIS_URL"} == set()
    assert (settings | {"OPERATOR_PASSWORD", "BENCH_DATABASE_URL", "FUZZ_EXAMPLES"}) - set(names) == set()
    assert read_elsewhere() - settings - set(names) == set()


def test_the_defaults_are_those_of_the_settings() -> None:
    told = listed()
    compared = 0
    for name, call in settings_read().items():
        assert isinstance(call.func, ast.Attribute)
        defaults = [each.value for each in call.keywords if each.arg == "default"]
        if call.func.attr == "text":
            defaults += call.args[1:2]
        if call.func.attr not in ("text", "choice", "number", "flag"):
            continue
        words = told[name].replace("`", "").replace(",", "").replace(";", "").split()
        for node in (node for default in defaults for node in ast.walk(default)):
            if isinstance(node, ast.Constant) and node.value != "":
                assert str(int(node.value) if isinstance(node.value, bool) else node.value) in words, name
                compared += 1
    assert compared > 15
