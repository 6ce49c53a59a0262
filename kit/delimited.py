"""Delimited text from outside: CSV, TSV and lists, as spreadsheets, suppliers and other programs write them.

Every upload is read here. What a file holds is the sender's; how it is written decides nothing: any line end, UTF-8
(with or without mark), UTF-16 and Windows-1252, commas, semicolons or tabs, guards against number formats, empty lines
and columns around the data. What can't be understood is refused by line and column as an editor shows them, all errors
of a file at once (`docs/rules.md` section 24).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kit.csv_files import unguarded
from kit.errors import Invalid

LONGEST_CELL: Final = 10_000
"""Characters of a cell. Nothing that is read here is longer; an endless cell is a quote that nobody closed."""
SEPARATORS: Final = ",;\t"
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([,;\t|])"?[,;\t ]*', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and what they say; that of UTF-32 begins like that of UTF-16 and comes first."""
_ARCHIVES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")
"""How .xlsx and .ods, .xls, and gzip files begin."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SPACES: Final = re.compile(r" *")
_GROUPED: Final = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in one place of a file.

    Args:
        line: number as an editor shows it, the first line is 1.
        column: heading of the column, empty when the whole line is meant.
        message: what is wrong and what to do.
    """

    line: int
    column: str
    message: str


class FileRefused(Invalid):
    """A file has errors, so nothing of it was taken.

    Args:
        errors: all of them.
        message: the sentence for the whole file.
    """

    def __init__(self, errors: Sequence[LineError], *, message: str = "", field: str = "file") -> None:
        count = len({error.line for error in errors})
        text = message or ngettext(
            "%(count)s line of the file has errors; nothing was taken from it.",
            "%(count)s lines of the file have errors; nothing was taken from it.",
            count,
        ) % {"count": f"{count:,}"}
        super().__init__(text, code="file_refused", field=field)
        self.errors = sorted(errors, key=lambda error: error.line)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the data.

    Args:
        line: where it begins.
        values: by column, without what spreadsheets put around them; a column that the line lacks is empty.
        lines: where the cells of a line with line breaks begin, by column.
    """

    line: int
    values: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, column: str) -> int:
        """Return the line in which the cell of a column begins."""
        return self.lines.get(column, self.line)


# --- bytes to lines ---


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Return how a text is encoded; its whole is looked at, so that decoding it never fails.

    Args:
        chunks: its bytes.

    Raises:
        FileRefused: it is no text.
    """
    parts = iter(chunks)
    first = next(parts, b"")
    if first.startswith(_ARCHIVES):
        text = _("This is a workbook or an archive and no text file. Save the sheet as CSV UTF-8, or unpack it.")
        raise FileRefused([LineError(1, "", text)], message=text)
    marked = next((name for mark, name in _MARKS if first.startswith(mark)), None) or _unmarked_utf16(first)
    tried = {name: codecs.getincrementaldecoder(name)() for name in ([marked] if marked else ["utf-8", "cp1252"])}
    lines = dict.fromkeys(tried, 1)
    wrong: dict[str, int] = {}
    part: bytes | None = first
    while part is not None and tried:
        following = next(parts, None)
        for name, decoder in list(tried.items()):
            try:
                text = decoder.decode(part, final=following is None)
            except UnicodeDecodeError as error:
                wrong[name] = lines[name] + error.object[: error.start].count(b"\n")
                del tried[name]
            else:
                lines[name] += text.count("\n")
        part = following
    if tried:
        return next(iter(tried))
    text = _("The file is no text in UTF-8, UTF-16 or Windows-1252. Save it as CSV UTF-8.")
    raise FileRefused([LineError(max(wrong.values()), "", text)], message=text)


def _unmarked_utf16(first: bytes) -> str | None:
    """Return the kind of UTF-16 whose mark got lost: every second byte of its beginning is 0."""
    head = first[:200]
    for name, zeros, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if len(head) >= 4 and zeros.count(0) * 2 > len(zeros) and not letters.count(0):
            return name
    return None


def text_of(content: bytes) -> str:
    """Return the text of a file, its line ends as `\\n`. Raises FileRefused for what is none."""
    return content.decode(encoding_of([content])).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


# --- lines to rows ---


class Broken(ValueError):
    """A place from which on a file can't be read; `error` says where."""

    def __init__(self, error: LineError) -> None:
        super().__init__(error.message)
        self.error = error


