"""Witnesses: others who look at each checkpoint, check that it continues the last they saw, and sign it (tlog-witness).

The operator lists them in the setting `SEAL_WITNESSES`, each as a key and an address. With a witness that is not the
operator's, not even the operator can show two people two different logs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max, OuterRef, Subquery

from events.seals import trees
from events.seals.merkle import consistency_ranges, prove
from events.seals.models import SealCheckpoint, SealCosignature
from events.seals.notes import COSIGNATURE, Note, NoteError, Signature, VerifierKey, b64, verified

logger = logging.getLogger(__name__)

TIMEOUT: Final = 10  # seconds
_MOST_BYTES: Final = 65_536
_SIZE_TYPE: Final = "text/x.tlog.size"
SUBMITTED_EVERY: Final = timedelta(minutes=10)


class Witness(NamedTuple):
    """Who cosigns: the key, and the prefix of its address."""

    key: VerifierKey
    url: str


class WitnessRefused(RuntimeError):
    """A witness did not sign; the text says what it answered."""


def configured() -> list[Witness]:
    """Return the witnesses of the setting.

    Raises:
        ImproperlyConfigured: an entry is not a key of type 4 and an address.
    """
    return [_witness(entry) for entry in settings.SEAL_WITNESSES]


@cache
def _witness(entry: str) -> Witness:
    text, _blank, url = entry.partition(" ")
    try:
        key = VerifierKey.parse(text)
    except NoteError as error:
        raise ImproperlyConfigured(f"SEAL_WITNESSES: {error}") from error
    if key.kind != COSIGNATURE or urlsplit(url.strip()).scheme not in ("https", "http"):
        raise ImproperlyConfigured("SEAL_WITNESSES: each reads KEY ADDRESS, with a key for cosignatures (type 4).")
    return Witness(key, url.strip().rstrip("/"))


def ask(witness: Witness) -> int:
    """Have a witness sign the newest checkpoint of each log that it has not signed, and return how many it did.

    A log that it refuses does not keep the others from it. Must not run inside a transaction: the answer takes time.

    Args:
        witness: whom.
    """
    done = 0
    for checkpoint, old in _unsigned(witness):
        try:
            line = _submit(witness, checkpoint, old)
        except (WitnessRefused, NoteError, URLError, OSError) as error:
            logger.warning("Witness %s did not sign %s: %s", witness.key.name, checkpoint.log.origin, error)
            continue
        keep(checkpoint, witness, line)
        done += 1
    return done


def keep(checkpoint: SealCheckpoint, witness: Witness, signature: Signature) -> None:
    """Store a cosignature."""
    SealCosignature.objects.get_or_create(
        checkpoint=checkpoint,
        witness=witness.key.name,
        defaults={
            "log_id": checkpoint.log_id,
            "size": checkpoint.size,
            "moment": signature.moment,
            "line": str(signature),
        },
    )


def _unsigned(witness: Witness) -> list[tuple[SealCheckpoint, int]]:
    """Return the newest checkpoint of each log that a witness has not signed, with the size it signed last."""
    newest = SealCheckpoint.objects.filter(log=OuterRef("log")).order_by("-pk").values("pk")[:1]
    signed = (
        SealCosignature.objects.filter(log=OuterRef("log"), witness=witness.key.name)
        .order_by()
        .values("log")
        .annotate(most=Max("size"))
        .values("most")
    )
    rows = (
        SealCheckpoint.objects.filter(pk=Subquery(newest))
        .exclude(cosignatures__witness=witness.key.name)
        .annotate(signed=Subquery(signed))
        .select_related("log")
        .order_by("log_id")
    )
    return [(row, row.signed or 0) for row in rows]


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_options: object) -> None:
        """Follow nothing: the witness has the address that the operator named."""


def _submit(witness: Witness, checkpoint: SealCheckpoint, old: int) -> Signature:
    """Send a checkpoint with the proof that it continues size `old`, once more if the witness knows another size.

    Raises:
        WitnessRefused, NoteError, URLError, OSError: it did not sign.
    """
    status, kind, answer = _post(witness, _request_body(checkpoint, old))
    if status == HTTPStatus.CONFLICT and kind == _SIZE_TYPE and answer.strip().isdigit():
        known = int(answer)
        if known > checkpoint.size:
            raise WitnessRefused(f"it has seen {known} events, more than there are")
        status, kind, answer = _post(witness, _request_body(checkpoint, known))
    if status != HTTPStatus.OK:
        raise WitnessRefused(f"it answered {status}")
    note = Note.parse(checkpoint.note)
    for line in answer.splitlines():
        signature = Signature.parse(line)
        one = Note(note.checkpoint, (signature,))
        if verified(one, witness.key):
            return signature
    raise WitnessRefused("its answer holds no signature by its key")


def _request_body(checkpoint: SealCheckpoint, old: int) -> bytes:
    ranges = consistency_ranges(old, checkpoint.size)
    hashes: Sequence[bytes] = prove(ranges, trees.tiles_of(checkpoint.log_id, ranges))
    lines = [f"old {old}", *(b64(each) for each in hashes), "", checkpoint.note]
    return "\n".join(lines).encode()


def _post(witness: Witness, body: bytes) -> tuple[int, str, str]:
    """Return status, type and text of the answer to a submission."""
    opener = build_opener(_NoRedirect)
    request = Request(f"{witness.url}/add-checkpoint", data=body, method="POST")  # noqa: S310 - http(s), checked
    request.add_header("Content-Type", "text/plain; charset=utf-8")
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            return response.status, response.headers.get_content_type(), _text(response.read(_MOST_BYTES))
    except HTTPError as error:
        with error:
            return error.code, error.headers.get_content_type(), _text(error.read(_MOST_BYTES))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
