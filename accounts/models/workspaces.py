"""Workspaces, who is in them, and what they say about their company."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.packages import Currency, DataPlan, PlatformPackage
from accounts.models.users import User
from accounts.operator import OPERATOR_ID, OPERATOR_TYPE
from accounts.permissions import Role
from kit.querysets import WorkspaceQuerySet

LEAST_EVENT_DAYS: Final = 30
"""No event is removed before it is this old, whatever staff set; the database sees to it as well."""


class Workspace(models.Model):
    """The billable entity that owns SIMs, devices, policies and its part of the log; the wire's `organisation`."""

    class Type(models.IntegerChoices):
        OPERATOR = OPERATOR_TYPE, _("Mobile network operator")
        SERVICE_PROVIDER = 2, _("Service provider")
        RESELLER = 3, _("Reseller")
        ENTERPRISE = 4, _("Enterprise")

    class Status(models.IntegerChoices):
        ENABLED = 0, _("Enabled")
        SUSPENDED = 1, _("Suspended")

    name = models.CharField(_("name"), max_length=120)
    type = models.PositiveSmallIntegerField(_("type"), choices=Type.choices, default=Type.ENTERPRISE)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ENABLED)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166 code, e.g. DE."))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    main = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="linked",
        verbose_name=_("main organisation"),
        help_text=_("Empty for an organisation of its own."),
    )
    super_admin = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SuperAdmin"),
        help_text=_("Of a main organisation only: has access to all workspaces linked to it."),
    )
    package = models.ForeignKey(
        PlatformPackage, on_delete=models.PROTECT, related_name="workspaces", verbose_name=_("platform package")
    )
    prepaid_extra_cents = models.PositiveIntegerField(
        _("prepaid credit added, in cents"),
        default=0,
        db_default=0,
        help_text=_("Beyond the credit of the package, for this trial."),
    )
    credit_ended = models.DateTimeField(
        _("credit used up"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When the prepaid credit of this trial was found used up."),
    )
    package_since = models.DateTimeField(
        _("package since"), default=timezone.now, editable=False, help_text=_("When the package was assigned.")
    )
    data_plans = models.ManyToManyField(
        DataPlan,
        through="accounts.DataPlanBooking",
        blank=True,
        related_name="workspaces",
        verbose_name=_("data plans"),
    )
    factory_test_override = models.BooleanField(
        _("factory test"), null=True, blank=True, help_text=_("Unknown: as the package says.")
    )
    factory_test_bytes = models.PositiveBigIntegerField(
        _("factory test data limit in bytes"), default=100_000, validators=[MinValueValidator(1)]
    )
    factory_test_sms = models.PositiveIntegerField(
        _("factory test SMS limit"), default=10, validators=[MinValueValidator(1)]
    )
    factory_test_days = models.PositiveSmallIntegerField(
        _("factory test period in days"), default=180, validators=[MinValueValidator(1)]
    )
    event_days = models.PositiveSmallIntegerField(
        _("days events are kept"), default=400, validators=[MinValueValidator(LEAST_EVENT_DAYS)]
    )
    mfa_required = models.BooleanField(_("second factor required"), default=False)
    users = models.ManyToManyField(
        User, through="Membership", through_fields=("workspace", "user"), related_name="workspaces"
    )

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(main__isnull=True) | models.Q(super_admin__isnull=True),
                name="workspace_superadmin_on_main",
                violation_error_message=_("Only a main organisation has a SuperAdmin."),
            ),
            models.CheckConstraint(
                condition=models.Q(pk=OPERATOR_ID, type=OPERATOR_TYPE)
                | (~models.Q(pk=OPERATOR_ID) & ~models.Q(type=OPERATOR_TYPE)),
                name="workspace_one_operator",
                violation_error_message=_("The operator has exactly one workspace, and it stays the operator's."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def factory_test_allowed(self) -> bool:
        """Tell whether SIMs may enter factory test: the workspace's own setting, else the package's."""
        if self.factory_test_override is not None:
            return self.factory_test_override
        return self.package.factory_test_allowed

    @property
    def demands_second_factor(self) -> bool:
        """Tell whether everybody here needs a second factor: by the workspace's own setting, or the package's."""
        return self.mfa_required or self.package.mfa_required

    @property
    def trial_ends(self) -> datetime | None:
        """When the trial ends or ended: by its days, counted from its assignment, or before that by its credit.

        `None` for no trial, and for one without an end by now.
        """
        package = self.package
        if not package.evaluation or self.type == self.Type.OPERATOR:
            return None
        if not package.trial_days:
            return self.credit_ended
        ends = self.package_since + timedelta(days=package.trial_days)
        return ends if self.credit_ended is None else min(ends, self.credit_ended)

    @property
    def prepaid_credit_cents(self) -> int:
        """What this trial may use for traffic, in cents, with what staff have added; 0 for no credit."""
        package = self.package
        if not package.evaluation or self.type == self.Type.OPERATOR:
            return 0
        return package.prepaid_credit_cents + self.prepaid_extra_cents

    def trial_over(self, now: datetime) -> bool:
        """Tell whether the trial has ended."""
        return self.trial_ends is not None and self.trial_ends <= now


class DataPlanBooking(models.Model):
    """A data plan that a workspace may use."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, verbose_name=_("workspace"))
    data_plan = models.ForeignKey(
        DataPlan, on_delete=models.CASCADE, db_column="dataplan_id", verbose_name=_("data plan")
    )
    since = models.DateTimeField(
        _("since"), null=True, default=timezone.now, help_text=_("Empty for those that were booked before it was kept.")
    )

    class Meta:
        verbose_name = _("booking of a data plan")
        verbose_name_plural = _("bookings of data plans")
        # It was there before it had a model.
        db_table = "accounts_workspace_data_plans"
        unique_together = (("workspace", "data_plan"),)

    def __str__(self) -> str:
        return f"{self.data_plan_id} in {self.workspace_id}"


class TrialNotice(models.Model):
    """What was told about the end of a trial, so that it is told once.

    Another assignment, or another number of days, is another end, of which everything is told anew.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="trial_notices", verbose_name=_("workspace")
    )
    since = models.DateTimeField(_("assigned"))
    trial_days = models.PositiveSmallIntegerField(_("trial days"))
    days_left = models.PositiveSmallIntegerField(_("days before the end"), help_text=_("0 for the end itself."))

    class Meta:
        verbose_name = _("notice of the end of a trial")
        verbose_name_plural = _("notices of the end of trials")
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "since", "trial_days", "days_left"), name="trial_notice_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.workspace_id}, {self.since}: {self.days_left}"


