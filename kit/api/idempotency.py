"""`Idempotency-Key`: a POST that is sent again, because its answer got lost, is done once (`docs/api.md` section 0).

Whoever calls gives each POST a key of their own choosing. The first call claims it in the database before it acts; its
answer is kept for a day and given to every repetition. A call that is refused keeps nothing, so it can be mended and
sent under the same key. The published dialect has no such header: it is an addition of ours.

What is kept may hold a secret (the value of a new token). It is encrypted by a key that is made of the caller's
`Idempotency-Key`, which the database never holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from kit.api.errors import Code, WireError
from kit.models import KeptAnswer

HEADER: Final = "Idempotency-Key"
LIFE: Final = timedelta(hours=24)
"""How long an answer is kept."""
UNKNOWN_AFTER: Final = timedelta(minutes=5)
"""When a call without an answer is no longer said to be at work: no call takes as long."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS: Final = ("Location", "Content-Type")
_CLAIM: Final = "_idempotent_claim"


class Replayed(Exception):
    """Raised in place of doing a call again.

    Args:
        answer: what the first call got.
    """

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__("The call was made before.")
        self.answer = answer


def claim(request: HttpRequest, caller: str, rights: Collection[str] = ()) -> None:
    """Claim the key of a POST for this request, once its caller is known; a request without one is left alone.

    Args:
        request: authenticated, and nothing done yet.
        caller: who calls and where; the keys of one caller are nothing to another.
        rights: what the caller may do there now.

    Raises:
        Replayed: the same call was answered before.
        WireError: 400, no key; 403, the caller may do less by now than when the call was done; 409, the first call is
            at work, or its end is not known; 422, the key was given to another call.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return
    if not _KEY.fullmatch(key):
        raise WireError(
            400, Code.BAD_REQUEST, f"{HEADER} is 1 to 255 visible ASCII characters without spaces, a UUID for example."
        )
    owner = _digest("owner", caller, key)
    call = _digest("call", request.method, request.path, request.META.get("QUERY_STRING", ""), request.body)
    now = timezone.now()
    KeptAnswer.objects.filter(owner=owner, created__lt=now - LIFE).delete()
    row, is_new = KeptAnswer.objects.get_or_create(owner=owner, defaults={"call": call, "created": now})
    if is_new:
        setattr(request, _CLAIM, (row, key, sorted(rights)))
        return
    if row.call != call:
        raise WireError(
            422,
            Code.INPUT_VALIDATION,
            f"This {HEADER} was sent before with another call. Give each call a key of its own.",
        )
    if row.answer is None:
        raise _unanswered(at_work=row.created > now - UNKNOWN_AFTER)
    told, content = _thawed(bytes(row.answer), key)
    if not set(told.get("rights", ())) <= set(rights):
        # What was answered may be a secret, or what only the role of then may read.
        raise WireError(
            403,
            Code.FORBIDDEN,
            "The call was done, and its answer is not given again: you may do less in this organisation now than then.",
        )
    raise Replayed(_answer(told, content))


# untold: the answer to a call; what it did is told by its own action
def settled(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Keep the answer of a call that claimed a key, or let the key go if the call did nothing.

    Args:
        request: as it was given to `claim`.
        response: its answer, which is returned.
    """
    claimed = getattr(request, _CLAIM, None)
    if claimed is not None:
        row, key, rights = claimed
        if isinstance(response, HttpResponse) and response.status_code < 300:
            row.answer = _frozen(response, key, rights)
            row.save(update_fields=["answer"])
        else:
            row.delete()
    return response


def forget() -> None:
    """Remove what was kept for a day."""
    KeptAnswer.objects.filter(created__lt=timezone.now() - LIFE).delete()


def _unanswered(*, at_work: bool) -> WireError:
    if at_work:
        text = f"The first call with this {HEADER} is still at work. Send it again in a few seconds."
        return WireError(409, Code.NOT_ALLOWED, text, headers={"Retry-After": "2"})
    text = (
        f"The first call with this {HEADER} was broken off, and whether it was done is not known. "
        "Look whether what it makes is there before you call with another key."
    )
    return WireError(409, Code.NOT_ALLOWED, text)


def _digest(purpose: str, *parts: str | bytes) -> str:
    """Return a keyed hash of parts that can't run into one another."""
    made = hmac.new(settings.SECRET_KEY.encode(), f"portal idempotency, {purpose}, 1".encode(), hashlib.sha256)
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode("utf-8", "replace")
        made.update(len(content).to_bytes(8, "big") + content)
    return made.hexdigest()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(bytes.fromhex(_digest("answer", key))))


def _frozen(response: HttpResponse, key: str, rights: Sequence[str]) -> bytes:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    head = json.dumps({"status": response.status_code, "headers": headers, "rights": rights}).encode()
    return _cipher(key).encrypt(zlib.compress(head + b"\n" + response.content))


def _thawed(answer: bytes, key: str) -> tuple[dict[str, Any], bytes]:
    head, _newline, content = zlib.decompress(_cipher(key).decrypt(answer)).partition(b"\n")
    return json.loads(head), content


def _answer(told: dict[str, Any], content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        status=told["status"],
        headers={**told["headers"], "Cache-Control": "no-store", "Idempotent-Replayed": "true"},
    )
