"""Which version of the portal this is. `pyproject.toml` says it, and nothing else does."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import django

_PROJECT_FILE = Path(__file__).resolve().parent.parent / "pyproject.toml"


@functools.cache
def version() -> str:
    """Return the version of the portal, e.g. "0.2.0"; the file is read once for each process."""
    with _PROJECT_FILE.open("rb") as file:
        found: str = tomllib.load(file)["project"]["version"]
    return found


def version_line() -> str:
    """Return the versions of the portal and of Django, as `manage.py version` prints them."""
    return f"portal {version()}, Django {django.get_version()}"
