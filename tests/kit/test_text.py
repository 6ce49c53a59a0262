"""One-line texts: one form, and nothing in them that can't be seen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from kit.text import likeness, looks_like_any, one_line


def line(value: str, most: int = 20, required: bool = True) -> str:
    return one_line(value, most=most, field="name", required=required)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Pump 7", "Pump 7"),
        ("  Pump \t 7 \r\n", "Pump 7"),
        ("Pump\u00a07", "Pump 7"),
        ("Pump\u2028seven", "Pump seven"),
        ("Mu\u0308ller", "Müller"),
        ("水泵", "水泵"),
        ("Насос", "Насос"),  # noqa: RUF001
        ("a" * 20, "a" * 20),
    ],
)
def test_what_is_kept(typed: str, stored: str) -> None:
    assert line(typed) == stored


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("Ben\u202eittehcraM oguH", r"Character 4 is an invisible formatting character \(U\+202E\)"),
        ("Hugo\u200bMarchetti", r"Character 5 is an invisible formatting character \(U\+200B\)"),
        ("a\x1b[31m", r"Character 2 is a control character \(U\+001B\)"),
        ("a\x00b", r"U\+0000"),
        ("\ufeffPump", r"U\+FEFF"),
        ("\ud800", "half of a character"),
        ("", "at least one visible"),
        (" \u3000 ", "at least one visible"),
        ("\u3164", "at least one visible"),
        ("\u0301", "at least one visible"),
        ("a" * 21, "At most 20 characters; these are 21"),
    ],
)
def test_what_is_refused(typed: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        line(typed)
    assert refused.value.field == "name"


def test_an_optional_text_may_be_empty_but_not_invisible() -> None:
    assert line("   ", required=False) == ""
    with pytest.raises(Invalid):
        line("\u3164", required=False)


@given(st.text(max_size=40))
def test_what_is_kept_is_kept_again_and_has_one_line(text: str) -> None:
    try:
        kept = line(text)
    except Invalid:
        return
    assert line(kept) == kept == unicodedata.normalize("NFC", kept)
    assert len(kept) <= 20
    assert kept.isprintable()
    assert kept.splitlines() == [kept]


def test_what_looks_alike() -> None:
    assert likeness("Operator staff") == likeness("ＯＰＥＲＡＴＯＲ\u00a0STAFF")  # noqa: RUF001
    assert looks_like_any("operator  STAFF", ["System", "Operator staff"])
    assert not looks_like_any("Operator of staff", ["System", "Operator staff"])
