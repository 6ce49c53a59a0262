"""The portal as `make run` starts it, with its demo: one a worker, in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.locks import locked

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0  # seconds; the demo is loaded meanwhile, and other tests may share the cores


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in; `id`, `name` and `role` are unknown of staff."""

    email: str
    password: str
    id: int = 0
    name: str = ""
    role: str = ""


@dataclass(frozen=True)
class Workspace:
    """A workspace of the demo; `bics` are unregistered: three single cards, then three batches of 25."""

    id: int
    name: str
    bics: tuple[str, ...]
    people: tuple[Person, ...]

    def person(self, role: str) -> Person:
        return next(person for person in self.people if person.role == role)


@dataclass(frozen=True)
class Demo:
    """A running portal and who may sign in there. Nobody of `last` is in `first`."""

    address: str
    workspaces: tuple[Workspace, ...]
    staff: Person

    @property
    def first(self) -> Workspace:
        return self.workspaces[0]

    @property
    def last(self) -> Workspace:
        return self.workspaces[-1]


def read_demo(address: str, described: dict[str, Any]) -> Demo:
    """Read what `seed_demo --json` printed."""
    workspaces = tuple(
        Workspace(
            id=workspace["id"],
            name=workspace["name"],
            bics=tuple(workspace["bics"]),
            people=tuple(Person(**person) for person in workspace["users"]),
        )
        for workspace in described["workspaces"]
    )
    return Demo(address, workspaces, Person(**described["staff"]))


class Portal:
    """A running `manage.py portal --demo`; its output is read all the time, so that it never waits for us."""

    def __init__(self, var: Path) -> None:
        # What the tests' own settings set for themselves is not meant for it.
        names = ("_URL", "SETTINGS_MODULE", "SECRET_KEY")
        self.environment = {key: value for key, value in os.environ.items() if not key.endswith(names)}
        self.environment |= {"PORTAL_VAR": str(var), "PORTAL_ENV": "embedded", "PORT": "0"}
        self.lines: list[str] = []
        self._news = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "portal", "--demo", "--end-with-parent"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "Ready after" in line:
                self._news.set()
        self._news.set()

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def address(self) -> str:
        """Wait until it serves, and return where, without a slash at the end."""
        assert self._news.wait(PATIENCE), f"not ready within {PATIENCE} s:\n{self.text}"
        found = re.search(r"Ready after .*?(http://localhost:\d+)/", self.text)
        assert found, self.text
        return found[1]

    def described(self) -> dict[str, Any]:
        """Return the JSON of the demo that it loaded."""
        command = [sys.executable, "manage.py", "seed_demo", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout.rstrip("\n").rpartition("\n")[2])
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def loaded(shared: Path) -> tuple[Path, dict[str, Any]]:
    """Start the portal in an empty folder, so that it loads its demo, and end it; once a run.

    Args:
        shared: a folder that all processes of this run share, and no other run.

    Returns:
        The folder that it has filled, and what the demo describes.
    """
    var, told = shared / "demo", shared / "demo.json"
    with locked(shared / "demo.lock"):
        if not told.exists():
            shutil.rmtree(var, ignore_errors=True)
            var.mkdir()
            portal = Portal(var)
            try:
                portal.address()
                described = portal.described()
            finally:
                portal.end()
            assert "Traceback" not in portal.text, portal.text
            told.write_text(json.dumps(described))
    return var, json.loads(told.read_text())


@contextmanager
def running(var: Path, shared: Path) -> Iterator[Demo]:
    """Start the portal with the demo, and end it; an exception in its output is a failure, wherever it came from.

    Args:
        var: an empty folder for this portal alone.
        shared: a folder that all processes of this run share, and no other run.
    """
    filled, described = loaded(shared)
    shutil.copytree(filled, var, dirs_exist_ok=True)
    portal = Portal(var)
    try:
        yield read_demo(portal.address(), described)
    finally:
        portal.end()
    assert "Traceback" not in portal.text, portal.text
