"""A whole sealed log as a file: one JSON text a line, every event with its seal, every checkpoint where it belongs.

`verify_log.py` reads it from the first line to the last and keeps nothing in memory, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from django.utils import timezone

from events.seals import leaves as leaf
from events.seals import trees
from events.seals.merkle import HASH, WIDTH
from events.seals.models import SealCheckpoint, SealCosignature, SealLog, SealTile
from events.seals.notes import with_lines
from events.seals.proofs import EXPORT, Reader, keys_of, openings
from events.seals.verify_report import clock
from events.seals.witnesses import configured

TILES: Final = 8
"""Tiles, and so 2,048 events, read at once."""


def sealed_log_lines(log: SealLog, newest: SealCheckpoint, reader: Reader) -> Iterator[bytes]:
    """Yield the lines of a sealed log up to a checkpoint. The number of queries is the same for each piece.

    Args:
        log: which log.
        newest: its newest checkpoint.
        reader: decides which commitments are opened.
    """
    yield _line(
        {
            "format": EXPORT,
            "origin": log.origin,
            "size": newest.size,
            "exported": clock(timezone.now()),
            "keys": keys_of(log.origin),
            "witnesses": [str(witness.key) for witness in configured()],
        }
    )
    before = 0
    for first in range(0, -(-newest.size // WIDTH), TILES):
        tiles = list(
            SealTile.objects.filter(log=log, level=0, number__range=(first, first + TILES - 1)).order_by("number")
        )
        if not tiles:
            return
        end = min(newest.size, (first + TILES) * WIDTH)
        lines, before = _piece(log, tiles, before, end, reader)
        yield b"".join(_woven(lines, _notes(log, first * WIDTH, end, newest)))


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _piece(
    log: SealLog, tiles: list[SealTile], before: int, end: int, reader: Reader
) -> tuple[list[tuple[int, bytes]], int]:
    """Return the lines of some tiles, each with the number of places that are told once it is, and the last id."""
    ids = [event_id for tile in tiles for event_id in trees.unpacked_ids(tile.ids)]
    hashes = b"".join(bytes(tile.hashes) for tile in tiles)
    first = tiles[0].number * WIDTH
    rows = {
        row[leaf.ID]: row
        for row in leaf.select("workspace_id = %s AND id > %s AND id <= %s", [log.workspace_id, before, ids[-1]])
    }
    persons, secret = leaf.read_persons(leaf.persons_named(rows.values())), bytes(log.salt)
    lines = []
    for offset, event_id in enumerate(ids[: end - first]):
        row = rows.pop(event_id, None)
        line: dict[str, Any] = {
            "place": first + offset,
            "id": event_id,
            "hash": hashes[offset * HASH : (offset + 1) * HASH].hex(),
            "leaf": leaf.leaf_of(row, persons, secret).decode() if row is not None else None,
        }
        if row is not None:
            line["openings"] = openings(row, persons, secret, reader)
        lines.append((first + offset + 1, _line(line)))
    # What has no place although its neighbours have one was added; its number says enough.
    placed = set(ids)
    lines += [(end, _line({"id": event_id})) for event_id in sorted(rows) if event_id not in placed]
    return lines, ids[-1]


def _notes(log: SealLog, after: int, end: int, newest: SealCheckpoint) -> dict[int, bytes]:
    """Return, by size, the line of the first checkpoint of each size in a piece, and the newest of all."""
    rows = SealCheckpoint.objects.filter(log=log, size__gt=after, size__lte=end).order_by("size", "pk")
    found: dict[int, SealCheckpoint] = {}
    for row in rows.iterator(chunk_size=1_000):
        found.setdefault(row.size, row)
    kept = {row.pk: row for row in found.values()}
    if newest.size == end:
        kept[newest.pk] = newest
    signed: dict[int, list[str]] = {}
    for pk, line in (
        SealCosignature.objects.filter(checkpoint__in=list(kept)).order_by("pk").values_list("checkpoint", "line")
    ):
        signed.setdefault(pk, []).append(line)
    made: dict[int, bytes] = {}
    for row in sorted(kept.values(), key=lambda each: each.pk):
        note = _line({"checkpoint": with_lines(row.note, signed.get(row.pk, []))})
        made[row.size] = made.get(row.size, b"") + note
    return made


def _woven(lines: list[tuple[int, bytes]], notes: dict[int, bytes]) -> Iterator[bytes]:
    """Yield lines with each checkpoint behind the last event it stands for."""
    for told, line in lines:
        yield line
        if told in notes:
            yield notes.pop(told)
