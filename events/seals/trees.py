"""The trees in the database: reading their tiles, and letting them grow."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import byteorder
from typing import Final, NamedTuple

from django.db import connection

from events.seals.merkle import (
    HASH,
    WIDTH,
    Leaves,
    TileKey,
    range_hash,
    tiles_needed,
    whole_root,
)
from events.seals.models import SealTile

_AT_ONCE: Final = 2_000
"""Tiles that one statement reads or writes."""

LogTileKey = tuple[int, int, int]
"""Id of the log, level and number of a tile."""


class NewLeaf(NamedTuple):
    """A leaf that gets its place."""

    event_id: int
    hash: bytes


class Edge(NamedTuple):
    """The last tile of a level, while it is not full."""

    hashes: bytes
    ids: bytes


def packed_ids(ids: Iterable[int]) -> bytes:
    """Return ids as tiles keep them: 8 bytes each, most significant first."""
    values = array("q", ids)
    if byteorder == "little":
        values.byteswap()
    return values.tobytes()


def unpacked_ids(data: bytes | memoryview) -> list[int]:
    """Return the ids that a tile keeps."""
    values = array("q")
    values.frombytes(bytes(data))
    if byteorder == "little":
        values.byteswap()
    return values.tolist()


def read_tiles(wanted: Iterable[LogTileKey]) -> dict[LogTileKey, bytes]:
    """Return the hashes of tiles; what is not there is left out. One query for each two thousand tiles."""
    keys = sorted(set(wanted))
    found: dict[LogTileKey, bytes] = {}
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        marks = ", ".join(["(%s, %s, %s)"] * len(part))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT log_id, level, number, hashes FROM events_sealtile"  # noqa: S608 - only marks
                f" WHERE (log_id, level, number) IN (VALUES {marks})",
                [value for key in part for value in key],
            )
            for log_id, level, number, hashes in cursor.fetchall():
                found[log_id, level, number] = bytes(hashes)
    return found


def tiles_of(log_id: int, ranges: Sequence[Leaves]) -> dict[TileKey, bytes]:
    """Return the tiles that the hashes of ranges of one log need. One query."""
    found = read_tiles((log_id, *key) for key in tiles_needed(ranges))
    return {(level, number): hashes for (_log, level, number), hashes in found.items()}


def roots(sizes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the roots of logs at sizes. One query for each two thousand tiles.

    Args:
        sizes: id of the log and size, at most what the log has.

    Raises:
        KeyError, ValueError: tiles are missing.
    """
    wanted = list(sizes)
    needed = {(log, *key) for log, size in wanted for key in tiles_needed([Leaves(0, size)])}
    tiles = read_tiles(needed)
    return {(log, size): range_hash(Leaves(0, size), _OneLog(log, tiles)) for log, size in wanted}


class _OneLog(Mapping[TileKey, bytes]):
    """The tiles of one log among those of many."""

    def __init__(self, log_id: int, tiles: Mapping[LogTileKey, bytes]) -> None:
        self._log_id, self._tiles = log_id, tiles

    def __getitem__(self, key: TileKey) -> bytes:
        return self._tiles[self._log_id, *key]

    def __iter__(self) -> Iterator[TileKey]:
        return ((level, number) for log_id, level, number in self._tiles if log_id == self._log_id)

    def __len__(self) -> int:
        return sum(key[0] == self._log_id for key in self._tiles)


def read_edges(log_ids: Sequence[int]) -> dict[int, dict[int, Edge]]:
    """Return the tiles of logs that are not full, by log and level. One query."""
    found: dict[int, dict[int, Edge]] = {}
    rows = SealTile.objects.filter(log_id__in=log_ids, width__lt=WIDTH)
    for log_id, level, hashes, ids in rows.values_list("log_id", "level", "hashes", "ids"):
        found.setdefault(log_id, {})[level] = Edge(bytes(hashes), bytes(ids))
    return found


def grown(log_id: int, size: int, edges: Mapping[int, Edge], leaves: Sequence[NewLeaf]) -> list[SealTile]:
    """Return the tiles that are new or longer once a tree has further leaves.

    Args:
        log_id: of the tree.
        size: of the tree until now.
        edges: its tiles that are not full, by level.
        leaves: what comes after.
    """
    made: list[SealTile] = []
    level, hashes = 0, [leaf.hash for leaf in leaves]
    ids = packed_ids(leaf.event_id for leaf in leaves)
    while hashes:
        place, done, carried = size >> 8 * level, 0, []
        while done < len(hashes):
            number, offset = divmod(place + done, WIDTH)
            count = min(WIDTH - offset, len(hashes) - done)
            edge = edges[level] if offset and not done else Edge(b"", b"")
            if len(edge.hashes) != offset * HASH:
                raise ValueError(f"Tile {level}/{number} of log {log_id} does not end where the log does.")
            joined = edge.hashes + b"".join(hashes[done : done + count])
            own = edge.ids + ids[8 * done : 8 * (done + count)] if level == 0 else b""
            made.append(_tile(log_id, level, number, joined, own))
            if offset + count == WIDTH:
                carried.append(whole_root(joined))
            done += count
        level, hashes = level + 1, carried
    return made


def _tile(log_id: int, level: int, number: int, hashes: bytes, ids: bytes) -> SealTile:
    return SealTile(
        log_id=log_id,
        level=level,
        number=number,
        width=len(hashes) // HASH,
        low=int.from_bytes(ids[:8], signed=True) if ids else None,
        high=int.from_bytes(ids[-8:], signed=True) if ids else None,
        hashes=hashes,
        ids=ids,
    )


def store(tiles: Sequence[SealTile]) -> None:
    """Write tiles that are new or longer. One statement for each two thousand."""
    SealTile.objects.bulk_create(
        tiles,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["log", "level", "number"],
        update_fields=["width", "low", "high", "hashes", "ids"],
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: the log, and its index there from 0."""

    log_id: int
    index: int
    hash: bytes


def place_of(log_id: int, event_id: int) -> Place | None:
    """Return the place of an event in a log, `None` while it has none. One query."""
    tile = (
        SealTile.objects.filter(log_id=log_id, level=0, high__gte=event_id)
        .order_by("high")
        .values_list("number", "hashes", "ids")
        .first()
    )
    if tile is None:
        return None
    number, hashes, ids = tile
    at = bytes(ids).find(packed_ids([event_id]))
    while at % 8 and at > 0:
        at = bytes(ids).find(packed_ids([event_id]), at + 1)
    if at < 0:
        return None
    position = at // 8
    return Place(log_id, number * WIDTH + position, bytes(hashes)[position * HASH : (position + 1) * HASH])