class _Lines:
    """The lines of a file, counted, with those of the present row."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []
        self.count = 0
        self.row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.count += 1
        if self.count == 1:
            line = line.lstrip("\ufeff")
        if found := _CONTROL.search(line):
            text = _("Character %(place)s is a control character. This is no text file; save it as CSV UTF-8.")
            raise Broken(LineError(self.count, "", text % {"place": found.start() + 1}))
        self.row.append(line)
        return line

    def give_back(self, line: str) -> None:
        self._back.append(line)
        self.count -= 1
        self.row.clear()


def cells_of(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line in which a row begins and its cells as they are written; rows without anything are left out.

    Args:
        lines: with their ends, which are `\\n`.

    Raises:
        Broken: a quote is not closed, or a cell is without end.
    """
    source = _Lines(lines)
    separator = _separator(source)
    reader = csv.reader(source, delimiter=separator, skipinitialspace=separator != " ", strict=True)
    while True:
        source.row.clear()
        begin = source.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Broken(_diagnosis("".join(source.row), separator, begin)) from error
        if any(cell.strip() for cell in cells):
            yield begin, cells


def _separator(source: _Lines) -> str:
    """Return the separator that a file names in its first line (`sep=;`), else the one its first lines have most of."""
    first = next((line for line in source if line.strip()), None)
    if first is None:
        return SEPARATORS[0]
    if named := _SEPARATOR_LINE.fullmatch(first.rstrip("\n")):
        return named[1]
    source.give_back(first)
    return max(SEPARATORS, key=_QUOTED.sub("", first).count)


def _diagnosis(text: str, separator: str, begin: int) -> LineError:
    """Say what is wrong with a row that can't be read: where its quote opens, or that a cell never ends."""
    endless = _("The cell that begins with character %(place)s is longer than any value. Is a quote missing?")
    message, at, opened = _("The line cannot be read from character %(place)s on."), 0, 0
    bare = re.compile(rf"[^\n{re.escape(separator)}]*")
    while at <= len(text):
        begun = at = _end(_SPACES, text, at)
        if text[at : at + 1] == '"':
            closed = _QUOTED.match(text, at)
            at = closed.end() if closed else len(text)
            if closed is None or text[at : at + 1] not in ("", "\n", separator):
                opened = begun
                message = _(
                    "The quote in character %(place)s is not closed where its cell ends. Close it, or write a quote "
                    "inside a cell twice."
                )
                break
        else:
            at = _end(bare, text, at)
        if at - begun > LONGEST_CELL:
            opened, message = begun, endless
            break
        at += 1
    before = text[:opened]
    place = opened - (before.rfind("\n") + 1) + 1
    return LineError(begin + before.count("\n"), "", message % {"place": place})


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a pattern that fits everywhere ends, from a place on. Looking further would cost its length."""
    found = pattern.match(text, at)
    return at if found is None else found.end()


# --- rows to values ---


class TableReader:
    """Reads a table with a heading line, row by row.

    What is wrong in single places is gathered in `errors` while the rows are read; whoever reads them all refuses the
    file then, with errors of its own.

    Args:
        lines: of the file.
        columns: the columns that mean something, each with the further headings it is known by; `None` takes every
            column by its heading.
        required: columns that must be there.
        ignore_unknown: whether columns that mean nothing are left out instead of being errors.

    Attributes:
        ignored: headings of the columns that were left out.
        errors: what is wrong so far.

    Raises:
        FileRefused: the heading line is wrong, or there is none.
    """

    def __init__(
        self,
        lines: Iterable[str],
        *,
        columns: Mapping[str, Collection[str]] | None,
        required: Collection[str] = (),
        ignore_unknown: bool = False,
    ) -> None:
        self.errors: list[LineError] = []
        self.ignored: list[str] = []
        self._rows = cells_of(lines)
        self._columns = columns
        try:
            self._line, heads = next(self._rows, (1, []))
        except Broken as broken:
            raise FileRefused([broken.error]) from broken
        self._names = self._named([" ".join(unguarded(head.strip()).split()) for head in heads], ignore_unknown)
        missing = [name for name in required if name not in self._names]
        if missing:
            there = ", ".join(name for name in self._names if name) or _("none")
            text = _("The column is missing. The columns of the file are: %(there)s.") % {"there": there}
            raise FileRefused([*self.errors, *(LineError(self._line, name, text) for name in missing)])

    @property
    def columns(self) -> list[str]:
        """The columns that are read, in the order of the file."""
        return [name for name in self._names if name]

    def _named(self, heads: list[str], ignore_unknown: bool) -> list[str | None]:
        """Return the column that each place holds; `None` for what is left out, "" for what has no heading."""
        known = (
            None
            if self._columns is None
            else {like(heading): name for name, others in self._columns.items() for heading in (name, *others)}
        )
        found: list[str | None] = []
        there: set[str | None] = set()
        for head in heads:
            name = head if known is None or not head else known.get(like(head))
            if name is None and ignore_unknown:
                self.ignored.append(head)
            elif name is None:
                text = _("Unknown column; known are %(all)s. Delete it, or let unknown columns be ignored.")
                self._wrong(self._line, head, text % {"all": ", ".join(self._columns or ())})
            elif name and name in there:
                self._wrong(self._line, name, _("The column stands twice. Delete one of the two."))
                name = None
            found.append(name)
            there.add(name)
        return found

    def _wrong(self, line: int, column: str, message: str) -> None:
        self.errors.append(LineError(line, column, message))

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows. What is wrong, and what follows a broken row, is left out and told in `errors`."""
        try:
            for line, cells in self._rows:
                if (row := self._row(line, cells)) is not None:
                    yield row
        except Broken as broken:
            self.errors.append(broken.error)

    def _row(self, line: int, cells: list[str]) -> Row | None:
        values = dict.fromkeys(self.columns, "")
        lines: dict[str, int] = {}
        known, at = len(self.errors), line
        for place, cell in enumerate(cells):
            name = self._names[place] if place < len(self._names) else ""
            text = unguarded(cell.strip())
            if name == "" and text:
                where = {"place": place + 1, "value": text[:40]}
                self._wrong(at, "", _("Cell %(place)s has no heading above it: “%(value)s”.") % where)
                break
            if name and len(text) > LONGEST_CELL:
                most = {"count": f"{len(text):,}", "most": f"{LONGEST_CELL:,}"}
                self._wrong(at, name, _("The cell has %(count)s characters; at most %(most)s are possible.") % most)
            elif name:
                values[name] = text
            if at != line and name:
                lines[name] = at
            at += cell.count("\n")
        return Row(line, values, lines) if len(self.errors) == known and any(values.values()) else None