class Membership(models.Model):
    """A user's role in one workspace; SuperAdmin is no membership but stands on the main organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("workspace")
    )
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("workspace", "user")
        constraints = (models.UniqueConstraint(fields=("user", "workspace"), name="membership_unique"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}: {self.role}"


class CompanyDetails(models.Model):
    """Who the customer is in law and for the invoice (events 31 and 32)."""

    class VerificationType(models.IntegerChoices):
        VAT = 1, _("VAT identification number")
        REGISTER = 2, _("Commercial register number")

    class ChargingModel(models.IntegerChoices):
        POSTPAID = 0, _("Postpaid")
        PREPAID = 1, _("Prepaid")

    class PaymentTerm(models.IntegerChoices):
        IMMEDIATELY = 0, _("Due immediately")
        DAYS_14 = 1, _("14 days")
        DAYS_30 = 2, _("30 days")

    workspace = models.OneToOneField(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="company", verbose_name=_("workspace")
    )
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    verification_type = models.PositiveSmallIntegerField(
        _("kind of number"), choices=VerificationType.choices, null=True, blank=True
    )
    verification = models.CharField(_("number"), max_length=40, blank=True)
    charging_model = models.PositiveSmallIntegerField(
        _("charging model"), choices=ChargingModel.choices, default=ChargingModel.POSTPAID
    )
    payment_term = models.PositiveSmallIntegerField(
        _("payment term"), choices=PaymentTerm.choices, default=PaymentTerm.IMMEDIATELY
    )
    vatin = models.CharField(_("VAT number on the invoice"), max_length=20, blank=True)
    invoice_email = models.EmailField(_("invoices go to"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("company details")
        verbose_name_plural = _("company details")

    def __str__(self) -> str:
        return f"Company details of workspace {self.workspace_id}"
