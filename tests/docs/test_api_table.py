"""The compatibility table of `docs/api.md` is written from the code, and is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.api_table import BEGIN, END, document_path, table, written
from tests.api.contract import LEFT_OUT, SERVED, rows


def test_it_is_up_to_date() -> None:
    text = document_path().read_text(encoding="utf-8")
    assert written(text) == text, "run: manage.py api_table"


def test_it_says_what_is_answered_and_what_is_not() -> None:
    text = table()
    assert "| `/api/v1/sim/{id}` | GET, PATCH, DELETE |  |" in text
    answered: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            _edge, path, methods, *rest = line.split("|")
            name = path.strip(" `").replace("{id}", "{}")
            answered[name] = answered.get(name, "") + methods
            left_out[name] = left_out.get(name, "") + (rest[0] if rest else "")
    assert [(method, path) for method, path in rows(SERVED) if method not in answered[path]] == []
    assert [(method, path) for method, path in rows(LEFT_OUT) if method in answered.get(path, "")] == []
    assert "POST" in left_out["/api/v2/data_stream"]


def test_an_old_table_is_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "api.md"
    page.write_text(f"# Before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n")
    monkeypatch.setattr("portal.management.commands.api_table.document_path", lambda: page)
    with pytest.raises(CommandError, match="out of date"):
        call_command("api_table", "--check")
    call_command("api_table")
    call_command("api_table", "--check")
    assert page.read_text().startswith("# Before")
    assert page.read_text().endswith("after\n")
    assert "old" not in page.read_text().splitlines()


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        written("# A page")
