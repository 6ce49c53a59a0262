"""What can be bought: platform packages and data plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.rates import RateStep, known_rates, read_rates


class Currency(models.TextChoices):
    """Currencies of the published price lists; the wire's ids are 1 and 2 in this order."""

    EUR = "EUR", _("Euro")
    USD = "USD", _("US dollar")


CURRENCY_IDS: Final[Mapping[str, int]] = {Currency.EUR.value: 1, Currency.USD.value: 2}
"""The wire's id of each currency."""


class PlatformPackage(models.Model):
    """What a workspace subscribes to; the wire's `tariff_plan`."""

    class Status(models.IntegerChoices):
        STAGING = 0, _("Staging")
        ACTIVE = 1, _("Active")
        DEPRECATED = 2, _("Deprecated")
        DELETED = 3, _("Deleted")

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ACTIVE)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    monthly_rate_cents = models.PositiveIntegerField(
        _("monthly rate in cents"), default=0, help_text=_("Base fee a month, in cents of the currency.")
    )
    sim_rates = models.JSONField(
        _("SIM rates"),
        default=list,
        blank=True,
        help_text=_('Price of an activated SIM a month by volume: [{"scale_start": 1, "rate": 0.75}, …].'),
    )
    evaluation = models.BooleanField(_("trial"), default=False)
    trial_days = models.PositiveSmallIntegerField(_("trial days"), default=0, help_text=_("0: no end."))
    prepaid_credit_cents = models.PositiveIntegerField(
        _("prepaid credit"),
        default=0,
        db_default=0,
        help_text=_("What a trial may use for traffic, in cents of the currency; 0: no credit, and no limit by it."),
    )
    factory_test_allowed = models.BooleanField(_("allows factory test"), default=False)
    workspaces_allowed = models.BooleanField(_("allows linked workspaces"), default=False)
    max_workspaces = models.PositiveSmallIntegerField(_("workspaces at most"), default=1)
    max_data_plans = models.PositiveSmallIntegerField(_("data plans at most"), default=1)
    max_active_sims = models.PositiveIntegerField(_("active SIMs at most"), null=True, blank=True)
    max_users = models.PositiveIntegerField(_("users at most"), null=True, blank=True)
    mfa_required = models.BooleanField(
        _("demands a second factor"), default=False, help_text=_("Of everybody in workspaces that have it.")
    )

    class Meta:
        verbose_name = _("platform package")
        verbose_name_plural = _("platform packages")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check the scale of prices.

        Raises:
            ValidationError: it is none; the text names the step.
        """
        try:
            read_rates(self.sim_rates)
        except ValidationError as error:
            raise ValidationError({"sim_rates": error}) from error

    @property
    def rate_steps(self) -> list[RateStep]:
        """The scale of prices, as everybody reads it."""
        return known_rates(self.sim_rates)


class DataPlan(models.Model):
    """A price list for traffic, chosen by coverage policies; the wire's `tariff`."""

    class Category(models.TextChoices):
        PAY_PER_USE = "pay_per_use", _("Pay per use")
        POOLED = "pooled", _("Pooled allowance")
        FIXED = "fixed", _("Fixed allowance")

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category.choices, default=Category.POOLED)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    included_mb = models.PositiveIntegerField(_("included MB per activated SIM"), default=0)
    monthly_rate = models.DecimalField(
        _("price of what is included"),
        max_digits=12,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("A month and activated SIM, in the currency."),
    )
    excess_rate = models.DecimalField(
        _("price of traffic beyond it"),
        max_digits=12,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("A MB, in the currency."),
    )
    active = models.BooleanField(_("can be booked"), default=True)

    class Meta:
        verbose_name = _("data plan")
        verbose_name_plural = _("data plans")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
