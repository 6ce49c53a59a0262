"""What the shop offers: articles, ways of shipping, carriers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Currency
from kit.admin.base import StaffAdmin, StaffForm
from kit.admin.fields import AmountField
from kit.admin.filters import choice_filter
from kit.money import money
from kit.rendering import badge, dash, number
from orders.models import Article, Quality, ShippingOption, ShippingProvider
from orders.quotes import price_in
from orders.services.catalogue import article_create, article_update, offer_create, offer_update
from orders.stock import available

_ACTIVE = choice_filter("active", _("can be ordered"), "active", ((1, _("Yes")), (0, _("No"))))


def _price_field(currency: str) -> AmountField:
    return AmountField(
        label=_("Price in %(currency)s") % {"currency": currency},
        required=False,
        help_text=_("Of one piece, net. Empty: not sold in this currency."),
    )


class ArticleForm(StaffForm):
    """An article with its prices."""

    price_EUR = _price_field("EUR")  # noqa: N815 - named after the currency
    price_USD = _price_field("USD")  # noqa: N815

    class Meta:
        model = Article
        exclude = ("created",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for currency in Currency.values:
                self.initial[f"price_{currency}"] = price_in(self.instance, currency)

    def prices(self) -> dict[str, int | None]:
        """Return the prices that were changed."""
        changed = {name: value for name, value in self.changes.items() if name.startswith("price_")}
        return {name.removeprefix("price_"): value for name, value in changes_of(changed).items()}

    def values(self) -> dict[str, Any]:
        """Return what else was changed, as services name it."""
        return changes_of({name: value for name, value in self.changes.items() if not name.startswith("price_")})

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not any(self.cleaned_data.get(f"price_{currency}") is not None for currency in Currency.values):
            self.add_error("price_EUR", _("An article needs a price in one currency at least."))
        return cleaned


def changes_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return form values as services take them: a reference by its id."""
    return {
        f"{name}_id" if hasattr(value, "pk") else name: value.pk if hasattr(value, "pk") else value
        for name, value in values.items()
    }


@admin.register(Article)
class ArticleAdmin(StaffAdmin):
    """What is sold. Stock is counted, not typed: it is the batches of this model and size that belong to nobody."""

    creates = changes = True
    icon = "shopping-bag"
    form = ArticleForm
    list_display = ("name", "sim_model", "quality", "size", "eur", "usd", "stock", "state")
    list_filter = (_ACTIVE, choice_filter("quality", _("quality grade"), "quality", Quality.choices))
    list_select_related = ("sim_model",)
    search_fields = ("name", "description")
    search_help_text = _("Name or description")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "description", "sim_model", "quality", "size", "active")}),
        (_("Prices"), {"fields": (("price_EUR", "price_USD"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        articles: QuerySet[Any] = super().get_queryset(request).prefetch_related("prices")
        return articles

    def create(self, request: HttpRequest, form: Any) -> Article:
        names = ("name", "description", "sim_model", "quality", "size", "active")
        return article_create(
            values=changes_of({name: form.cleaned_data[name] for name in names}), prices=form.prices()
        )

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        article_update(article_id=obj.pk, changes=form.values(), prices=form.prices())

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        stock = available(rows)
        for row in rows:
            row.stock_count = stock[row.pk]

    @admin.display(description="EUR")
    def eur(self, article: Article) -> str | SafeString:
        return _shown(article, "EUR")

    @admin.display(description="USD")
    def usd(self, article: Article) -> str | SafeString:
        return _shown(article, "USD")

    @admin.display(description=_("in stock"))
    def stock(self, article: Any) -> str | SafeString:
        return number(article.stock_count) if article.stock_count else badge(str(_("None")), "warn")

    @admin.display(description=_("can be ordered"), ordering="active")
    def state(self, article: Article) -> SafeString:
        return _yes_no(article.active)


def _shown(article: Article, currency: str) -> str | SafeString:
    amount = price_in(article, currency)
    return dash() if amount is None else money(amount, currency)


def _yes_no(active: bool) -> SafeString:
    return badge(str(_("Yes")), "good") if active else badge(str(_("No")), "muted")


class ShippingOptionForm(StaffForm):
    """A way of shipping."""

    amount = AmountField(label=_("Price"), help_text=_("Net, in the currency above."))

    class Meta:
        model = ShippingOption
        fields = ("name", "description", "currency", "amount", "active")


@admin.register(ShippingOption)
class ShippingOptionAdmin(StaffAdmin):
    """What customers choose among; each has a price in one currency."""

    creates = changes = True
    icon = "truck"
    form = ShippingOptionForm
    list_display = ("name", "description", "price", "state")
    list_filter = (_ACTIVE, choice_filter("currency", _("currency"), "currency", Currency.choices))
    search_fields = ("name", "description")
    ordering = ("currency", "amount")
    fields = ("name", "description", "currency", "amount", "active")

    def create(self, request: HttpRequest, form: Any) -> ShippingOption:
        return offer_create(ShippingOption, values=form.cleaned_data)

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        offer_update(ShippingOption, item_id=obj.pk, changes=form.changes)

    @admin.display(description=_("price"), ordering="amount")
    def price(self, option: ShippingOption) -> str:
        return money(option.amount, option.currency)

    @admin.display(description=_("can be chosen"), ordering="active")
    def state(self, option: ShippingOption) -> SafeString:
        return _yes_no(option.active)


class ShippingProviderForm(StaffForm):
    """Somebody who carries parcels."""

    tracking_url = forms.URLField(
        label=_("Tracking address"),
        required=False,
        assume_scheme="https",
        help_text=_("With {reference} in place of the tracking reference."),
    )

    class Meta:
        model = ShippingProvider
        fields = ("name", "tracking_url", "active")


@admin.register(ShippingProvider)
class ShippingProviderAdmin(StaffAdmin):
    """Who carries parcels; their ids are `shipped_with_provider_id` on the wire."""

    creates = changes = True
    icon = "package"
    form = ShippingProviderForm
    list_display = ("name", "id", "tracking_url", "state")
    list_filter = (_ACTIVE,)
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "tracking_url", "active")

    def create(self, request: HttpRequest, form: Any) -> ShippingProvider:
        return offer_create(ShippingProvider, values=form.cleaned_data)

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        offer_update(ShippingProvider, item_id=obj.pk, changes=form.changes)

    @admin.display(description=_("in use"), ordering="active")
    def state(self, provider: ShippingProvider) -> SafeString:
        return _yes_no(provider.active)
