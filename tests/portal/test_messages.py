"""Texts can be translated: each that people read is marked, and `make messages` finds every one that is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.template import engines
from django.template.base import Lexer, TokenType
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from tests.messages import APPS, JINJA, ROOT, TEMPLATES, texts, write

FUNCTIONS = frozenset(
    {
        "gettext",
        "gettext_lazy",
        "gettext_noop",
        "ngettext",
        "ngettext_lazy",
        "pgettext",
        "pgettext_lazy",
        "npgettext",
        "npgettext_lazy",
    }
)
UNMARKED = frozenset(
    {
        # What is on keys.
        "Ctrl",
        "Enter",
        "Esc",
        "Shift",
        # Names, and what stands in for one.
        "ICCID",
        "IMEI",
        "IMSI",
        "MSISDN",
        "JSON",
        "MB",
        "NB-IoT",
        "SIM",
        # Part of how the log names a person, which is the same everywhere.
        "ID",
        "User",
    }
)
"""Words that are the same in every language."""
COMMANDS = frozenset({"python verify_log.py sealed-log.jsonl --checkpoint FILE --key KEY"})
"""What is typed as it stands."""
ENGLISH = frozenset({"portal/api_docs.html"})
"""Pages that stay English: the API is, its messages and its document are part of the contract."""
READ_ALOUD = frozenset({"alt", "aria-label", "placeholder", "title"})
"""Attributes that people read."""
WORD = re.compile(r"[^\W\d_]{2,}")


@cache
def found() -> frozenset[str]:
    """Return what the extraction finds; of counted texts the singular."""
    return frozenset(text.message if isinstance(text.message, str) else text.message[0] for text in texts())


# --- code ---


def calls(path: Path) -> Iterator[tuple[int, ast.expr]]:
    """Return line and text of each call of gettext and its like, under whatever name it was imported."""
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in FUNCTIONS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node.lineno, node.args[1 if "pgettext" in names[node.func.id] else 0]


@pytest.mark.parametrize("app", APPS)
def test_every_text_of_the_code_is_found(app: str) -> None:
    checked = 0
    lost = []
    for path in sorted((ROOT / app).rglob("*.py")):
        for line, text in calls(path):
            checked += 1
            # A text that is put together when the code runs is in no catalogue.
            if not isinstance(text, ast.Constant) or text.value not in found():
                lost.append(f"{path.relative_to(ROOT)}:{line}: {ast.unparse(text)}")
    assert checked, "nothing was looked at"
    assert not lost


REFUSALS = frozenset({"Conflict", "Forbidden", "Invalid", "NotFound"})


IN_THE_WORDS_OF_THE_WIRE = (
    "accounts/tokens/bearer.py",
    "sims/connectivity/services/blocklist.py",
    "sims/policies/services/coverage.py",
)
"""Services some of whose refusals only programs meet: pages look up what they name before they call them."""


def is_of_the_api(path: Path) -> bool:
    """Tell whether the messages of a file are the API's, which are English by contract."""
    place = path.relative_to(ROOT)
    return "api" in place.with_suffix("").parts or place.as_posix().startswith(IN_THE_WORDS_OF_THE_WIRE)


def plain_refusals(path: Path) -> Iterator[str]:
    """Return the refusals of a file whose text is written out without being marked."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS and node.args:
            text = node.args[0]
            words = [each.value for each in ast.walk(text) if isinstance(each, ast.Constant)]
            bare = isinstance(text, ast.Constant | ast.JoinedStr) and WORD.search(" ".join(map(str, words)))
            if bare:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(text)}"


def test_no_refusal_of_a_service_is_left_unmarked() -> None:
    files = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if not is_of_the_api(path)]
    assert not [each for path in files for each in plain_refusals(path)]


# --- templates ---


def django_templates() -> list[str]:
    """Return the names of the templates of Django's engine."""
    files = sorted(path for path in TEMPLATES.rglob("*") if path.is_file() and not path.is_relative_to(JINJA))
    return [path.relative_to(TEMPLATES).as_posix() for path in files]


