"""What the SIM shop sells, what lies in a cart, and what was ordered.

Amounts are integers in the minor unit of their currency (cents); prices are net of taxes.
"""

from __future__ import annotations

import uuid
from typing import Final
from urllib.parse import quote

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Currency, User, Workspace
from kit.querysets import WorkspaceQuerySet
from orders.states import OrderStatus
from sims.models import SimBatch, SimModel

SIZES: Final = (1, 25, 100, 500)
"""SIMs that are sold together under one BIC."""
MOST_NOTE: Final = 60
"""Characters of the buyer's own reference."""
MOST_OF_ONE: Final = 100
"""Pieces of one article in an order; who needs more orders larger batches."""


class Quality(models.IntegerChoices):
    """What conditions a SIM is made for."""

    COMMERCIAL = 1, _("Commercial")
    INDUSTRIAL = 2, _("Industrial")
    AUTOMOTIVE = 3, _("Automotive")


class PaymentMethod(models.IntegerChoices):
    """How an order is paid; see `payments` for the provider of each."""

    ONLINE = 1, _("Online payment")
    BANK_TRANSFER = 2, _("Bank transfer")
    NOTHING = 3, _("Nothing to pay")


class Article(models.Model):
    """Something the shop sells: SIMs of one kind in batches of one size."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    sim_model = models.ForeignKey(SimModel, on_delete=models.PROTECT, related_name="+", verbose_name=_("SIM model"))
    quality = models.PositiveSmallIntegerField(_("quality grade"), choices=Quality.choices, default=Quality.INDUSTRIAL)
    size = models.PositiveSmallIntegerField(
        _("SIMs in a batch"), choices=[(1, _("Single SIM")), *((n, str(n)) for n in SIZES[1:])], default=1
    )
    active = models.BooleanField(_("can be ordered"), default=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ("name",)
        constraints = (
            # Its stock are the batches of this model and size; two articles would sell the same ones.
            models.UniqueConstraint(
                fields=("sim_model", "size"),
                name="article_stock_unique",
                condition=models.Q(active=True),
                violation_error_message=_("Another article already sells batches of this SIM model and size."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class ArticlePrice(models.Model):
    """What one piece of an article costs in a currency; without a price it is not sold in that currency."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="prices")
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices)
    amount = models.PositiveIntegerField(_("price"), help_text=_("In the minor unit, e.g. cents."))

    class Meta:
        constraints = (models.UniqueConstraint(fields=("article", "currency"), name="article_price_unique"),)


class ShippingProvider(models.Model):
    """A company that carries parcels."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    tracking_url = models.URLField(
        _("tracking address"), blank=True, help_text=_("With {reference} in place of the tracking reference.")
    )
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("shipping provider")
        verbose_name_plural = _("shipping providers")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ShippingOption(models.Model):
    """A way of shipping that customers choose, at a price in one currency."""

    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=300, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    amount = models.PositiveIntegerField(_("price"), help_text=_("In the minor unit, e.g. cents."))
    active = models.BooleanField(_("can be chosen"), default=True)

    class Meta:
        verbose_name = _("shipping option")
        verbose_name_plural = _("shipping options")
        ordering = ("amount", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("name", "currency"),
                name="shipping_option_unique",
                violation_error_message=_("A shipping option of this name exists in this currency."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """Where something is sent; `addresses.checked` says what a good one is. Never shared and never changed."""

    company = models.CharField(_("company"), max_length=120)
    name = models.CharField(_("contact person"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    street = models.CharField(_("street and number"), max_length=120)
    extra = models.CharField(_("further line"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=80)
    country = models.CharField(_("country"), max_length=2)
    vat_id = models.CharField(_("VAT ID"), max_length=20, blank=True)


class Cart(models.Model):
    """What a user is about to order in a workspace: rows, so that it outlives a reload, a tab and a session."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    """Names the order to come: buying twice with one key is buying once."""
    shipping_address = models.ForeignKey(Address, on_delete=models.SET_NULL, null=True, related_name="+")
    billing_address = models.ForeignKey(Address, on_delete=models.SET_NULL, null=True, related_name="+")
    shipping_option = models.ForeignKey(ShippingOption, on_delete=models.SET_NULL, null=True, related_name="+")
    payment_method = models.PositiveSmallIntegerField(choices=PaymentMethod.choices, null=True)
    note = models.CharField(_("your reference"), max_length=MOST_NOTE, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "user"), name="cart_unique"),)


class CartLine(models.Model):
    """Some pieces of an article in a cart."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MOST_OF_ONE)])

    class Meta:
        constraints = (models.UniqueConstraint(fields=("cart", "article"), name="cart_line_unique"),)


