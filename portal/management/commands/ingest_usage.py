"""`manage.py ingest_usage FILE`: take in usage records from a file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from django.core.management import BaseCommand, CommandError

from kit.context import NETWORK, Surface, acting_as
from kit.delimited import FileRefused
from sims.usage.files import csv_records, json_records, opened
from sims.usage.services.ingest import CHUNK, IngestResult, ingest

SHOWN: Final = 20
"""Rejected records that are printed; `--rejected FILE` takes all of them."""


class Command(BaseCommand):
    """Takes what `POST /api/v1/usage` takes, from NDJSON or CSV; records counted before are skipped."""

    help = (
        "Take in usage records from a file: NDJSON (one record a line), or CSV whose columns are named like the keys, "
        "with dots: id, sim.iccid, traffic_type.id, volume.total, end_timestamp. Packed ones (gzip) are unpacked."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The file, its form, and where rejected records go."""
        parser.add_argument("file", help="path of the file; - reads standard input")
        parser.add_argument("--format", choices=("ndjson", "csv"), help="told by the name unless given")
        parser.add_argument("--rejected", metavar="FILE", help="write what was rejected there, as NDJSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the records, count them, and say what became of them.

        Raises:
            CommandError: the file cannot be read.
        """
        name: str = options["file"]
        form = options["format"] or ("csv" if name.removesuffix(".gz").lower().endswith(".csv") else "ndjson")
        started = time.monotonic()
        progress = _Progress(self.stderr)
        try:
            with opened(name) as file:
                records = csv_records(file) if form == "csv" else json_records(file)
                with acting_as(NETWORK, surface=Surface.COMMAND):
                    report = ingest(progress.over(records))
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error}") from error
        except FileRefused as error:
            raise CommandError("\n".join([f"{name} cannot be read: {error.message}", *_told(error)])) from error
        finally:
            progress.end()
        self._tell(report, time.monotonic() - started, options["rejected"])

    def _tell(self, report: IngestResult, seconds: float, path: str | None) -> None:
        total = report.accepted + report.duplicates + len(report.rejected)
        self.stdout.write(
            f"{total:,} records in {seconds:.1f} s: {report.accepted:,} accepted,"
            f" {report.duplicates:,} duplicates, {len(report.rejected):,} rejected"
        )
        if path:
            Path(path).write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in report.rejected))
        else:
            for rejection in report.rejected[:SHOWN]:
                self.stdout.write(f"  record {rejection['index'] + 1}, id {rejection['id']}: {rejection['error']}")
            if len(report.rejected) > SHOWN:
                self.stdout.write(f"  and {len(report.rejected) - SHOWN:,} more; --rejected FILE writes all of them")


def _told(error: FileRefused) -> list[str]:
    """Return what is wrong, line by line."""
    places = [
        f"  line {each.line}{each.column and f', {each.column}'}: {each.message}" for each in error.errors[:SHOWN]
    ]
    more = len(error.errors) - SHOWN
    return [*places, f"  and {more:,} more"] if more > 0 else places


class _Progress:
    """A line on a terminal that counts; elsewhere nothing."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._terminal = sys.stderr.isatty()

    def over(self, records: Iterator[Any]) -> Iterator[Any]:
        """Pass records on, counting."""
        for count, record in enumerate(records, 1):
            if self._terminal and count % CHUNK == 0:
                self._stream.write(f"\r{count:,} records read", ending="")
                self._stream.flush()
            yield record

    def end(self) -> None:
        """Clear the line."""
        if self._terminal:
            self._stream.write("\r\x1b[K", ending="")
