"""The door by which the network delivers: its key, and bodies that are larger than others and may be compressed.

Once the network has shown its key and the body is JSON the answer is 200, whatever is in it: with anything else the
sender would send all of it again (`docs/rules.md` section 19).
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from django.http import HttpRequest

from kit.api.errors import Code, WireError, bad_request
from kit.api.limits import check_guesses
from kit.api.parsing import exact_json, unpacked
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


def _body(request: HttpRequest) -> bytes:
    """Return the body. It may be larger than other bodies, so it is read past Django's limit, up to ours."""
    # Whatever has read the body before has kept it; then its limit applies, too.
    body: bytes = request.read(LARGEST_BODY + 1)
    body = unpacked(body, request.headers.get("Content-Encoding", ""), most=LARGEST_BODY)
    if body.count(b"{") + body.count(b"[") > MOST_PARTS:
        raise WireError(413, Code.BAD_REQUEST, f"The body holds more than {MOST_PARTS:,} objects and lists.")
    return body
