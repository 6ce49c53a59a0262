"""`{% load staff %}`: what the lists of the admin site need of Django's cells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


# A cell that holds a text and nothing else, or a link with such a text.
_TEXT_ALONE = re.compile(r"(<t[hd][^>]*>(?:<a [^>]*>)?)((?=[^<>]*[^<>\s&;])[^<>]*+)((?:</a>)?</t[hd]>)")


@register.filter
def linked(cells: Iterable[SafeString]) -> list[SafeString]:
    """Mark the link of a row's heading cell as the one that a click on the row follows, and set texts by themselves."""
    return [_cell(cell) for cell in cells]


def _cell(cell: SafeString) -> SafeString:
    """Change a cell that Django has made and escaped."""
    made = _TEXT_ALONE.sub(r"\1<bdi>\2</bdi>\3", cell)
    if made.startswith("<th"):
        made = made.replace("<a href=", '<a class="row-link" href=', 1)
    return mark_safe(made)  # noqa: S308


@register.filter
def direction(header: dict[str, Any]) -> str:
    """Return the value of `aria-sort` for a column's header, "" where it does not order the list."""
    if not header.get("sorted"):
        return ""
    return "ascending" if header["ascending"] else "descending"


@register.filter
def others(params: dict[str, str], name: str) -> list[tuple[str, str]]:
    """Return the parameters of a list that a form has to repeat: all but its own."""
    return [(key, value) for key, value in params.items() if key != name]
