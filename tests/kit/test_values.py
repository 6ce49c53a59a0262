"""Typed, pasted and uploaded filter values."""

import re
from typing import Literal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from kit.filter_values import (
    MAX_BYTES,
    MAX_ROWS,
    check_values,
    format_values,
    keep_list,
    kept_list,
    like_pattern,
    parse_values,
    read_upload,
)
from kit.models import SavedFilter

SURROGATES: tuple[Literal["Cs"]] = ("Cs",)
VALUE = (
    st.text(st.characters(exclude_characters="\r\n\x00\ufeff", exclude_categories=SURROGATES), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@given(st.lists(VALUE, unique=True))
def test_what_is_written_into_a_url_is_read_back(values: list[str]) -> None:
    assert parse_values(format_values(values)) == values


@given(st.text())
def test_any_text_gives_stripped_values_each_once(text: str) -> None:
    values = parse_values(text)
    assert all(value and value == value.strip() for value in values)
    assert len(set(values)) == len(values)


@given(st.lists(st.from_regex(r"[0-9A-Za-z*]{1,20}", fullmatch=True), unique=True), st.data())
def test_every_separator_parts_values(values: list[str], data: st.DataObject) -> None:
    text = "".join(value + data.draw(st.sampled_from([",", ";", "\t", "\n", "\r\n", " , ", ",,"])) for value in values)
    assert parse_values(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (" , ;\t\n", []),
        ("\ufeff8988, 8989", ["8988", "8989"]),
        ('"a, b";c', ["a, b", "c"]),
        ('"say ""hi"""', ['say "hi"']),
        ('5" display', ['5" display']),
        ('"open\nnext"', ['"open', 'next"']),
        ("a\na", ["a"]),
    ],
)
def test_examples(text: str, values: list[str]) -> None:
    assert parse_values(text) == values


@given(st.text(st.characters(exclude_categories=SURROGATES), max_size=30))
def test_only_the_star_is_special_in_a_pattern(text: str) -> None:
    literal = re.sub(r"\\(.)", r"\1", like_pattern(text.replace("*", "")), flags=re.DOTALL)
    assert literal == text.replace("*", "")
    assert like_pattern("a**b") == "a%b"


def upload(content: bytes, name: str = "list.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"8988\r\n8989\r\n", ["8988", "8989"]),
        (b"ICCID;Name\n8988;Pump\n8989;Fan\n", ["8988", "8989"]),
        (b"8988,8989,8990", ["8988", "8989", "8990"]),
        (b"8988\tPump\n8989\tFan", ["8988", "8989"]),
        ("\ufefficcid\n8988".encode(), ["8988"]),
        ("8988\n8989".encode("utf-16"), ["8988", "8989"]),
        ("Kühlung\n".encode("cp1252"), ["Kühlung"]),
        (b'"8988, a",x\n8989,y', ["8988, a", "8989"]),
        (b"", []),
    ],
)
def test_uploads(content: bytes, values: list[str]) -> None:
    assert read_upload(upload(content), header=("iccid", "ICCID")) == values


def test_limits_name_what_is_too_much() -> None:
    with pytest.raises(ValidationError, match="larger than 400 KB"):
        read_upload(upload(b"1" * (MAX_BYTES + 1)))
    with pytest.raises(ValidationError, match="no text file"):
        read_upload(upload(b"a\x00b"))
    with pytest.raises(ValidationError, match=r"10,001 rows; at most 10,000"):
        check_values([str(n) for n in range(MAX_ROWS + 1)])
    with pytest.raises(ValidationError, match="Row 2 has 101 characters"):
        check_values(["1", "x" * 101])
    assert len(check_values([str(n) for n in range(MAX_ROWS)])) == MAX_ROWS


@pytest.mark.django_db
def test_a_long_list_is_kept_once_and_for_its_workspace_only() -> None:
    token = keep_list(1, "iccid", ["a", "b"])
    assert keep_list(1, "iccid", ["a", "b"]) == token
    assert SavedFilter.objects.count() == 1
    assert kept_list(1, "iccid", token) == ["a", "b"]
    assert keep_list(2, "iccid", ["a", "b"]) != token
    with pytest.raises(ValidationError, match="does not exist in this workspace"):
        kept_list(2, "iccid", token)
    with pytest.raises(ValidationError, match="does not exist in this workspace"):
        kept_list(1, "imsi", token)
