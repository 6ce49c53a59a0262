"""What comments and pages refer to is there: pages, sections, decisions, headings, links and files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.docs.pages import DOCS, ROOT, decisions, page, references, sections, texts

_LINK: Final = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
_CODE_PATH: Final = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
_MENTION: Final = re.compile(r"(?<![\w/.*-])[\w./-]*\w\.md\b")


def test_every_reference_leads_somewhere() -> None:
    found = list(references())
    assert len(found) > 100
    lost = []
    for each in found:
        path = DOCS / f"{each.page}.md"
        if not path.is_file():
            lost.append(f"{each.place}: docs/{each.page}.md is not there")
            continue
        text = page(each.page)
        known: set[int] = decisions(text) if each.kind == "decision" else set(sections(text))
        lost += [
            f"{each.place}: docs/{each.page}.md has no {each.kind} {number}"
            for number in each.numbers
            if number not in known
        ]
        if each.heading and f"### {each.heading}\n" not in text:
            lost.append(f"{each.place}: docs/{each.page}.md has no part “{each.heading}”")
    assert lost == []


def test_no_page_is_named_that_is_not_in_the_repository() -> None:
    lost = []
    for path, text in texts():
        if path.is_relative_to(ROOT / "tests" / "docs"):
            continue
        for name in _MENTION.findall(text):
            places = (ROOT / name, path.parent / name)
            if not any(place.is_file() for place in places):
                lost.append(f"{path.relative_to(ROOT)}: {name}")
    assert lost == []


def _slugs(path: Path) -> set[str]:
    """Return the anchors that the headings of a page get."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_between_pages_resolve() -> None:
    lost = []
    for path, text in texts():
        if path.suffix != ".md":
            continue
        for match in _LINK.finditer(text):
            target = match["target"] or match["image"]
            if target.startswith(("https://", "http://", "mailto:")):
                continue
            name, _mark, anchor = target.partition("#")
            place = path.parent / name if name else path
            if not place.exists() or (anchor and anchor not in _slugs(place)):
                lost.append(f"{path.relative_to(ROOT)}: {target}")
    assert lost == []


def test_files_that_pages_name_are_there() -> None:
    """A path in backticks that begins with a folder of the repository is a file or folder of it."""
    folders = {each.name for each in ROOT.iterdir() if each.is_dir()}
    lost = []
    for path, text in texts():
        if path.suffix != ".md" or path.name == "CHANGELOG.md":
            continue
        lost += [
            f"{path.relative_to(ROOT)}: {name}"
            for name in _CODE_PATH.findall(text)
            if "/" in name and name.split("/")[0] in folders - {"var"} and not (ROOT / name).exists()
        ]
    assert lost == []


def test_the_readme_leads_to_every_page_and_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(DOCS.glob("*.md")) if f"](docs/{path.name})" not in text] == []
    assert len(text.splitlines()) <= 130


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {ROOT / name for name in re.findall(r'(?:src|srcset)="([^"]+)"', text)}
    assert named == set((DOCS / "images").iterdir())
    assert sum(path.stat().st_size for path in named) <= 300_000
