"""Delimited text: how a file is written decides nothing, and what can't be understood is named by line and column."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.csv_files import csv_parts, safe_cell, unguarded
from kit.delimited import FileRefused, LineError, encoding_of, read_list, read_table, text_of

COLUMNS = {"iccid": ("SIM",), "name": ("Device name",)}
PLAIN = "iccid,name\n1,Pump\n2,Fan\n"
EXPECTED = [("1", "Pump"), ("2", "Fan")]


def rows(content: bytes | str, *, ignore_unknown: bool = False) -> list[tuple[str, str]]:
    """The rows of a file without errors."""
    data = content.encode() if isinstance(content, str) else content
    table = read_table(data, columns=COLUMNS, required=("iccid",), ignore_unknown=ignore_unknown)
    found = [(row.values["iccid"], row.values.get("name", "")) for row in table]
    assert table.errors == []
    return found


def errors(content: bytes | str, *, ignore_unknown: bool = False) -> list[LineError]:
    """What is wrong with a file."""
    data = content.encode() if isinstance(content, str) else content
    try:
        table = read_table(data, columns=COLUMNS, required=("iccid",), ignore_unknown=ignore_unknown)
    except FileRefused as refused:
        return list(refused.errors)
    for _row in table:
        continue
    return table.errors


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.rstrip(),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "\ufeff" + PLAIN,
        codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
        PLAIN.replace(",", "\t").replace("\n", "\r\n").encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + PLAIN.encode("utf-32-le"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "sep=;,,\r\n" + PLAIN.replace(",", ";"),
        "SEP=\t\n" + PLAIN.replace(",", "\t"),
        "\n\n" + PLAIN + "\n\n,,\n",
        "iccid,name,,\n1,Pump,,\n,,,\n2,Fan,,,,\n",
        ",iccid,name\n,1,Pump\n,2,Fan\n",
        'iccid,name\n="1",Pump\n"=""2""",Fan\n',
        "iccid,name\n'1,Pump\n'2,Fan\n",
        '"ICCID", "Device Name"\n"1", "Pump"\n"2","Fan"\n',
        "SIM;device_name\n1;Pump\n2;Fan\n",
        "name,iccid\nPump,1\nFan,2\n",
    ],
)
def test_a_file_is_read_however_it_is_written(content: bytes | str) -> None:
    assert rows(content) == EXPECTED


def test_windows_and_quoted_line_breaks() -> None:
    assert rows("iccid;name\n1;Kühlung Ø\n".encode("cp1252")) == [("1", "Kühlung Ø")]
    table = read_table(b'name,iccid\n"a\nb",1\n\n"c ""d""\n",2\n', columns=COLUMNS, required=("iccid",))
    found = list(table)
    assert [(row.line, row.values["name"], row.line_of("iccid")) for row in found] == [(2, "a\nb", 3), (5, 'c "d"', 6)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [(1, "iccid")]),
        ("name\nPump\n", [(1, "iccid")]),
        ("\n\nname\nPump\n", [(3, "iccid")]),
        ("iccid,colour\n1,red\n", [(1, "colour")]),
        ("iccid,colour,size\n1,red,2,3\n", [(1, "colour"), (1, "size"), (2, "")]),
        ("iccid,ICCID\n1,2\n", [(1, "iccid")]),
        ("iccid,SIM\n1,2\n", [(1, "iccid")]),
        ("iccid,\n1,x\n", [(2, "")]),
        ("iccid,name\n1,2,3\n4,5,6\n", [(2, ""), (3, "")]),
        ('iccid,name\n1,"Pump\n2,Fan\n', [(2, "")]),
        ('iccid,name\n1,"a\nb","Pump\n2,Fan\n', [(3, "")]),
        ('iccid,name\n1,"Pump"x\n', [(2, "")]),
        (f'iccid,name\n1,Pump\n2,"{"x" * 200_000}', [(3, "")]),
        (f"iccid,name\n1,{'x' * 200_000}\n", [(2, "")]),
        (f"iccid,name\n1,{'x' * 10_001}\n2,\n", [(2, "name")]),
        ("iccid,name\n1,a\x00b\n", [(2, "")]),
        (b"iccid,name\n1,\x81\n", [(2, "")]),
        (b"PK\x03\x04\x14\x00", [(1, "")]),
        (codecs.BOM_UTF16_LE + "iccid".encode("utf-16-le")[:-1], [(1, "")]),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column(content: bytes | str, expected: list[tuple[int, str]]) -> None:
    assert [(error.line, error.column) for error in errors(content)] == expected


