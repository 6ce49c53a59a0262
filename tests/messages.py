"""Collects every text that people read, for translators: `make messages`.

The texts go to `locale/django.pot`, and from there into the catalogue of each language that there is,
`locale/<language>/LC_MESSAGES/django.po`, which is compiled as well. A language is begun with
`pybabel init -i locale/django.pot -d locale -D django -l <language>` and entered in the setting `LANGUAGES`. Django's
own tool does not read the `{% trans %}` of Jinja2, and needs the programs of GNU gettext.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).parents[1]
APPS: Final = ("accounts", "events", "kit", "orders", "portal", "sims")
TEMPLATES: Final = ROOT / "templates"
JINJA: Final = TEMPLATES / "jinja"
KEYWORDS: Final[dict[str, Any]] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
"""Function to the positions of texts in its arguments, as Babel has it."""
COMMENT_TAGS: Final = ("Translators:",)


class Text(NamedTuple):
    """A text as it stands in the code.

    Args:
        place: file below the repository, and line.
        message: the text; singular and plural where it is counted.
        context: what tells it from another text of the same words, `None` for nothing.
        comments: to translators.
    """

    place: tuple[str, int]
    message: str | tuple[str, ...]
    context: str | None
    comments: list[str]


def texts() -> Iterator[Text]:
    """Return every text of the code and of the templates, file by file."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _found("python", path, path.read_bytes())
    for path in sorted(TEMPLATES.rglob("*")):
        if path.suffix not in (".html", ".jinja", ".txt"):
            continue
        if path.is_relative_to(JINJA):
            yield from _found("jinja2.ext:babel_extract", path, path.read_bytes())
        else:
            yield from _found("python", path, _as_python(path))


def _as_python(path: Path) -> bytes:
    """Return the texts of a Django template as calls of gettext, each on its line."""
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    # What is no text became X; its indentation would be an error in Python.
    return "\n".join(line.strip() for line in source.split("\n")).encode()


def _found(method: str, path: Path, source: bytes) -> Iterator[Text]:
    options = {"encoding": "utf-8", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
    place = path.relative_to(ROOT).as_posix()
    for line, message, comments, context in extract(
        method, io.BytesIO(source), keywords=KEYWORDS, comment_tags=COMMENT_TAGS, options=options
    ):
        yield Text((place, line), message, context, list(comments))


def catalogue() -> Catalog:
    """Return all texts as a catalogue without translations."""
    found = Catalog(project="portal", charset="utf-8", fuzzy=False)
    for text in texts():
        found.add(text.message, locations=[text.place], auto_comments=text.comments, context=text.context)
    return found


def write(folder: Path) -> int:
    """Write the texts into a folder, bring the catalogues of its languages up to date and compile them.

    Args:
        folder: it need not be there yet.

    Returns:
        How many texts there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = catalogue()
    with (folder / "django.pot").open("wb") as file:
        write_po(file, found, width=120, sort_by_file=True)
    for path in sorted(folder.glob("*/LC_MESSAGES/django.po")):
        with path.open("rb") as file:
            translated = read_po(file, locale=path.parts[-3])
        translated.update(found)
        with path.open("wb") as file:
            write_po(file, translated, width=120)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, translated)
    return len(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "locale", help="where to, locale/ unless given")
    folder = parser.parse_args().folder
    sys.stdout.write(f"{write(folder)} texts in {folder / 'django.pot'}\n")
