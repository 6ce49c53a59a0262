"""The version stands in `pyproject.toml` and is shown wherever somebody asks which version runs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import django
import pytest
from django.test import Client
from django.urls import reverse

from portal.version import version
from tests.cast import Cast

ROOT = Path(__file__).parents[2]


def test_it_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version() == project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version())


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_the_command_line_prints_it(argument: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", argument], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"portal {version()}, Django {django.get_version()}\n"


def test_the_changelog_begins_with_it() -> None:
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert next(head for head in heads if head != "Unreleased") == version()


@pytest.mark.django_db
def test_the_probe_tells_it() -> None:
    assert Client().get("/healthz").json() == {"status": "ok", "version": version()}


def test_staff_see_it_on_every_page(cast: Cast) -> None:
    client = cast.client(cast.staff)
    for name in ("admin:index", "admin:sims_sim_changelist"):
        assert f"Version {version()}" in client.get(reverse(name)).content.decode()
