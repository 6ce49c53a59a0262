"""Merkle trees of RFC 9162 (section 2.1) over SHA-256, stored as C2SP tiles of 256 hashes.

A proof is a list of the hashes of ranges of leaves; each such range is whole subtrees, and a whole subtree of height h
is found in the tile of level h // 8. So a proof first says which tiles it needs, is given them all at once, and is
computed from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

HASH: Final = 32
WIDTH: Final = 256
_BITS: Final = 8
EMPTY: Final = hashlib.sha256(b"").digest()
"""Root of a tree without leaves."""

TileKey = tuple[int, int]
"""Level and number of a tile."""
Tiles = Mapping[TileKey, bytes]


class Leaves(NamedTuple):
    """A range of leaves, `start` to `end` (not included)."""

    start: int
    end: int


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node: SHA-256 of 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def whole_root(hashes: bytes) -> bytes:
    """Return the root over hashes whose number is a power of two.

    Args:
        hashes: 32 bytes each.
    """
    sha256 = hashlib.sha256
    while len(hashes) > HASH:
        pairs = range(0, len(hashes), 2 * HASH)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 2 * HASH]).digest() for at in pairs])
    return hashes


def inclusion_ranges(index: int, size: int) -> list[Leaves]:
    """Return the ranges whose hashes prove that a leaf is in a tree, from the leaf upwards (RFC 9162, 2.1.3.1).

    Args:
        index: of the leaf, from 0.
        size: of the tree; greater than `index`.
    """
    path, start, end = [], 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(Leaves(split, end))
            end = split
        else:
            path.append(Leaves(start, split))
            start = split
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Leaves]:
    """Return the ranges whose hashes prove that a tree grew out of another (RFC 9162, 2.1.4.1).

    Args:
        old, new: sizes; a proof from an empty tree, or to the same one, is empty.
    """
    if not 0 < old < new:
        return []
    path, start, end, complete = [], 0, new, True
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            path.append(Leaves(split, end))
            end = split
        else:
            path.append(Leaves(start, split))
            start, complete = split, False
    return ([] if complete else [Leaves(start, end)]) + path[::-1]


def _split(count: int) -> int:
    """Return the greatest power of two below a number."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtrees(leaves: Leaves) -> Iterator[tuple[int, int]]:
    """Yield height and number of the whole subtrees of a range that begins where its largest may, from the left."""
    at, end = leaves
    while at < end:
        height = (end - at).bit_length() - 1
        yield height, at >> height
        at += 1 << height


def _stored(height: int, number: int) -> tuple[TileKey, int, int]:
    """Return where a subtree is stored: the tile, its first hash there, and how many hashes it is made of."""
    level, above = divmod(height, _BITS)
    first = number << above
    return (level, first // WIDTH), first % WIDTH, 1 << above


def tiles_needed(ranges: Iterable[Leaves]) -> set[TileKey]:
    """Return the tiles from which the hashes of ranges can be computed."""
    return {_stored(*subtree)[0] for leaves in ranges for subtree in _subtrees(leaves)}


def range_hash(leaves: Leaves, tiles: Tiles) -> bytes:
    """Return the hash of a range of leaves.

    Args:
        leaves: the range.
        tiles: hashes by level and number, at least those of `tiles_needed`.

    Raises:
        KeyError: a tile is missing.
        ValueError: a tile is too short.
    """
    found = []
    for subtree in _subtrees(leaves):
        key, first, count = _stored(*subtree)
        hashes = bytes(tiles[key])[first * HASH : (first + count) * HASH]
        if len(hashes) != count * HASH:
            raise ValueError(f"Tile {key[0]}/{key[1]} ends too early.")
        found.append(whole_root(hashes))
    if not found:
        return EMPTY
    root = found.pop()
    while found:
        root = node_hash(found.pop(), root)
    return root


def prove(ranges: Sequence[Leaves], tiles: Tiles) -> list[bytes]:
    """Return the hashes of a proof. Arguments and errors as `range_hash`."""
    return [range_hash(leaves, tiles) for leaves in ranges]


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Return the address of a tile below its log's, as C2SP tlog-tiles lays it out, e.g. "tile/0/x001/067.p/12"."""
    last, rest = f"{number % 1000:03d}", number // 1000
    while rest:
        last, rest = f"x{rest % 1000:03d}/{last}", rest // 1000
    return f"tile/{level}/{last}" if width == WIDTH else f"tile/{level}/{last}.p/{width}"


def tile_widths(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, number of full tiles, and width of the partial tile after them, for a tree of this size."""
    level, count = 0, size
    while count:
        yield level, count // WIDTH, count % WIDTH
        level, count = level + 1, count // WIDTH
