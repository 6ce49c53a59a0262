"""The button that does it comes first and Cancel after it, on every page and in every dialog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
FOOT = re.compile(r'class="(?:form|dialog)-foot[^"]*"[^>]*>(.*?)</(?:footer|form|div|p)>', re.DOTALL)
MAIN = re.compile(r"button--primary|button--danger-solid")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_the_button_that_does_it_comes_first(path: Path) -> None:
    for foot in FOOT.findall(path.read_text()):
        buttons = re.findall(r"<(?:a|button)\b.*?</(?:a|button)>", foot, re.DOTALL)
        if any(MAIN.search(button) for button in buttons):
            assert MAIN.search(buttons[0]), foot
