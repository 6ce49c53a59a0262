"""A lock between the processes of one run; needs nothing of Django."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time pass."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
