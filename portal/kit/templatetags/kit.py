"""`{% load kit %}`: the functions of `portal.kit.rendering` as tags, and what forms need."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField

from portal.kit import rendering

register = template.Library()

for _name, _function in rendering.GLOBALS.items():
    register.simple_tag(_function, name=_name)


@register.filter
def control(field: BoundField) -> str:
    """What kind of control a form field draws: check, checks, textarea, select, file or text."""
    kind: str = type(field.field.widget).__name__
    if kind == "CheckboxInput":
        return "check"
    if kind in ("RadioSelect", "CheckboxSelectMultiple"):
        return "checks"
    if kind in ("Textarea", "Select", "SelectMultiple"):
        return kind.lower()
    return "file" if "File" in kind else "text"


@register.filter
def percent(done: int, total: int) -> int:
    """`done` of `total` in whole percent; nothing of nothing is 0."""
    return min(100, done * 100 // total) if total else 0


@register.simple_tag
def plural(count: int, nouns: tuple[Any, Any]) -> str:
    """The singular or plural of a pair of nouns that are translated already."""
    return str(nouns[0] if count == 1 else nouns[1])
