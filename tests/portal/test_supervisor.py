"""`manage.py portal` as a person runs it: real children, a database of their own, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds; other tests share the cores

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def until(what: str, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(0.05)


def descendants(pid: int) -> set[int]:
    """All processes below `pid`."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Portal:
    """A running `manage.py portal`."""

    def __init__(self, var: Path, *arguments: str, **variables: str) -> None:
        self.output = var / "output.txt"
        environment = {key: value for key, value in os.environ.items() if not key.endswith(("_URL", "SETTINGS_MODULE"))}
        # The tests' own settings set these for themselves.
        environment |= {"PORTAL_VAR": str(var), "PORTAL_ENV": "embedded", "PORT": "0", **variables}
        environment.pop("SECRET_KEY", None)
        self.environment = environment
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "portal", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> str:
        until("ready", lambda: "Ready after" in self.text or self.process.poll() is not None)
        assert self.process.poll() is None, self.text
        found = re.search(r"http://localhost:\d+/", self.text)
        assert found, self.text
        return found[0]

    def pid_of(self, name: str) -> int:
        """The process last started under that name."""
        found = re.findall(rf"^  {name} +process (\d+)$", self.text, re.MULTILINE)
        assert found, self.text
        return int(found[-1])

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    started: list[Portal] = []

    def make(*arguments: str, **variables: str) -> Portal:
        started.append(Portal(tmp_path, *arguments, **variables))
        return started[-1]

    yield make
    for portal in started:
        portal.end()


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        code: int = answer.status
        return code


def test_it_serves_starts_again_and_ends(start: Callable[..., Portal]) -> None:
    portal = start("--migrate")
    address = portal.wait_until_ready()
    assert status(f"{address}healthz") == 200
    assert status(f"{address}readyz") == 200
    assert "Traceback" not in portal.text

    before = portal.pid_of("worker")
    os.kill(before, signal.SIGKILL)
    until("a new worker", lambda: portal.pid_of("worker") != before)
    assert "worker   ended (signal 9), starts again in 1 s" in portal.text

    # Also while a child serves: its own children end with it, and the port stays ours.
    web = portal.pid_of("web")
    servers = descendants(web)
    assert servers
    os.kill(web, signal.SIGKILL)
    until("a new web server", lambda: portal.pid_of("web") != web)
    until("the old ones' end", lambda: not any(map(alive, servers)))
    assert status(f"{address}healthz") == 200

    below = descendants(portal.process.pid)
    assert len(below) >= 4
    portal.process.send_signal(signal.SIGINT)
    assert portal.process.wait(PATIENCE) == 0
    assert not any(map(alive, below))
    assert portal.text.rstrip().endswith("Stopped")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_supervisor_leaves_no_orphan(workers: str, start: Callable[..., Portal]) -> None:
    portal = start("--migrate", "--workers", workers)
    portal.wait_until_ready()
    least = 4 if workers == "1" else 6
    until("all processes", lambda: len(descendants(portal.process.pid)) >= least)
    below = descendants(portal.process.pid)
    portal.process.kill()
    until("no orphan", lambda: not any(map(alive, below)), 10)


WAKE = """
import uuid, time, django
django.setup()
from kit import jobs
from kit.models import Job
job = Job.objects.create(kind="nobody's", title="", actor={}, request_id=uuid.uuid4(), surface=5)
jobs.wake(str(job.pk))
for _ in range(200):
    time.sleep(0.1)
    if Job.objects.get(pk=job.pk).attempts:
        print("claimed")
        break
"""


def test_a_task_reaches_the_worker_without_any_server(tmp_path: Path, start: Callable[..., Portal]) -> None:
    portal = start("--migrate")
    portal.wait_until_ready()
    environment = portal.environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run([sys.executable, "-c", WAKE], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "claimed\n", done.stderr + portal.text


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of a PostgreSQL database that is there for one test."""
    server = os.environ["DATABASE_URL"]
    name = f"portal_supervised_{os.getpid()}"
    with psycopg.connect(urlsplit(server)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.postgresql
def test_it_runs_on_postgresql_and_redis(start: Callable[..., Portal], empty_database: str) -> None:
    redis = {"REDIS_URL": os.environ["REDIS_URL"]} if os.environ.get("REDIS_URL") else {}
    portal = start("--migrate", "--workers", "2", DATABASE_URL=empty_database, **redis)
    address = portal.wait_until_ready()
    assert status(f"{address}readyz") == 200
    below = descendants(portal.process.pid)
    portal.process.send_signal(signal.SIGTERM)
    assert portal.process.wait(PATIENCE) == 0
    assert not any(map(alive, below))
    assert "Traceback" not in portal.text


REAPING = """
import os, signal, sys, time
from portal import supervisor

killed = []
kill_group = os.killpg

def watched(group, number):
    # A zombie is listed until it is reaped; afterwards its number may belong to anybody.
    killed.append((group, os.path.exists(f"/proc/{group}")))
    kill_group(group, number)

os.killpg = watched

def leave_one_behind():
    left = os.fork()
    if left == 0:
        time.sleep(600)
    os.write(1, f"{left}\\n".encode())
    os._exit(3)

def stop():
    if any("starts again" in line for line in said):
        os.kill(os.getpid(), signal.SIGTERM)

said = []
child = supervisor.Child("child", leave_one_behind)
supervisor.Supervisor([child], say=said.append, grace=5, on_tick=stop).run()
first = int(said[0].split()[-1])
print(said[1].strip())
print(killed == [(first, True)])
"""


def test_the_group_of_a_child_is_killed_before_its_number_is_free() -> None:
    done = subprocess.run([sys.executable, "-c", REAPING], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    left, ended, killed_in_time = done.stdout.splitlines()
    assert (ended, killed_in_time) == ("child    ended (status 3), starts again in 1 s", "True"), done.stderr
    until("the end of what it had started", lambda: not alive(int(left)), 10)


def test_a_taken_port_is_named(start: Callable[..., Portal]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        portal = start("--migrate", PORT=str(taken.getsockname()[1]))
        assert portal.process.wait(PATIENCE) == 1
    assert "PORT=8001" in portal.text
    assert "Traceback" not in portal.text


def test_missing_tables_are_named(start: Callable[..., Portal]) -> None:
    portal = start()
    assert portal.process.wait(PATIENCE) == 1
    assert re.search(r"lacks \d+ migrations. Run: manage.py migrate", portal.text)
    assert "Traceback" not in portal.text


def test_it_ends_with_its_parent_when_told_to(tmp_path: Path, start: Callable[..., Portal]) -> None:
    """`make run` says so: whoever kills make ends the portal."""
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, 'manage.py', 'portal', '--migrate', '--end-with-parent'])\n"
        "time.sleep(600)\n"
    )
    output = tmp_path / "output.txt"
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_URL", "SETTINGS_MODULE"))}
    environment |= {"PORTAL_VAR": str(tmp_path), "PORTAL_ENV": "embedded", "PORT": "0"}
    with output.open("w") as file:
        parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        until("ready", lambda: "Ready after" in output.read_text())
        below = descendants(parent.pid)
    finally:
        parent.kill()
        parent.wait(10)
    until("its end", lambda: not any(map(alive, below)), 15)
    assert output.read_text().rstrip().endswith("Stopped")