def test_the_text_says_in_which_character_a_quote_opens() -> None:
    assert "The quote in character 3 is not closed" in errors('iccid,name\n1,"Pump\n2,Fan\n')[0].message
    assert "The quote in character 4 is not closed" in errors('iccid,name\n1,"a\nb","Pump\n2,Fan\n')[0].message


def test_unknown_columns_are_named_and_ignored_on_request() -> None:
    content = "iccid,PIN1,name,PUK1,PIN1\n1,0000,Pump,123,0\n"
    assert [error.column for error in errors(content)] == ["PIN1", "PUK1", "PIN1"]
    table = read_table(content.encode(), columns=COLUMNS, required=("iccid",), ignore_unknown=True)
    assert [row.values for row in table] == [{"iccid": "1", "name": "Pump"}]
    assert (table.ignored, table.errors) == (["PIN1", "PUK1", "PIN1"], [])


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@given(CELL)
def test_what_is_written_into_a_cell_is_read_out_of_it(text: str) -> None:
    assert unguarded(safe_cell(text)) == text


@given(st.lists(st.tuples(CELL, CELL), max_size=8))
def test_an_own_file_is_read_back(values: list[tuple[str, str]]) -> None:
    kept = [each for each in values if any(each)]
    content = "".join(csv_parts(["ICCID", "Device name"], kept))
    assert rows(content) == kept


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    try:
        values = read_list(text_of(content), headings=("ICCID",))
    except FileRefused as error:
        values = [each.message for each in error.errors]
    assert all(values)


@given(st.text(max_size=200), st.integers(1, 7))
def test_an_encoding_is_found_in_pieces_too(text: str, size: int) -> None:
    content = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode() or b"x"
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    if not content.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\x1f\x8b")) and b"\x00" not in content:
        assert encoding_of(pieces) == "utf-8"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1\n2\n", ["1", "2"]),
        ("ICCID\n1\n2\n", ["1", "2"]),
        ("Name,ICCID\nPump,1\nFan,2\n", ["1", "2"]),
        ("ID,ICCID,IMSI\n7,1,3\n8,2,4\n", ["1", "2"]),
        ("ID;iccid\n7;1\n8;\n", ["1"]),
        ("Serial;Name\n1;a\n", ["Serial", "1"]),
        (",1\n,2\n", ["1", "2"]),
        ("1,2,2", ["1", "2"]),
        ('="1"\n', ["1"]),
        ("", []),
    ],
)
def test_of_a_table_the_column_counts_whose_heading_names_the_filter(text: str, values: list[str]) -> None:
    assert read_list(text, headings=("iccid", "ICCID")) == values


def test_the_form_of_the_csv_module_is_read_back() -> None:
    text = io.StringIO()
    csv.writer(text, delimiter="\t").writerows([["iccid", "name"], ["1", 'a\t"b"\nc']])
    assert rows(text.getvalue()) == [("1", 'a\t"b"\nc')]


def test_a_wrong_row_of_a_million_cells_is_looked_through_once() -> None:
    """A file of 4 MB kept a worker busy for a quarter of an hour to say where its quote opens."""
    found = errors(f'iccid,name\n{"a," * 1_000_000}"x\n')
    assert "The quote in character 2000001 is not closed" in found[0].message
    assert len(errors(f"iccid,{'name,' * 100_000}name\n1,2\n")) == 100_000
