"""The door by which the network delivers: its key, and bodies that are larger than others and may be compressed.

Once the network has shown its key and the body is JSON the answer is 200, whatever is in it: with anything else the
sender would send all of it again (`docs/rules.md` section 19).
"""

from __future__ import annotations

import gzip
import hmac
import io
import json
import zlib
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest

from kit.api.errors import Code, WireError, bad_request
from kit.api.limits import check_guesses
from kit.context import NETWORK, bind_actor, current_context
from kit.network_feed import network_feed_token

LARGEST_BODY: Final = 16 * 2**20
"""Bytes, unpacked: about 25,000 records. Read as JSON it takes many times as much memory."""
MOST_PARTS: Final = 1_000_000
"""Objects and lists in a body. Records have ten at most; a body of nothing else would take gigabytes."""


class NetworkFeedAuth:
    """`Authorization: Bearer <network feed token>`; no other token opens this door, and this one opens no other."""

    def __call__(self, request: HttpRequest) -> bool:
        """Bind the network as the actor and return whether the token is right.

        Raises:
            WireError: 429, too many wrong ones came from this address.
        """
        address = current_context().ip
        check_guesses(address)
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        expected = network_feed_token()
        # Compared even where none is set, so that the time tells nothing.
        right = hmac.compare_digest(token.strip().encode(), expected.encode())
        if scheme.lower() != "bearer" or not expected or not right:
            check_guesses(address, wrong=True)
            return False
        bind_actor(NETWORK)
        return True


def delivered(request: HttpRequest) -> list[Any]:
    """Return what was delivered: one object or an array of them, plain or gzip, with exact decimals.

    Raises:
        WireError: 413, too large; 415, compressed in another way; 400, no whole gzip or no JSON.
    """
    try:
        found = exact_json(_body(request))
    except ValueError as error:
        raise bad_request(f"Cannot parse the body as JSON: {str(error)[:200]}") from error
    return found if isinstance(found, list) else [found]


def exact_json(text: bytes | str) -> Any:
    """Return JSON with its fractions as exact decimals.

    Raises:
        ValueError: no JSON, not UTF-8, or nested too deep.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _body(request: HttpRequest) -> bytes:
    """Return the body. It may be larger than other bodies, so it is read past Django's limit, up to ours."""
    # Whatever has read the body before has kept it; then its limit applies, too.
    body: bytes = request.read(LARGEST_BODY + 1)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        body = _unpacked(body)
    elif encoding not in ("", "identity"):
        text = f"The body is compressed as {encoding[:40]}. Send it plain or as gzip."
        raise WireError(415, Code.BAD_REQUEST, text)
    if len(body) > LARGEST_BODY:
        raise WireError(413, Code.BAD_REQUEST, f"The body is larger than {LARGEST_BODY // 2**20} MB.")
    if body.count(b"{") + body.count(b"[") > MOST_PARTS:
        raise WireError(413, Code.BAD_REQUEST, f"The body holds more than {MOST_PARTS:,} objects and lists.")
    return body


def _unpacked(body: bytes) -> bytes:
    """Unpack all members of a gzip, up to our limit; one that is cut off or followed by something else is refused."""
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(body)).read(LARGEST_BODY + 1)
    except EOFError as error:
        raise bad_request("The gzip body is cut off.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise bad_request("The body is no gzip, as its Content-Encoding says.") from error
