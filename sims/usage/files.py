"""Files of usage records: NDJSON and CSV, plain or gzip.

A file is looked through to its end before any of its records is counted, so what is cut off or broken counts nothing.
"""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.utils.translation import gettext as _

from kit.api.parsing import exact_json
from kit.delimited import FileRefused, LineError, TableReader, encoding_of

_PIECE: Final = 1024 * 1024  # bytes
_REQUIRED: Final = ("id", "traffic_type.id", "end_timestamp")
_GZIP_MARK: Final = b"\x1f\x8b"


@contextmanager
def opened(name: str) -> Iterator[IO[str]]:
    """Open a file of records as text, unpacked and decoded to its end once already.

    Args:
        name: path of the file; "-" reads standard input. Whether it is gzip, its first bytes say.

    Raises:
        OSError: it cannot be opened.
        FileRefused: it is cut off, or no text.
    """
    with TemporaryFile() as whole:
        if name == "-":
            shutil.copyfileobj(sys.stdin.buffer, whole)
        else:
            with open(name, "rb") as source:
                shutil.copyfileobj(source, whole)
        whole.seek(0)
        packed = whole.read(len(_GZIP_MARK)) == _GZIP_MARK
        whole.seek(0)
        if not packed:
            yield _as_text(whole)
            return
        with TemporaryFile() as unpacked:
            try:
                shutil.copyfileobj(gzip.GzipFile(fileobj=whole), unpacked)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                text = _("The gzip file is cut off or damaged. Fetch it again.")
                raise FileRefused([LineError(1, "", text)], message=text) from error
            unpacked.seek(0)
            yield _as_text(unpacked)


def _as_text(file: IO[bytes]) -> IO[str]:
    encoding = encoding_of(iter(lambda: file.read(_PIECE), b""))
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, newline=None)


def json_records(file: IO[str]) -> Iterator[Any]:
    """Yield a record for each line. A line that is no JSON becomes one that is rejected by its place."""
    for place, line in enumerate(file):
        text = line if place else line.lstrip("\ufeff")
        if text.strip():
            try:
                yield exact_json(text)
            except ValueError:
                yield None


def csv_records(file: IO[str]) -> Iterator[dict[str, Any]]:
    """Return a record for each row: a column `volume.total` is the key `total` in `volume`.

    Raises:
        FileRefused: a column is missing, or a row cannot be read; nothing has been returned then.
    """
    table = _table(file)
    for _row in table:
        continue
    if table.errors:
        raise FileRefused(table.errors)
    file.seek(0)
    return (_record(row.values) for row in _table(file))


def _table(file: IO[str]) -> TableReader:
    table = TableReader(file, columns=None, required=_REQUIRED)
    there = set(table.columns)
    missing = [] if there & {"sim.iccid", "sim.id"} else ["sim.iccid"]
    missing += [] if "volume.total" in there or {"volume.rx", "volume.tx"} <= there else ["volume.total"]
    if missing:
        raise FileRefused([LineError(1, name, _("The column is missing.")) for name in missing])
    return table


def _record(values: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in values.items():
        if value == "":
            continue
        head, dot, rest = name.partition(".")
        if dot:
            inner = record.setdefault(head, {})
            if isinstance(inner, dict):
                inner[rest] = value
        else:
            record[head] = value
    return record
