"""Tags of the shop's templates: `{% load orders %}`."""

from __future__ import annotations

from django import template

from kit.money import money as _money

register = template.Library()


@register.simple_tag
def money(amount: int, currency: str) -> str:
    """An amount given in the minor unit, with its currency."""
    return _money(amount, currency)
