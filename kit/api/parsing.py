"""Reading request bodies: as their standards allow, wholly or not at all, alike at every door.

A body may be packed (gzip, RFC 1952, of one member or several). It is JSON in UTF-8, UTF-16 or UTF-32, with a byte
order mark or without; an object names each key once, and NaN is no number (RFC 8259).
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

import orjson

from kit.api.errors import Code, WireError, bad_request

_GZIP_MARK: Final = b"\x1f\x8b"
_NO_GZIP: Final = "The body is no gzip, as its Content-Encoding says."
PLAIN: Final = frozenset({"", "identity"})
LONGEST_INTEGER: Final = 1_000
"""Digits of an integer that is read as one; a longer one becomes a decimal."""
PACKED: Final = frozenset({"gzip", "x-gzip"})


def unpacked(body: bytes, coding: str, *, most: int) -> bytes:
    """Return a body without its content coding.

    Args:
        body: as it was sent.
        coding: its `Content-Encoding`.
        most: bytes that it may have then.

    Raises:
        WireError: 415, another coding than gzip; 400, it is cut off, damaged, or something else follows it; 413, too
            large.
    """
    name = coding.strip().lower()
    if name not in PLAIN | PACKED:
        refusal = f"The body is encoded as “{coding[:40]}”. Send it plain, or as gzip."
        raise WireError(415, Code.BAD_REQUEST, refusal, headers={"Accept-Encoding": "gzip"})
    found = _members(body, most) if name in PACKED else body
    if len(found) > most:
        raise WireError(413, Code.BAD_REQUEST, f"The body is larger than {_size(most)}.")
    return found


def _size(most: int) -> str:
    return f"{most // 2**20} MB" if most >= 2**20 else f"{most // 1024} KiB"


def _members(body: bytes, most: int) -> bytes:
    """Unpack all members of a gzip, up to one byte more than allowed. Of empty members a body may hold very many."""
    if not body:
        raise bad_request("The gzip body is cut off.")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            return packed.read(most + 1)
    except EOFError as error:
        raise bad_request("The gzip body is cut off.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        begins = body.startswith(_GZIP_MARK)
        what = "The gzip body is damaged, or something follows it." if begins else _NO_GZIP
        raise bad_request(what) from error


def json_text(body: bytes) -> str:
    """Return the text of JSON, however it is encoded. Raises ValueError (UnicodeDecodeError) for what is no text."""
    return body.decode(json.detect_encoding(body)).removeprefix("\ufeff")


class KeyTwiceError(ValueError):
    """An object names a key twice: which value is meant, nobody can know."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key “{key[:60]}” stands twice in an object")


class NotANumberError(ValueError):
    """NaN or Infinity, which is no JSON."""


def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of its pairs. Raises KeyTwiceError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise KeyTwiceError(Counter(key for key, _value in pairs).most_common(1)[0][0])
    return found


def parse_json(body: bytes) -> Any:
    """Return the JSON of a body.

    Raises:
        WireError: 400/1000; no JSON, nested too deep, or a key stands twice.
    """
    try:
        text = json_text(body)
        parsed = orjson.loads(text)
        # The quick parser takes the last of two; this one looks whether there are two.
        json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"Cannot parse the body as JSON: {str(error)[:200]}") from error
    return parsed


class Ambiguous(dict[str, Any]):
    """An object in which a key stands twice, or that holds such a one."""


def exact_json(text: bytes | str) -> Any:
    """Return JSON with its fractions as exact decimals; an object that names a key twice becomes `Ambiguous`.

    Raises:
        ValueError: no JSON, no text, or nested too deep.
    """
    given = text if isinstance(text, str) else json_text(text)
    try:
        try:
            return _loads(given, once)
        except KeyTwiceError:
            # Only one object is to blame: the others of the body are read.
            return _loads(given, _marked)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _loads(text: str, hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> Any:
    read = partial(json.loads, text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=hook)
    try:
        return read()
    except ValueError as error:
        # Said of an integer of more digits than Python reads: it is JSON all the same, and only its object is to blame.
        if type(error) is not ValueError:
            raise
        return read(parse_int=_whole)


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= LONGEST_INTEGER else Decimal(digits)


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    clear = len(found) == len(pairs) and not any(isinstance(value, Ambiguous) for value in found.values())
    return found if clear else Ambiguous(found)


def _no_number(name: str) -> Any:
    raise NotANumberError(f"{name} is no JSON number")
