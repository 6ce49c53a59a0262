"""CSV files: made part by part while their rows are read, and of no cell that a spreadsheet takes for a formula.

They are read back by `kit.delimited`.
"""

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


_NUMBER_GUARD = re.compile(r'="([^"]*)"')
_DIGITS = re.compile(r"[+0-9][0-9 ]*")


def safe_cell(value: object) -> str:
    """Return a value as text that a spreadsheet shows as it is: an apostrophe stands before what could be a formula.

    `unguarded` gives back what was written.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) or unguarded(text) != text else text


def unguarded(text: str) -> str:
    """Return the text of a cell without what keeps a spreadsheet from reading it: `="8988…"`, or an apostrophe."""
    if text.startswith("'"):
        # An apostrophe is a guard where what follows needs one, or is itself guarded, however often.
        kept = text.lstrip("'")
        guards = _FORMULA.match(kept) or _DIGITS.fullmatch(kept) or _NUMBER_GUARD.fullmatch(kept)
        return text[1:] if guards else text
    number = _NUMBER_GUARD.fullmatch(text)
    return number[1] if number else text


def csv_parts(head: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield a CSV file, the first part with its head before any row is read. It begins with a byte order mark.

    Args:
        head: names of the columns.
        rows: read as they are needed.
    """
    lines = iter(rows)
    part: list[Iterable[object]] = [head]
    mark = BYTE_ORDER_MARK
    while part:
        text = io.StringIO()
        csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in part)
        yield mark + text.getvalue()
        part, mark = list(islice(lines, LINES_A_PART)), ""
