"""The web server's worker: threads answer requests, and none of them waits for a slow client.

gunicorn's own worker with threads gives one to each connection as soon as its first byte is there; whoever sends
half a request holds it, and as many such connections as there are threads stop the portal. Here the main loop, which
waits for all connections at once, gathers each request. A thread gets it when it is whole, reads it from memory or a
file, and gives up a client that does not take its answer.
"""

from __future__ import annotations

import errno
import socket
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from django.conf import settings
from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.web_requests import Gathering

HEAD_SECONDS: Final = 10
"""Until the head of a request has to be whole."""
BODY_SECONDS: Final = 30
"""In which `BODY_STEP` bytes of a body have to come, or what is left of it. Slow ones may take as long as they need."""
BODY_STEP: Final = 8 * 1024
ANSWER_SECONDS: Final = 30
"""In which a client has to take a part of its answer."""
LEAVE_SECONDS: Final = 2
"""In which a client that was told of the end has to close its side."""
MOST_OF_ADDRESS: Final = 200
"""Connections of one address that may wait; behind a proxy of ours all have the proxy's address, and none counts."""
MOST_HELD: Final = 512 * 1024 * 1024
"""Bytes of unfinished requests that a process keeps."""
SWEEP_SECONDS: Final = 0.5
READ: Final = 64 * 1024
_GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Socket(socket.socket):
    """A client's connection, on which a thread waits for a limited time."""

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(ANSWER_SECONDS if flag else 0.0)

    def sendall(self, *args: Any) -> None:
        with _gone():
            super().sendall(*args)

    def send(self, *args: Any) -> int:
        with _gone():
            return super().send(*args)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        with _gone():
            return super().sendfile(*args, **kwargs)


class _gone:  # noqa: N801 - reads as a statement
    """Takes a client that takes nothing for one that is gone: gunicorn writes no error for it."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, TimeoutError):
            raise OSError(errno.ECONNRESET, "The client does not take its answer.") from error


class Connection(TConn):
    """A client's connection and the request that comes in on it."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.gathering: Gathering | None = None
        self.until = 0.0
        self.counted = 0
        self.address = client[0] if isinstance(client, tuple) and not settings.TRUSTED_PROXY_COUNT else ""


class PatientWorker(ThreadWorker):
    """gunicorn's worker with threads, that hands requests to them when they are whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Those in the main loop's care, the longest waiting first.
        self._waiting: dict[Connection, None] = {}
        self._leaving: dict[Connection, None] = {}
        self._of_address: Counter[str] = Counter()
        self._held = 0
        self._next_sweep = 0.0

    # --- a request comes in ---

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, and look whether its request is there already."""
        try:
            taken, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        sock = _Socket(fileno=taken.detach())
        conn = Connection(self.cfg, sock, client, listener.getsockname())
        self._make_room(conn.address)
        self._gather(conn, b"", HEAD_SECONDS)
        self._readable(conn, sock)

    def _make_room(self, address: str) -> None:
        """Let somebody go who waits, before there are too many: of this address, or of all."""
        if address and self._of_address[address] >= MOST_OF_ADDRESS:
            self._drop(next(conn for conn in self._waiting if conn.address == address))
        while self.nr_conns >= self.worker_connections and self._waiting:
            self._drop(next(iter(self._waiting)))

    def _gather(self, conn: Connection, first: bytes, seconds: float) -> None:
        """Wait for a request, of which the first bytes may have come with the last one."""
        conn.sock.setblocking(False)
        conn.gathering = Gathering(self.cfg, conn.client)
        conn.until = time.monotonic() + seconds
        conn.counted = 0
        self._waiting[conn] = None
        if conn.address:
            self._of_address[conn.address] += 1
        self.poller.register(conn.sock, EVENT_READ, partial(self._readable, conn))
        if first:
            self._take(conn, first)

    def _readable(self, conn: Connection, _sock: object) -> None:
        """Take what a client has sent."""
        if conn not in self._waiting:
            return
        try:
            data = conn.sock.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._take(conn, data)
        else:
            self._drop(conn)

    def _take(self, conn: Connection, data: bytes) -> None:
        gathering = conn.gathering
        assert gathering is not None  # noqa: S101 - it waits
        if not gathering.size:
            # The first bytes of a request on a connection that was idle.
            conn.until = time.monotonic() + HEAD_SECONDS
        told = gathering.go_on
        gathering.feed(data)
        self._held += len(data)
        if gathering.refusal:
            with suppress(OSError):
                conn.sock.send(gathering.refusal)
            self._leave(conn)
        elif gathering.whole:
            self._stop_waiting(conn)
            self._hand_over(conn, gathering)
        else:
            if gathering.go_on and not told:
                with suppress(OSError):
                    conn.sock.send(_GO_ON)
            self._note_progress(conn, gathering)

    def _note_progress(self, conn: Connection, gathering: Gathering) -> None:
        """Give a body that grows more time, and take the largest away when all together are too large."""
        if gathering.has_head and (not conn.counted or gathering.size - conn.counted >= BODY_STEP):
            conn.counted = gathering.size
            conn.until = time.monotonic() + BODY_SECONDS
        if self._held > MOST_HELD:
            self._drop(max(self._waiting, key=lambda each: each.gathering.size if each.gathering else 0))

    def _hand_over(self, conn: Connection, gathering: Gathering) -> None:
        """Let a thread answer; its parser reads what is here, and nothing from the network."""
        gathering.begin_reading()
        conn.parser = http.get_parser(self.cfg, gathering, conn.client)
        conn.initialized = True
        self.enqueue_req(conn)

    # --- it is answered ---

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Wait for the next request of the connection, or end it."""
        goes_on = not fs.cancelled() and fs.exception() is None and fs.result() is True
        gathering = conn.gathering
        assert gathering is not None  # noqa: S101 - it was answered
        first = conn.parser.unreader.take_buffered() + gathering.rest() if goes_on else b""
        gathering.close()
        self._held -= gathering.size
        conn.gathering = None
        if goes_on:
            self._gather(conn, first, self.cfg.keepalive if self.alive else LEAVE_SECONDS)
        else:
            self._leave(conn)

    # --- the end ---

    def _stop_waiting(self, conn: Connection) -> None:
        if conn not in self._waiting:
            return
        del self._waiting[conn]
        if conn.address:
            self._of_address[conn.address] -= 1
            if not self._of_address[conn.address]:
                del self._of_address[conn.address]
        self.poller.unregister(conn.sock)

    def _forget(self, conn: Connection) -> None:
        """Let go of what a connection has sent."""
        self._stop_waiting(conn)
        if conn.gathering is not None:
            self._held -= conn.gathering.size
            conn.gathering.close()
            conn.gathering = None

    def _drop(self, conn: Connection) -> None:
        """Close a connection at once."""
        self._forget(conn)
        if self._leaving.pop(conn, conn) is None:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _leave(self, conn: Connection) -> None:
        """Say that this was all, and wait a moment for the client: closed at once, it might lose the answer's end."""
        self._forget(conn)
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.until = time.monotonic() + LEAVE_SECONDS
        self._leaving[conn] = None
        self.poller.register(conn.sock, EVENT_READ, partial(self._leaves, conn))

    def _leaves(self, conn: Connection, _sock: object) -> None:
        """Read on until the client has closed its side."""
        if conn not in self._leaving:
            return
        try:
            more = conn.sock.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            more = b""
        if not more:
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close the connections whose time is over."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for conn in [conn for conn in (*self._waiting, *self._leaving) if conn.until <= now]:
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """While the worker ends: give those that wait no more than until then."""
        for conn in self._waiting:
            conn.until = min(conn.until, deadline)
