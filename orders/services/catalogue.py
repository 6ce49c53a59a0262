"""What the shop offers: articles with their prices, and ways of shipping. Every edit leaves its row (10061)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.changes import assign, check, differences, plain
from accounts.models import Currency
from accounts.permissions import authorise_staff
from accounts.signals import Changes
from kit.action import action, retried
from kit.errors import Invalid, NotFound
from orders import signals
from orders.models import Article, ArticlePrice, ShippingOption, ShippingProvider
from sims.models import SimModel

What = Literal["created", "updated", "withdrawn"]
ArticleOffer = TypeVar("ArticleOffer", Article, ShippingOption, ShippingProvider)
Prices = Mapping[str, int | None]
"""Currency to price of a piece in the minor unit, `None` to sell it in this currency no longer."""

KINDS: Final[Mapping[type[models.Model], str]] = {
    Article: "article",
    ShippingOption: "shipping_option",
    ShippingProvider: "shipping_provider",
}
MOST_AMOUNT: Final = 100_000_000
"""A million of the currency for one piece: more is a slip of the hand."""


def _fields(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name not in ("id", "created")]


@retried
def article_create(*, values: Mapping[str, Any], prices: Prices) -> Article:
    """Add an article to the shop.

    Args:
        values: field name to value; `name` and `sim_model_id` at least.
        prices: of one piece, at least in one currency.

    Raises:
        Forbidden: not staff.
        Invalid: a value is wrong, the name is taken, or another article sells the same stock; `field` names it.
    """
    authorise_staff("orders.add_article")
    _require_model(values)
    checked = _checked_prices(prices)
    if not checked:
        raise Invalid(_("An article needs a price."), code="required", field="prices")
    article = Article(**values)
    check(article, _fields(Article))
    with action():
        article.save(force_insert=True)
        changed = _set_prices(article, checked)
        _tell(article, "created", {**_created(article, values), **changed})
    return article


@retried
def article_update(*, article_id: int, changes: Mapping[str, Any], prices: Prices | None = None) -> Article:
    """Edit an article; carts and later orders feel it, orders that were placed don't.

    Args:
        article_id: which one.
        changes: field name to new value.
        prices: those that change.

    Raises:
        Forbidden, NotFound, Invalid: not staff, no such article, a wrong value.
    """
    authorise_staff("orders.change_article")
    _require_model(changes)
    checked = _checked_prices(prices or {}, removable=True)
    with action():
        article = _locked(Article, article_id)
        before = {name: getattr(article, name) for name in changes}
        changed = assign(article, changes, _fields(Article))
        if changed:
            article.save(update_fields=changed)
        told = {**differences(before, article, changed), **_set_prices(article, checked)}
        if told:
            _tell(article, "withdrawn" if "active" in changed and not article.active else "updated", told)
    return article


@retried
def offer_create(model: type[ArticleOffer], *, values: Mapping[str, Any]) -> ArticleOffer:
    """Add a shipping option or provider. Raises Forbidden for all but staff, and Invalid for a wrong value."""
    authorise_staff(_right("add", model))
    item = model(**values)
    check(item, _fields(model))
    with action():
        item.save(force_insert=True)
        _tell(item, "created", _created(item, values))
    return item


@retried
def offer_update(model: type[ArticleOffer], *, item_id: int, changes: Mapping[str, Any]) -> ArticleOffer:
    """Edit a shipping option or provider. Errors as `article_update`."""
    authorise_staff(_right("change", model))
    with action():
        item = _locked(model, item_id)
        before = {name: getattr(item, name) for name in changes}
        changed = assign(item, changes, _fields(model))
        if changed:
            item.save(update_fields=changed)
            gone = "active" in changed and not item.active
            _tell(item, "withdrawn" if gone else "updated", differences(before, item, changed))
    return item


def _right(verb: str, model: type[ArticleOffer]) -> str:
    return f"orders.{verb}_{model._meta.model_name}"


def _locked(model: type[ArticleOffer], item_id: int) -> ArticleOffer:
    item = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=item_id).first()
    if item is None:
        kind = capfirst(str(model._meta.verbose_name))
        raise NotFound(_("%(kind)s with Id '%(id)s' not found.") % {"kind": kind, "id": item_id})
    return item


def _require_model(values: Mapping[str, Any]) -> None:
    if "sim_model_id" in values and not SimModel.objects.filter(pk=values["sim_model_id"]).exists():
        raise Invalid(_("There is no such SIM model."), code="invalid_reference", field="sim_model")


def _checked_prices(prices: Prices, *, removable: bool = False) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for currency, amount in prices.items():
        if currency not in Currency.values:
            text = _("“%(code)s” is no currency of the shop.") % {"code": str(currency)[:10]}
            raise Invalid(text, code="invalid_reference", field="prices")
        if amount is None:
            if removable:
                found[currency] = None
            continue
        if not 0 <= amount <= MOST_AMOUNT:
            raise Invalid(_("This is no price of a piece."), code="invalid_format", field=f"price_{currency}")
        found[currency] = amount
    return found


def _set_prices(article: Article, prices: Mapping[str, int | None]) -> Changes:
    known = {price.currency: price for price in ArticlePrice.objects.filter(article=article)}
    changed: Changes = {}
    for currency, amount in prices.items():
        old = known[currency].amount if currency in known else None
        if amount == old:
            continue
        if amount is None:
            ArticlePrice.objects.filter(pk=known[currency].pk).delete()
        else:
            ArticlePrice.objects.update_or_create(article=article, currency=currency, defaults={"amount": amount})
        changed[f"price_{currency}"] = {"from": old, "to": amount}
    return changed


def _created(item: models.Model, values: Mapping[str, Any]) -> Changes:
    return {name: {"from": None, "to": plain(getattr(item, name))} for name in values}


def _tell(item: Article | ShippingOption | ShippingProvider, what: What, changes: Changes) -> None:
    signals.shop_changed.send(
        sender=type(item), kind=KINDS[type(item)], what=what, item_id=item.pk, name=item.name, changes=changes
    )
