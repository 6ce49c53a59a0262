"""Proofs that people take away: that an event is in the log, and that one checkpoint continues another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from accounts.actors import staff_are_named
from events import registry
from events.seals import leaves as leaf
from events.seals import trees
from events.seals.commitments import derived_salt
from events.seals.merkle import consistency_ranges, inclusion_ranges, prove
from events.seals.models import SealCheckpoint, SealCosignature, SealKey, SealLog
from events.seals.notes import SIGNATURE, VerifierKey, b64, proof_text, with_lines
from events.seals.witnesses import configured
from events.text import mask
from kit.context import STAFF_KINDS

BUNDLE: Final = "portal-seal-bundle/1"
CONSISTENCY: Final = "portal-seal-consistency/1"
EXPORT: Final = "portal-sealed-log/1"


@dataclass(frozen=True, slots=True)
class Seal:
    """Where an event stands in its sealed log.

    Args:
        log: of its workspace.
        index: its place, from 0.
        hash: of its leaf.
        sealed: when the first checkpoint over it was signed, `None` while there is none.
        checkpoint: the one to prove it by, `None` while there is none.
    """

    log: SealLog
    index: int
    hash: bytes
    sealed: datetime | None
    checkpoint: SealCheckpoint | None


class Reader(NamedTuple):
    """What the reader of a proof may see.

    Args:
        staff: whether they are on the operator's staff.
        context: whether they may see addresses and clients.
    """

    staff: bool
    context: bool


def seal_of(workspace_id: int, event_id: int) -> Seal | None:
    """Return the seal of an event, `None` while it has no place. At most five queries."""
    log = SealLog.objects.filter(workspace_id=workspace_id).first()
    place = trees.place_of(log.pk, event_id) if log is not None else None
    if log is None or place is None:
        return None
    over = SealCheckpoint.objects.filter(log=log, size__gt=place.index)
    first = over.order_by("size", "pk").values_list("moment", flat=True).first()
    return Seal(log, place.index, place.hash, first, _best(log, place.index))


def _best(log: SealLog, index: int) -> SealCheckpoint | None:
    """Return the checkpoint to prove a place by: the newest that witnesses have signed, else the newest."""
    over = SealCheckpoint.objects.filter(log=log, size__gt=index).order_by("-pk")
    signed = SealCosignature.objects.filter(log=log, size__gt=index).order_by("-size").values("checkpoint_id")[:1]
    return over.filter(pk__in=list(signed.values_list("checkpoint_id", flat=True))).first() or over.first()


def keys_of(origin: str) -> list[dict[str, str]]:
    """Return the public keys of a log from the oldest on, each with the note by which the one before named it."""
    return [
        {"key": str(VerifierKey(origin, SIGNATURE, bytes(key.public))), "handover": key.handover}
        for key in SealKey.objects.order_by("pk")
    ]


def note_of(checkpoint: SealCheckpoint) -> str:
    """Return a checkpoint with the signatures of its witnesses."""
    lines = SealCosignature.objects.filter(checkpoint=checkpoint).order_by("pk").values_list("line", flat=True)
    return with_lines(checkpoint.note, lines)


def bundle_of(seal: Seal, event_id: int, reader: Reader) -> dict[str, Any] | None:
    """Return everything that proves an event, `None` when its row is gone or no checkpoint is over it.

    Args:
        seal: of `seal_of`.
        event_id: which event.
        reader: decides which commitments are opened.
    """
    log, checkpoint = seal.log, seal.checkpoint
    rows = leaf.select("id = %s AND workspace_id = %s", [event_id, log.workspace_id])
    if not rows or checkpoint is None:
        return None
    persons = leaf.read_persons(leaf.persons_named(rows))
    ranges = inclusion_ranges(seal.index, checkpoint.size)
    hashes = prove(ranges, trees.tiles_of(log.pk, ranges))
    return {
        "format": BUNDLE,
        "leaf": leaf.leaf_of(rows[0], persons, bytes(log.salt)).decode(),
        "openings": openings(rows[0], persons, bytes(log.salt), reader),
        "proof": proof_text(seal.index, hashes, note_of(checkpoint)),
        "keys": keys_of(log.origin),
        "witnesses": [str(witness.key) for witness in configured()],
    }


def openings(row: leaf.StoredEvent, persons: leaf.SealedPersons, secret: bytes, reader: Reader) -> dict[str, Any]:
    """Return value and salt of the commitments in a leaf that a reader may see, by the member they stand in.

    Who of the staff acted is told as everywhere, from where they did it to staff only. Live keys, which details of
    earlier versions hold, are for nobody.
    """
    by_staff = row[leaf.ACTOR_KIND] in STAFF_KINDS
    found: dict[str, Any] = {}
    for place, name in zip(leaf.PERSON_COLUMNS, ("actor", "subject", "acted_for"), strict=True):
        person = persons.get(row[place]) if row[place] is not None else None
        hidden = name == "actor" and by_staff and not staff_are_named(staff=reader.staff)
        if person is not None and person.salt is not None and not hidden:
            found[name] = {"salt": person.salt.hex(), "value": person.value.decode()}
    context = reader.context and (reader.staff or not by_staff)
    shown = {"context": context, "detail": not _holds_secrets(row)}
    for name, value_of in leaf.PARTS.items():
        value = value_of(row) if shown[name] else None
        if value is not None:
            found[name] = {"salt": derived_salt(secret, name, row[leaf.ID]).hex(), "value": value.decode()}
    return found


def _holds_secrets(row: leaf.StoredEvent) -> bool:
    """Tell whether a stored detail may hold a live key: of a type nobody knows, or from before they were masked."""
    kind = registry.find(row[leaf.TYPE])
    if kind is None or not kind.secrets or row[leaf.DETAIL] is None:
        return kind is None
    detail = json.loads(row[leaf.DETAIL])
    return bool(mask(kind.id, detail) != detail)


def consistency_of(old: SealCheckpoint, new: SealCheckpoint) -> dict[str, Any]:
    """Return the proof that a checkpoint continues an older one of the same log."""
    ranges = consistency_ranges(old.size, new.size)
    hashes: Sequence[bytes] = prove(ranges, trees.tiles_of(new.log_id, ranges))
    return {
        "format": CONSISTENCY,
        "old": note_of(old),
        "new": note_of(new),
        "proof": [b64(each) for each in hashes],
        "keys": keys_of(new.log.origin),
        "witnesses": [str(witness.key) for witness in configured()],
    }
