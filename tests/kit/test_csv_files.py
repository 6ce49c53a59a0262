"""CSV files: nothing in them is a formula, and they are sent while they are read."""

import csv
import io
from collections.abc import Iterator

import pytest

from kit.csv_files import LINES_A_PART, csv_parts, safe_cell, unguarded


@pytest.mark.parametrize("sign", [*"=+-@", *"\uff1d\uff0b\uff0d\uff20"])
@pytest.mark.parametrize("before", ["", "  ", " \t", "\u3000"])
def test_what_could_be_a_formula_gets_an_apostrophe(sign: str, before: str) -> None:
    assert safe_cell(f"{before}{sign}1") == f"'{before}{sign}1"


@pytest.mark.parametrize("sign", ["\t", "\r", "\n"])
def test_and_so_does_what_begins_with_a_control_sign(sign: str) -> None:
    assert safe_cell(f"{sign}x") == f"'{sign}x"


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (7, "7"), ("a=1", "a=1"), (" plain", " plain"), ("", "")])
def test_everything_else_stays(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_a_file_begins_before_its_rows_are_read() -> None:
    read = 0

    def rows() -> Iterator[list[object]]:
        nonlocal read
        for read in range(1, 2 * LINES_A_PART + 2):
            yield [read, 'a "quoted", text', "=1"]

    parts = csv_parts(["ID", "Text", "+"], rows())
    assert (next(parts), read) == ("\ufeffID,Text,'+\r\n", 0)
    first = next(parts)
    assert read == LINES_A_PART
    lines = list(csv.reader(io.StringIO(first + "".join(parts))))
    assert lines == [[str(n), 'a "quoted", text', "'=1"] for n in range(1, 2 * LINES_A_PART + 2)]


@pytest.mark.parametrize("text", ["'" * 20_000, "'" * 20_000 + "=1", "''8988", "''plain", '\'="8988"'])
def test_any_number_of_apostrophes_is_read_back(text: str) -> None:
    """A note of a thousand apostrophes is a note, and the file that holds it is whole."""
    assert unguarded(safe_cell(text)) == text
