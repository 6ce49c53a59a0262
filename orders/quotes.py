"""What a purchase costs now, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from accounts.models import Workspace
from kit.money import money
from orders.models import MOST_OF_ONE, Article, OrderLine, ShippingOption
from orders.states import OrderStatus
from orders.stock import available, locked_articles
from sims.models import SimModel

FREE_TRIAL_SIMS: Final = 3
"""Single triple-cut SIMs that a workspace in trial gets for nothing (`docs/rules.md` section 15)."""


@dataclass(frozen=True, slots=True)
class Item:
    """Some pieces of an article, as somebody wants them."""

    article_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class QuoteFault:
    """Why something can't be bought.

    Args:
        code: "unknown_article", "not_sold", "out_of_stock", "invalid_quantity", "no_shipping".
        message: the sentence to show.
    """

    code: str
    message: str

    @property
    def of_article(self) -> bool:
        """Tell whether an article can't be had so, and not its shipping."""
        return self.code != "no_shipping"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One article of a quote; amounts in the minor unit."""

    article: Article
    quantity: int
    unit_amount: int
    free: int
    available: int

    @property
    def amount(self) -> int:
        """Return what the line costs."""
        return self.unit_amount * (self.quantity - self.free)

    @property
    def sim_count(self) -> int:
        """Return the number of SIMs of the line."""
        return self.article.size * self.quantity


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything that is summed up before a purchase."""

    currency: str
    lines: list[QuoteLine]
    option: ShippingOption | None
    problems: list[QuoteFault] = field(default_factory=list)

    @property
    def items_amount(self) -> int:
        """Return what the articles cost together."""
        return sum(line.amount for line in self.lines)

    @property
    def shipping_amount(self) -> int:
        """Return what shipping costs, 0 while no option is chosen."""
        return self.option.amount if self.option is not None else 0

    @property
    def total_amount(self) -> int:
        """Return what is to be paid."""
        return self.items_amount + self.shipping_amount

    @property
    def sim_count(self) -> int:
        """Return the number of SIMs in all."""
        return sum(line.sim_count for line in self.lines)

    @property
    def seen(self) -> str:
        """Return the terms of this quote as one line of text.

        The buyer's form sends it back with the purchase, where it is compared with the quote of that moment.
        """
        lines = [f"{each.article.pk}x{each.quantity}@{each.unit_amount}-{each.free}" for each in self.lines]
        shipping = f"ship{self.option.pk}@{self.option.amount}" if self.option is not None else "ship"
        return " ".join([self.currency, *lines, shipping])

    def differences(self, seen: str) -> list[str]:
        """Say in sentences what became different since somebody saw this quote; nothing when all is as it was.

        Args:
            seen: what `seen` was then.
        """
        if seen == self.seen:
            return []
        before, now = _prices(seen), _prices(self.seen)
        names = {f"{line.article.pk}x{line.quantity}": line.article.name for line in self.lines}
        if self.option is not None:
            names[f"ship{self.option.pk}"] = self.option.name
        found = [
            _("The price of “%(name)s” changed from %(old)s to %(new)s.")
            % {"name": names[key], "old": _shown(before[key], self.currency), "new": _shown(price, self.currency)}
            for key, price in now.items()
            if key in before and key in names and before[key] != price
        ]
        if before.keys() != now.keys():
            found.append(_("The cart was changed, perhaps in another tab."))
        return found or [_("The order changed since it was shown.")]


def _prices(seen: str) -> dict[str, str]:
    return dict(part.split("@", 1) for part in seen.split() if "@" in part)


def _shown(price: str, currency: str) -> str:
    amount = price.partition("-")[0]
    return money(int(amount), currency) if amount.isdecimal() and len(amount) < 12 else "?"


def price_in(article: Article, currency: str) -> int | None:
    """Return the price of a piece in the minor unit, `None` where it is not sold in this currency.

    Args:
        article: with its prices read.
        currency: ISO code.
    """
    return next((price.amount for price in article.prices.all() if price.currency == currency), None)


def quote(*, workspace: Workspace, items: Iterable[Item], option_id: int | None, lock: bool = False) -> Quote:
    """Sum up a purchase and name everything that stands in its way. At most six queries.

    Args:
        workspace: who buys, with its package; its currency is the currency.
        items: articles and pieces; an article named twice counts together.
        option_id: the shipping option, `None` while none is chosen.
        lock: keep the articles locked until the transaction ends, so that the stock stays as it is told.
    """
    wanted: dict[int, int] = {}
    for item in items:
        wanted[item.article_id] = wanted.get(item.article_id, 0) + item.quantity
    articles = locked_articles(wanted) if lock else _articles(wanted)
    known = {article.pk: article for article in articles}
    stock = available(articles)
    problems = [
        QuoteFault("unknown_article", _("There is no article %(id)s.") % {"id": pk}) for pk in wanted if pk not in known
    ]
    allowance = _trial_allowance(workspace)
    lines = []
    for article in articles:
        quantity = wanted[article.pk]
        price = price_in(article, workspace.currency)
        problems += _problems(article, quantity, price, stock[article.pk], workspace.currency)
        free = min(quantity, allowance) if _free_in_trial(article) else 0
        allowance -= free
        lines.append(QuoteLine(article, quantity, price or 0, free, stock[article.pk]))
    option = None
    if option_id is not None:
        option = options_of(workspace).get(option_id)
        if option is None:
            problems.append(QuoteFault("no_shipping", _("This way of shipping is no longer offered. Choose another.")))
    return Quote(workspace.currency, lines, option, problems)


def _articles(wanted: Mapping[int, int]) -> Sequence[Article]:
    found = Article.objects.filter(pk__in=wanted).order_by("pk")
    return list(found.select_related("sim_model").prefetch_related("prices"))


def options_of(workspace: Workspace) -> dict[int, ShippingOption]:
    """Return the shipping options that a workspace can choose, cheapest first, by id."""
    offered = ShippingOption.objects.filter(active=True, currency=workspace.currency).order_by("amount", "pk")
    return {option.pk: option for option in offered}


def _problems(article: Article, quantity: int, price: int | None, there: int, currency: str) -> list[QuoteFault]:
    if not article.active:
        return [QuoteFault("not_sold", _("“%(name)s” is no longer sold.") % {"name": article.name})]
    if price is None:
        values = {"name": article.name, "currency": currency}
        return [QuoteFault("not_sold", _("“%(name)s” is not sold in %(currency)s.") % values)]
    if not 1 <= quantity <= MOST_OF_ONE:
        values = {"name": article.name, "most": str(MOST_OF_ONE)}
        return [QuoteFault("invalid_quantity", _("Order 1 to %(most)s pieces of “%(name)s”.") % values)]
    if there == 0:
        return [QuoteFault("out_of_stock", _("“%(name)s” is out of stock.") % {"name": article.name})]
    if quantity > there:
        values = {"name": article.name, "there": str(there), "wanted": str(quantity)}
        return [QuoteFault("out_of_stock", _("Of “%(name)s” %(there)s are in stock, not %(wanted)s.") % values)]
    return []


def _free_in_trial(article: Article) -> bool:
    return article.size == 1 and article.sim_model.form_factor == SimModel.FormFactor.TRIPLE_CUT


def _trial_allowance(workspace: Workspace) -> int:
    if not workspace.package.evaluation:
        return 0
    given = OrderLine.objects.filter(order__workspace=workspace, free__gt=0).exclude(order__status=OrderStatus.CANCELED)
    used: int = given.aggregate(sims=Sum(F("free") * F("size")))["sims"] or 0
    return max(0, FREE_TRIAL_SIMS - used)