def jinja_templates() -> list[str]:
    """Return the names of the templates of Jinja2."""
    return [path.relative_to(JINJA).as_posix() for path in sorted(JINJA.rglob("*")) if path.is_file()]


def test_every_text_of_djangos_templates_is_found() -> None:
    checked = 0
    lost = []
    for name in django_templates():
        template: Any = engines["django"].get_template(name)
        for kind in (TranslateNode, BlockTranslateNode):
            for node in template.template.nodelist.get_nodes_by_type(kind):
                checked += 1
                if isinstance(node, TranslateNode):
                    text = node.filter_expression.var
                    text = getattr(text, "literal", text)
                else:
                    text = node.render_token_list(node.singular)[0]
                    text = re.sub(r"\s*\n\s*", " ", text.strip()) if node.trimmed else text
                if text not in found():
                    lost.append(f"{name}: {text}")
    assert checked > 1_000
    assert not lost


def test_every_text_of_jinjas_templates_is_found() -> None:
    lost = []
    checked = 0
    for name in jinja_templates():
        source = (JINJA / name).read_text()
        marked = re.findall(r"""\b_\(\s*(["'])(.*?)\1""", source)
        blocks = re.findall(r"\{%-? *trans\b[^%]*%\}(.*?)\{%-? *(?:pluralize|endtrans)", source, re.DOTALL)
        assert "{% trans" not in source or blocks
        for text in (
            *(each[1] for each in marked),
            *(re.sub(r"\{\{ *(\w+) *\}\}", r"%(\1)s", each) for each in blocks),
        ):
            checked += 1
            if text not in found():
                lost.append(f"{name}: {text}")
    assert checked > 5
    assert not lost


class Words(HTMLParser):
    """Collects what people read of a template whose tags were taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += WORD.findall(data) and [" ".join(data.split())]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ALOUD and WORD.search(value or ""):
                self.found.append(str(value))

    handle_startendtag = handle_starttag


def without_tags(source: str) -> str:
    """Return a template without its tags and variables, and without the texts that are marked."""
    kept = []
    inside = False
    for token in Lexer(re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)).tokenize():
        word = token.contents.split()[0] if token.contents.split() else ""
        if token.token_type == TokenType.BLOCK:
            if word in ("blocktranslate", "trans", "comment") or token.contents.endswith("_class"):
                inside = True
            elif word.startswith("end"):
                inside = False
        elif token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
    return "".join(kept)


def is_the_same_everywhere(text: str) -> bool:
    """Tell whether a text needs no translation."""
    return text in COMMANDS or set(re.findall(r"[\w-]+", text)) <= UNMARKED


@pytest.mark.parametrize("folder", [TEMPLATES, JINJA], ids=["django", "jinja"])
def test_no_template_holds_a_text_that_is_not_marked(folder: Path) -> None:
    names = django_templates() if folder == TEMPLATES else jinja_templates()
    bare = []
    for name in names:
        if name in ENGLISH:
            continue
        reader = Words()
        reader.feed(without_tags((folder / name).read_text()))
        bare += [f"{name}: {text}" for text in reader.found if not is_the_same_everywhere(text)]
    assert not bare, "\n".join(bare)


# --- scripts ---


def test_scripts_follow_the_language_of_the_page() -> None:
    fixed = re.compile(r"""(?:toLocale\w*|Intl\.\w+)\(\s*["'][a-z]{2}""")
    found = [path.name for path in sorted((ROOT / "static" / "js").glob("*.js")) if fixed.search(path.read_text())]
    assert not found


# --- the catalogue ---


def test_the_catalogue_of_a_language_is_kept_and_compiled(tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text('msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Sign in"\nmsgstr "Anmelden"\n')
    different = {
        (text.context, text.message[0] if isinstance(text.message, tuple) else text.message) for text in texts()
    }
    assert write(tmp_path) == len(different)
    with (folder / "django.po").open("rb") as file:
        translated = read_po(file)
    assert translated["Sign in"].string == "Anmelden"
    assert len(translated) == len(different)
    with (folder / "django.mo").open("rb") as file:
        assert read_mo(file)["Sign in"].string == "Anmelden"
