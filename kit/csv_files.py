"""CSV files: made part by part while their rows are read, and of no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

LINES_A_PART: Final = 500
"""Lines that are sent at once."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""Tells a spreadsheet that the file is UTF-8."""

# A sign counts behind spaces too, and so do the full-width ones: spreadsheets read them alike.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def safe_cell(value: object) -> str:
    """Return a value as text that a spreadsheet shows as it is: an apostrophe stands before what could be a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def csv_parts(head: Iterable[object], rows: Iterable[Iterable[object]], *, marked: bool = True) -> Iterator[str]:
    """Yield a CSV file, the first part with its head before any row is read.

    Args:
        head: names of the columns.
        rows: read as they are needed.
        marked: whether the file begins with a byte order mark, for spreadsheets; programs rather have none.
    """
    lines = iter(rows)
    part: list[Iterable[object]] = [head]
    mark = BYTE_ORDER_MARK if marked else ""
    while part:
        text = io.StringIO()
        csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in part)
        yield mark + text.getvalue()
        part, mark = list(islice(lines, LINES_A_PART)), ""