def like(heading: str) -> str:
    """Return a heading as headings are compared: without case, spaces, hyphens, and the zone behind it."""
    return _GROUPED.sub("", heading.casefold().removesuffix("(utc)"))


def read_table(
    content: bytes, *, columns: Mapping[str, Collection[str]], required: Collection[str], ignore_unknown: bool = False
) -> TableReader:
    """Return the reader of a file in memory. See `TableReader`.

    Raises:
        FileRefused: it is no text, or its heading line is wrong.
    """
    lines = io.StringIO(text_of(content))
    return TableReader(lines, columns=columns, required=required, ignore_unknown=ignore_unknown)


def read_list(text: str, *, headings: Collection[str] = ()) -> list[str]:
    """Return the values of a list: one a line, or one row, or the column of a table whose heading names them.

    Args:
        text: of a file, or pasted; its line ends are `\\n`.
        headings: names of what is listed, the best first. Without any of them the first column counts.

    Raises:
        FileRefused: it cannot be read.
    """
    try:
        rows = [[unguarded(cell.strip()) for cell in cells] for _line, cells in cells_of(io.StringIO(text))]
    except Broken as broken:
        text = _("Line %(line)s: %(message)s") % {"line": broken.error.line, "message": broken.error.message}
        raise FileRefused([broken.error], message=text) from broken
    if not rows:
        return []
    names = [like(cell) for cell in rows[0]]
    place = next((names.index(each) for each in map(like, headings) if each in names), None)
    if place is not None:
        cells = [row[place] for row in rows[1:] if place < len(row)]
    elif len(rows) == 1:
        cells = rows[0]
    else:
        filled = min(place for row in rows for place, cell in enumerate(row) if cell)
        cells = [row[filled] for row in rows if filled < len(row)]
    return list(dict.fromkeys(cell for cell in cells if cell))
