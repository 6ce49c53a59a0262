"""Enter in a field presses the first button that sends the form: it has to be the one that the form is for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.*"))
_FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
_BUTTON = re.compile(r"<button\b(?P<attributes>(?:[^>{]|\{%.*?%\}|\{\{.*?\}\})*)>", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
MAIN = ("button--primary", "button--danger-solid", "visually-hidden")
"""Styles of main buttons; dialogs put a hidden copy of theirs before everything else."""
SCANNED = {"admin/orders/order/ship.html"}
"""Forms in which a scanner ends each code with Enter, which checks the box and must not ship."""


def wrong_forms(text: str) -> list[str]:
    """Return the first buttons of forms that have a main button, but not as the first one that Enter presses."""
    found = []
    for form in _FORM.finditer(_COMMENT.sub("", text)):
        buttons = [match["attributes"] for match in _BUTTON.finditer(form["body"])]
        sending = [each for each in buttons if 'type="button"' not in each and "form=" not in each]
        if any(name in each for each in sending for name in MAIN) and not any(name in sending[0] for name in MAIN):
            found.append(sending[0])
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_enter_presses_the_main_button(path: Path) -> None:
    if str(path.relative_to(settings.BASE_DIR / "templates")) in SCANNED:
        assert 'name="check"' in wrong_forms(path.read_text())[0]
    else:
        assert wrong_forms(path.read_text()) == []


def test_a_cancel_before_the_main_button_is_found() -> None:
    cancel = '<button class="button" name="cancel">Cancel</button>'
    main = '<button class="button button--primary">Save</button>'
    assert wrong_forms(f"<form method=post>{cancel}{main}</form>")
    assert not wrong_forms(f"<form method=post>{main}{cancel}</form>")
    elsewhere = cancel.replace("<button", '<button form="other"')
    assert not wrong_forms(f"<form method=post>{elsewhere}{main}</form>")
    quiet = cancel.replace("<button", '<button type="button"')
    assert not wrong_forms(f"<form>{quiet}{main}</form>")
