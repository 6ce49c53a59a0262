"""Usage records as emnify's Data Streamer posts them: one or an array, answered with what became of each.

Once the network has shown its token and the body is JSON the answer is 200, whatever is in it: with anything else the
sender would send all of it again (`docs/rules.md` section 19).
"""

from __future__ import annotations

import hmac
from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Router

from kit.api.errors import Code, WireError, bad_request
from kit.api.limits import check_guesses
from kit.api.parsing import unpacked
from kit.api.responses import json_response
from kit.context import NETWORK, bind_actor, current_context
from kit.network_feed import network_feed_token
from sims.usage.records import parse_json
from sims.usage.services.ingest import ingest

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


router = Router(tags=["Usage"], auth=NetworkFeedAuth())


@router.post("/usage", summary="Take in usage records")
def post_usage(request: HttpRequest) -> HttpResponse:
    """One record or an array, plain or gzip. Idempotent by the records' ids."""
    try:
        records = parse_json(_body(request))
    except ValueError as error:
        raise bad_request(f"Cannot parse the body as JSON: {str(error)[:200]}") from error
    report = ingest(records if isinstance(records, list) else [records])
    return json_response(report.as_json())


def _body(request: HttpRequest) -> bytes:
    """Return the body. It may be larger than other bodies, so it is read past Django's limit, up to ours.

    Raises:
        WireError: 413, too large; 400 and 415, it cannot be unpacked.
    """
    # Whatever has read the body before has kept it; then its limit applies, too.
    body: bytes = request.read(LARGEST_BODY + 1)
    body = unpacked(body, request.headers.get("Content-Encoding", ""), most=LARGEST_BODY)
    if body.count(b"{") + body.count(b"[") > MOST_PARTS:
        raise WireError(413, Code.BAD_REQUEST, f"The body holds more than {MOST_PARTS:,} objects and lists.")
    return body
