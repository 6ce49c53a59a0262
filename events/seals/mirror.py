"""The folder outside the database: for each log its newest checkpoint, one for each hour, and its tiles.

It is laid out as C2SP tlog-tiles demands, so any web server or bucket can publish it. What lies here no longer depends
on the database: the sealer signs nothing that does not continue it, and `verify_log` compares with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Q

from events.seals.merkle import HASH, WIDTH, tile_path, tile_widths
from events.seals.models import SealCheckpoint, SealKey, SealLog, SealTile
from events.seals.notes import Note, NoteError
from kit.files import write_whole

NEWEST: Final = "checkpoint"
HOURS: Final = "checkpoints"
KEYS: Final = "keys"


def folder_of(token: str) -> Path:
    """Return the folder of a log."""
    return Path(settings.SEALS_FOLDER) / token


def newest_outside(token: str) -> Note | None:
    """Return the newest checkpoint that left the database, `None` when there is none.

    Raises:
        NoteError: the file is damaged.
        OSError: the folder can't be read.
    """
    try:
        return Note.parse((folder_of(token) / NEWEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise NoteError("The file is no text.") from error


def tokens_outside() -> Iterator[str]:
    """Yield the tokens of all logs that have a checkpoint in the folder."""
    base = Path(settings.SEALS_FOLDER)
    if base.is_dir():
        for found in sorted(base.iterdir()):
            if (found / NEWEST).is_file():
                yield found.name


def tile_outside(token: str, level: int, number: int) -> bytes | None:
    """Return the hashes of a tile in the folder, full or not; `None` when it is not there."""
    full = folder_of(token) / tile_path(level, number)
    if full.is_file():
        return full.read_bytes()
    partial = full.with_name(f"{full.name}.p")
    if not partial.is_dir():
        return None
    widths = sorted(int(each.name) for each in partial.iterdir() if each.name.isdigit())
    return (partial / str(widths[-1])).read_bytes() if widths else None


def mirror(log: SealLog, checkpoint: SealCheckpoint) -> None:
    """Bring a log's folder up to a checkpoint. One query; tiles go first, so the checkpoint never names absent ones.

    Args:
        log: the log.
        checkpoint: its newest.

    Raises:
        OSError: the folder can't be written.
        NoteError: what is there is damaged.
    """
    folder = folder_of(log.token)
    before = newest_outside(log.token)
    done = before.checkpoint.size if before else 0
    wanted = Q()
    last: dict[int, tuple[int, int]] = {}
    for level, full, width in tile_widths(checkpoint.size):
        first = done >> 8 * (level + 1)
        wanted |= Q(level=level, number__gte=first, number__lte=full)
        last[level] = (full, width)
    if checkpoint.size > done:
        rows = SealTile.objects.filter(wanted, log=log).values_list("level", "number", "hashes")
        for level, number, hashes in rows.iterator(chunk_size=200):
            full, width = last[level]
            keep = WIDTH if number < full else width
            if keep:
                _put_tile(folder, level, number, bytes(hashes)[: keep * HASH])
    hour = folder / HOURS / checkpoint.moment.strftime("%Y%m%dT%H")
    _put(hour, checkpoint.note.encode())
    _put(folder / NEWEST, checkpoint.note.encode())


def publish_keys(text: str) -> None:
    """Write the list of public keys into the folder, if it says something new.

    Raises:
        OSError: the folder can't be written.
    """
    path = Path(settings.SEALS_FOLDER) / KEYS
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _put(path, text.encode())


def keys_text() -> str:
    """Return the public keys in the order of their time, each with the note by which the one before named it."""
    parts = []
    for key in SealKey.objects.order_by("pk"):
        until = key.until.isoformat() if key.until else "now"
        parts.append(f"ed25519 {bytes(key.public).hex()} {key.since.isoformat()} {until}\n{key.handover}")
    return "\n".join(parts)


def _put_tile(folder: Path, level: int, number: int, hashes: bytes) -> None:
    width = len(hashes) // HASH
    path = folder / tile_path(level, number, width)
    whole = folder / tile_path(level, number)
    partial = whole.with_name(f"{whole.name}.p")
    _put(path, hashes)
    if width == WIDTH:
        shutil.rmtree(partial, ignore_errors=True)
        return
    for older in partial.iterdir():
        if older != path and older.name.isdigit():
            older.unlink(missing_ok=True)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_whole(path, data)
