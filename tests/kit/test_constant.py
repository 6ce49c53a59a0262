"""`{% constant %}`: drawn once for each language, and never with what belongs to one page."""

from __future__ import annotations

from django.template import Context, Template
from django.utils import translation

from kit.filters import Choice
from kit.rendering import choice_lines


def test_it_is_drawn_once_a_language() -> None:
    text = "{% load kit i18n %}{% constant %}{% get_current_language as code %}{{ code }}{% endconstant %}"
    template = Template(text)
    for language in ("en", "de", "en"):
        with translation.override(language):
            assert template.render(Context()) == language


def test_nothing_of_a_page_gets_into_it() -> None:
    template = Template("{% load kit %}{{ name }}{% constant %}<{{ name }}>{% endconstant %}{{ name }}")
    assert template.render(Context({"name": "Acme"})) == "Acme<>Acme"
    assert template.render(Context({"name": "Bolt"})) == "Bolt<>Bolt"


def test_choices_are_escaped_and_kept_apart_by_what_is_checked() -> None:
    plain, checked = Choice("1", "<b>", False), Choice("1", "<b>", True)
    assert "&lt;b&gt;" in choice_lines("tag", [plain], True)
    assert " checked" not in choice_lines("tag", [plain], True)
    assert " checked" in choice_lines("tag", [checked], True)
    assert "data-panel-first" not in choice_lines("tag", [plain], False)