class Order(models.Model):
    """SIMs that a workspace bought. Everything about it is frozen at submit but its state."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="orders", verbose_name=_("workspace")
    )
    status = models.PositiveSmallIntegerField(
        _("state"), choices=OrderStatus.choices, default=OrderStatus.SUBMITTED, editable=False
    )
    key = models.CharField(max_length=64, editable=False)
    """Given by the buyer, unique in the workspace: the same purchase sent again is the same order."""
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices)
    items_amount = models.PositiveBigIntegerField(_("items"))
    shipping_amount = models.PositiveIntegerField(_("shipping"))
    sim_count = models.PositiveIntegerField(_("SIMs"))
    payment_method = models.PositiveSmallIntegerField(_("payment"), choices=PaymentMethod.choices)
    payment_reference = models.CharField(_("payment reference"), max_length=100, blank=True, editable=False)
    shipping_option = models.ForeignKey(
        ShippingOption, on_delete=models.PROTECT, related_name="+", verbose_name=_("shipping option")
    )
    shipping_address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="+")
    billing_address = models.OneToOneField(Address, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("customer's reference"), max_length=MOST_NOTE, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), default=timezone.now)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    canceled_at = models.DateTimeField(_("canceled"), null=True, blank=True)
    shipping_provider = models.ForeignKey(
        ShippingProvider, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("shipping provider")
    )
    ext_shipping_reference = models.CharField(_("tracking reference"), max_length=100, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("workspace", "status", "id"), name="order_ws_status"),
            models.Index(fields=("workspace", "submitted_at", "id"), name="order_ws_submitted"),
            # What stock is kept for.
            models.Index(fields=("id",), name="order_open", condition=models.Q(status__in=(0, 1))),
            models.Index(fields=("submitted_at",), name="order_unpaid", condition=models.Q(status=0)),
        )
        constraints = (
            models.UniqueConstraint(fields=("workspace", "key"), name="order_key_unique"),
            models.CheckConstraint(
                condition=~models.Q(status=OrderStatus.SHIPPED)
                | models.Q(paid_at__isnull=False, shipped_at__isnull=False, shipping_provider__isnull=False),
                name="order_shipped_is_paid",
            ),
        )

    def __str__(self) -> str:
        return str(_("Order %(id)s") % {"id": self.pk})

    @property
    def total_amount(self) -> int:
        """Return what is to be paid, in the minor unit."""
        return self.items_amount + self.shipping_amount

    @property
    def tracking_url(self) -> str:
        """Return the address where the parcel is followed, "" when the provider has no such page."""
        if self.shipping_provider is None or not self.ext_shipping_reference:
            return ""
        return self.shipping_provider.tracking_url.replace("{reference}", quote(self.ext_shipping_reference, safe=""))


class MoneyTransfer(models.Model):
    """What a payment provider has to do about an order's money; written with the change that causes it."""

    class Kind(models.TextChoices):
        CAPTURE = "capture", _("Take what is held")
        VOID = "void", _("Let go what is held")
        REFUND = "refund", _("Give back")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transfers", verbose_name=_("order"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    method = models.PositiveSmallIntegerField(_("payment"), choices=PaymentMethod.choices)
    reference = models.CharField(_("payment reference"), max_length=100, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices)
    created = models.DateTimeField(_("begun"))
    since = models.DateTimeField(help_text=_("When its time began; later, when it is repeated."))
    next_attempt = models.DateTimeField(_("next attempt"))
    claimed = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=100, blank=True)
    given_up = models.BooleanField(_("given up"), default=False)
    done = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("money transfer")
        verbose_name_plural = _("money transfers")
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=("next_attempt",),
                name="transfer_waiting",
                condition=models.Q(done__isnull=True, given_up=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.order_id}"


class OrderLine(models.Model):
    """Some pieces of an article, at the price and under the name of that day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("article"), max_length=100)
    size = models.PositiveSmallIntegerField(_("SIMs in a batch"))
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    free = models.PositiveSmallIntegerField(_("of these free"), default=0)
    unit_amount = models.PositiveIntegerField(_("price"))

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("order", "article"), name="order_line_unique"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, free__lte=models.F("quantity")), name="order_line_quantity"
            ),
        )

    @property
    def amount(self) -> int:
        """Return what the line costs, in the minor unit."""
        return self.unit_amount * (self.quantity - self.free)

    @property
    def sim_count(self) -> int:
        """Return the number of SIMs of the line."""
        return self.size * self.quantity


class OrderBatch(models.Model):
    """A batch that was allotted to an order. The unique batch is what keeps a SIM from being sold twice."""

    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="batches")
    batch = models.OneToOneField(SimBatch, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
