"""`{% load kit %}`: the functions of `kit.rendering` as tags, and what forms need."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from kit import rendering
from kit.sent_once import FIELD, new_key

register = template.Library()

for _name, _function in rendering.GLOBALS.items():
    register.simple_tag(_function, name=_name)
# Where a tag can't stand: in the arguments of another.
register.filter("number", rendering.number)
register.filter("bdi", rendering.bdi)


@register.filter
def control(field: BoundField) -> str:
    """Return what kind of control a form field draws: check, checks, textarea, select, file or text."""
    kind: str = type(field.field.widget).__name__
    if kind == "CheckboxInput":
        return "check"
    if kind in ("RadioSelect", "CheckboxSelectMultiple"):
        return "checks"
    if kind in ("Textarea", "Select", "SelectMultiple"):
        return kind.lower()
    return "file" if "File" in kind else "text"


@register.filter
def wrong_fields(form: BaseForm) -> list[BoundField]:
    """Return the fields of a form that can be seen and have errors, in their order."""
    return [field for field in form if field.errors and not field.is_hidden]


@register.filter
def percent(done: int, total: int) -> int:
    """Return `done` of `total` in whole percent; where `total` is 0 the answer is 0."""
    return min(100, done * 100 // total) if total else 0


@register.simple_tag
def plural(count: int, nouns: tuple[Any, Any]) -> str:
    """The singular or plural of a pair of nouns that are translated already."""
    return str(nouns[0] if count == 1 else nouns[1])


@register.simple_tag
def form_key() -> SafeString:
    """The hidden key of a form that makes something; its view is `kit.sent_once.sent_once`."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_key())


class ConstantNode(template.Node):
    """A part of a page that depends on nothing but the language; see `constant`."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist
        self._drawn: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        """Draw it once for each language and way to name static files."""
        key = (get_language(), settings.STATIC_URL, settings.STORAGES["staticfiles"]["BACKEND"])
        drawn = self._drawn.get(key)
        if drawn is None:
            # Without the page's variables: whatever depends on one shows at once that it is not constant.
            drawn = self._drawn[key] = self.nodelist.render(context.new())
        return drawn


@register.tag
def constant(parser: template.base.Parser, token: template.base.Token) -> ConstantNode:
    """`{% constant %}…{% endconstant %}`: drawn once a process and language, for what is the same on every page."""
    nodelist = parser.parse(("endconstant",))
    parser.delete_first_token()
    return ConstantNode(nodelist)
