"""Fixtures for the tests of the seals: a folder and a key of their own, and a database whose guards can be lifted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.actors import actor_of
from accounts.models import Workspace
from events.seals.services import seal_now
from events.triggers import lifted
from tests.cast import Cast
from tests.events.build import record


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, settings: LazySettings) -> Path:
    """The folder outside the database, and a key file beside it."""
    settings.SEALS_FOLDER = tmp_path / "seals"
    settings.SEAL_KEY_FILE = tmp_path / "seal_key"
    settings.SEAL_KEY = ""
    settings.SEAL_NAME = "portal.example.com"
    return tmp_path / "seals"


@pytest.fixture
def sealed(cast: Cast) -> Callable[..., list[int]]:
    """Write events of Acme, or of another workspace, seal them, and return their ids."""

    def write(count: int = 1, *, workspace: Workspace | None = None, seal: bool = True, **values: Any) -> list[int]:
        where = workspace or cast.acme
        sim = values.pop("sim", None) or cast.sims(1, workspace=where)[0]
        last = record(where, 9, actor_of(cast.owner), sim=sim, times=count, **values)
        if seal:
            seal_now()
        return list(range(last - count + 1, last + 1))

    return write


@pytest.fixture
def tamper() -> Callable[..., None]:
    """Do with SQL what only the owner of the tables can do: past the triggers."""

    def run(*statements: str, parameters: list[Any] | None = None) -> None:
        with lifted(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, parameters if "%s" in statement else None)

    return run
