"""The web server and clients that take their time: requests are gathered by the main loop, threads only answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.config import Config

from portal.web_requests import MOST_BODY, Gathering

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds; other tests share the cores
THREADS = 4

SERVE = """
import os, socket, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
import django
django.setup()
from portal import server

def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

if sys.argv[1] == "echo":
    server.application = echo
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
server.web(listener)()
"""


class Web:
    """The web server alone, with `THREADS` threads."""

    def __init__(self, var: Path, what: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.endswith(("_URL", "SETTINGS_MODULE"))}
        environment |= {"PORTAL_VAR": str(var), "PORTAL_ENV": "embedded", "PORTAL_WEB_THREADS": str(THREADS)}
        environment.pop("SECRET_KEY", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, what], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def connect(self, first: bytes = b"") -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        made.sendall(first)
        return made

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


def _running(what: str, folder: Path) -> Iterator[Web]:
    web = Web(folder, what)
    yield web
    web.end()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    yield from _running("portal", tmp_path_factory.mktemp("portal"))


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    yield from _running("echo", tmp_path_factory.mktemp("echo"))


def answer(client: socket.socket) -> tuple[int, bytes]:
    """Read one answer that says its length."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = client.recv(65536)
        assert more, got
        got += more
    head, _blank, body = got.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        rest = body
        while b"\r\n\r\n" not in rest:
            rest += client.recv(65536)
        if rest.startswith(b"HTTP/1.1 100"):
            rest = rest.partition(b"\r\n\r\n")[2]
        while b"\r\n\r\n" not in rest:
            rest += client.recv(65536)
        head, _blank, body = rest.partition(b"\r\n\r\n")
    length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))[15:])
    while len(body) < length:
        body += client.recv(65536)
    return int(head.split()[1]), body


SLOW = (
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"POST /api/v1/authenticate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{",
    b"POST /api/v1/authenticate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    b"\r\n\r\n",
    b"",
)


def test_slow_clients_stop_nobody(portal: Web) -> None:
    """Many times as many as there are threads, in each way to be slow."""
    slow = [portal.connect(SLOW[number % len(SLOW)]) for number in range(8 * THREADS)]
    for _ in range(3):
        client = portal.connect(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status, body = answer(client)
        assert (status, b"ok" in body) == (200, True)
        client.close()
    for client in slow:
        client.close()


def test_who_does_not_close_stops_nobody(echo: Web) -> None:
    """A client that was told of the end, and stays."""
    stay = [echo.connect(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(8 * THREADS)]
    assert {answer(client)[0] for client in stay} == {200}
    client = echo.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer(client) == (200, b"")


def test_a_slow_upload_arrives(echo: Web) -> None:
    body = os.urandom(600_000)
    client = echo.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n")
    for at in range(0, len(body), 20_000):
        client.sendall(body[at : at + 20_000])
        time.sleep(0.01)
    assert answer(client) == (200, body)
    # The connection goes on.
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    time.sleep(0.05)
    client.sendall(b"A;name=value\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n")
    assert answer(client) == (200, b"abc0123456789")


def test_one_behind_the_other(echo: Web) -> None:
    """Two requests in one packet, and the beginning of a third."""
    one = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    client = echo.connect(one + b"one" + one + b"two" + one + b"th")
    found = b""
    while found.count(b"HTTP/1.1 200") < 2 or not found.endswith(b"two"):
        found += client.recv(65536)
    client.sendall(b"r")
    assert answer(client) == (200, b"thr")


def test_who_waits_to_be_told_is_told(echo: Web) -> None:
    client = echo.connect(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.recv(65536).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.sendall(b"abc")
    assert answer(client) == (200, b"abc")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY * 2), 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 70_000, 431),
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: three\r\n\r\n", 400),
    ],
)
def test_what_is_refused_is_told(echo: Web, sent: bytes, status: int) -> None:
    assert answer(echo.connect(sent))[0] == status


# --- when a request is whole ---

WHOLE = {
    "no body": b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a body": b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n\r\n\r\n0\r\n\r\nab",
    "chunks": b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7\r\n0\r\n\r\nab\r\n1;x\r\n\n\r\n0\r\nT: v\r\n\r\n",
    "an empty line first": b"\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
@pytest.mark.parametrize("name", WHOLE)
def test_a_request_is_whole_with_its_last_byte(name: str, step: int) -> None:
    sent = WHOLE[name]
    gathering = Gathering(Config(), ("192.0.2.1", 5))
    for at in range(0, len(sent), step):
        assert not gathering.whole
        gathering.feed(sent[at : at + step])
    assert gathering.whole
    assert not gathering.refusal
    gathering.begin_reading()
    assert gathering.rest() == sent
    gathering.close()
