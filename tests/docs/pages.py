"""The texts of the repository, and what they refer to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
_LEFT_OUT: Final = {"var", "node_modules", "htmlcov", "results", "__pycache__"}
_ENDINGS: Final = {".py", ".html", ".jinja", ".css", ".js", ".md", ".toml", ".txt", ".in", ".sh"}
_NAMES: Final = {"Makefile", "run"}

_REFERENCE: Final = re.compile(
    r"docs/(?P<page>[\w-]+)\.md`*[\s#*]*"
    r"(?:(?P<kind>section|decision)s?[\s#*]+(?P<numbers>\d+(?:(?:,|[\s#*]+and|[\s#*]+to)[\s#*]+\d+)*)"
    r"(?:, \"(?P<heading>[^\"]+)\")?)?"
)


class Reference(NamedTuple):
    """A mention of a page of `docs/`.

    Args:
        place: file and line.
        page: name without `.md`.
        kind: "section", "decision", or "" for the page as a whole.
        numbers: of the sections or decisions.
        heading: of a part of the section, "" for none.
    """

    place: str
    page: str
    kind: str
    numbers: tuple[int, ...]
    heading: str


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    """Return every text file of the repository with what stands in it."""
    return tuple((path, path.read_text(encoding="utf-8")) for path in _files())


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if name not in _LEFT_OUT and (name == ".ci" or not name.startswith("."))
        )
        for name in sorted(names):
            if Path(name).suffix in _ENDINGS or name in _NAMES:
                yield here / name


def references() -> Iterator[Reference]:
    """Yield every mention of a page of `docs/`; "to" stands for all numbers between."""
    for path, text in texts():
        for match in _REFERENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield Reference(
                f"{path.relative_to(ROOT)}:{line}",
                match["page"],
                match["kind"] or "",
                _numbers(match["numbers"] or ""),
                match["heading"] or "",
            )


def _numbers(text: str) -> tuple[int, ...]:
    words = re.findall(r"\d+|to", text)
    numbers: list[int] = []
    for place, word in enumerate(words):
        if word == "to":
            numbers += range(int(words[place - 1]) + 1, int(words[place + 1]))
        else:
            numbers.append(int(word))
    return tuple(numbers)


def page(name: str) -> str:
    """Return the text of a page of `docs/`."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[int, str]:
    """Return the numbered sections of a page: what stands below `## 5. …`, by number."""
    parts = re.split(r"^## (\d+)\. .*$", text, flags=re.MULTILINE)
    return {int(number): body for number, body in zip(parts[1::2], parts[2::2], strict=True)}


def decisions(text: str) -> set[int]:
    """Return the numbers of the lines of the table of decisions."""
    _before, _heading, table = text.partition("# Part two")
    return {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}


def table_under(text: str, head: str) -> list[list[str]]:
    """Return the rows of the Markdown table whose first line begins with `head`, cell by cell.

    Raises:
        ValueError: there is no such table.
    """
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line.strip().startswith(head):
            rows = []
            for row in lines[place + 2 :]:
                if not row.strip().startswith("|"):
                    break
                rows.append([cell.strip() for cell in row.strip().strip("|").split("|")])
            return rows
    raise ValueError(f"No table begins with {head}")
