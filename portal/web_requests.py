"""A request as it comes in from the network, piece by piece, until a thread can answer it without waiting."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any, Final

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

MOST_HEAD: Final = 64 * 1024  # bytes
MOST_BODY: Final = 64 * 1024 * 1024  # bytes
IN_MEMORY: Final = 256 * 1024
"""Bytes of one request that are kept in memory; what is longer goes to a temporary file."""
MOST_LINE: Final = 4 * 1024
"""Bytes of the line that begins a chunk, and of all lines behind the last one."""
_HEAD_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)
_BODY_TOO_LONG: Final = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_MOST_STARTS: Final = 4
"""Empty lines that may stand before a request."""


class Gathering:
    """One request until it is whole.

    Where its head ends and how long its body is, gunicorn's own parser says, so the two never differ.

    Attributes:
        size: bytes so far.
        whole: nothing is missing, or it is so wrong that nothing more is worth waiting for.
        refusal: the answer to one that is too long, else empty.
        go_on: whether the client waits to be told to send its body.
    """

    def __init__(self, cfg: Any, client: Any) -> None:
        self._cfg, self._client = cfg, client
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._head: bytearray | None = bytearray()
        self._looked = 0
        self._starts = 0
        self._missing = 0
        self._chunks: Chunks | None = None
        self.size = 0
        self.whole = False
        self.refusal = b""
        self.go_on = False

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._file.write(data)
        self.size += len(data)
        if self._head is not None:
            self._head += data
            body = self._look_for_body(self._head)
            if body is None:
                if len(self._head) > MOST_HEAD:
                    self.refusal = _HEAD_TOO_LONG
                return
            self._head = None
            data = body
        elif self.whole:
            return
        if self._chunks is not None:
            self._chunks.feed(data)
            self.whole = self._chunks.ended
        else:
            self._missing -= len(data)
            self.whole = self._missing <= 0
        if self.size + max(self._missing, 0) > MOST_HEAD + MOST_BODY:
            self.refusal = _BODY_TOO_LONG

    def _look_for_body(self, head: bytearray) -> bytes | None:
        """Return what has come of the body, `None` before the head is whole."""
        while (end := head.find(b"\r\n\r\n", max(0, self._looked - 3))) >= 0:
            self._looked = end + 7
            try:
                request = Request(self._cfg, IterUnreader([bytes(head[: end + 4])]), self._client)
            except NoMoreData:
                # Empty lines may come first.
                self._starts += 1
                if self._starts > _MOST_STARTS:
                    self.refusal = _HEAD_TOO_LONG
                    return None
                continue
            except Exception:
                # The thread meets the same mistake, and answers it.
                return b""
            reader = request.body.reader
            if isinstance(reader, ChunkedReader):
                self._chunks = Chunks()
            else:
                self._missing = reader.length
            self.go_on = bool(request._expected_100_continue)
            return bytes(head[end + 4 :])
        self._looked = len(head)
        return None

    @property
    def has_head(self) -> bool:
        """Whether only its body is missing."""
        return self._head is None

    def begin_reading(self) -> None:
        """Go to the beginning, from where a parser reads by `recv`."""
        self._file.seek(0)

    def recv(self, size: int) -> bytes:
        """Return the next bytes; none at the end. A thread that reads here never waits for the network."""
        return self._file.read(size)

    def rest(self) -> bytes:
        """Return what nobody has read: the beginning of the next request."""
        return self._file.read()

    def close(self) -> None:
        """Forget it."""
        self._file.close()


class Chunks:
    """Finds the end of a body in chunks (RFC 9112, section 7.1). What is malformed is left to the parser to refuse."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._left = 0
        self._last = False
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Take the next part of the body."""
        at = 0
        while at < len(data) and not self.ended:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if len(self._line) > MOST_LINE:
                self.ended = True
            elif self._line.endswith(b"\r\n"):
                self._take(bytes(self._line))
                self._line.clear()

    def _take(self, line: bytes) -> None:
        """Take a whole line: the length of a chunk, or one behind the last chunk."""
        if self._last:
            self.ended = line == b"\r\n"
            return
        text = line.partition(b";")[0].strip()
        try:
            length = int(text, 16)
        except ValueError:
            self.ended = True
            return
        self._last = length == 0
        # A line end follows the chunk.
        self._left = length + 2 if length else 0
