"""Files that other processes, on other machines too, read and write at the same time."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, *, mode: int = 0o666, replace: bool = True) -> None:
    """Write a file so that whoever reads it finds the old or the new one, whole, also after a power cut.

    Args:
        path: of the file; its folder exists.
        data: what it holds.
        mode: its permissions, less the umask.
        replace: whether a file that is there gives way; otherwise it stays: the first of two writers wins.
    """
    own = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            own.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
