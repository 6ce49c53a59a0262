"""SIMs, their models, and the batches they came in."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.querysets import WorkspaceQuerySet
from sims.models.devices import Device
from sims.states import SimStatus


class SimModel(models.Model):
    """A kind of card or chip."""

    class FormFactor(models.TextChoices):
        MINI = "2FF", _("Mini (2FF)")
        MICRO = "3FF", _("Micro (3FF)")
        NANO = "4FF", _("Nano (4FF)")
        TRIPLE_CUT = "triple", _("Triple cut (2FF, 3FF, 4FF)")
        CHIP = "MFF2", _("Chip (MFF2)")

    description = models.CharField(_("description"), max_length=100, unique=True)
    form_factor = models.CharField(_("form factor"), max_length=10, choices=FormFactor.choices)
    manufacturer = models.CharField(_("manufacturer"), max_length=100)
    memory_size = models.PositiveIntegerField(_("memory in kB"), default=128)

    class Meta:
        verbose_name = _("SIM model")
        verbose_name_plural = _("SIM models")
        ordering = ("description",)

    def __str__(self) -> str:
        return self.description


class SimBatch(models.Model):
    """SIMs that are handed out and registered together by one batch identification code (BIC)."""

    bic = models.CharField(
        _("BIC"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"^[0-9]{16}$", _("A BIC has 16 digits."))],
        help_text=_("16 digits, printed on the card or on the batch label."),
    )
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sim_batches",
        verbose_name=_("workspace"),
        help_text=_("Only it may register the batch; empty: whoever holds the code."),
    )
    model = models.ForeignKey(SimModel, on_delete=models.PROTECT, related_name="+", verbose_name=_("SIM model"))
    quantity = models.PositiveIntegerField(_("SIMs"), default=0, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    assigned_at = models.DateTimeField(_("assigned"), null=True, blank=True, editable=False)
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("SIM batch")
        verbose_name_plural = _("SIM batches")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.bic


class Sim(models.Model):
    """A SIM card. Its state machine stands in `states`; only services write it."""

    iccid = models.CharField(
        _("ICCID"),
        max_length=19,
        unique=True,
        validators=[RegexValidator(r"^89[0-9]{17}$", _("An ICCID has 19 digits and starts with 89."))],
        help_text=_("19 digits; the 20th, the Luhn digit, is computed."),
    )
    eid = models.CharField(_("EID"), max_length=32, blank=True)
    imsi = models.CharField(_("IMSI"), max_length=15, unique=True)
    msisdn = models.CharField(_("MSISDN"), max_length=15, blank=True)
    status = models.PositiveSmallIntegerField(_("status"), choices=SimStatus.choices, default=SimStatus.ISSUED)
    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sims",
        db_index=False,
        verbose_name=_("workspace"),
        help_text=_("Whose inventory it is in; empty while in stock."),
    )
    batch = models.ForeignKey(SimBatch, on_delete=models.PROTECT, related_name="sims", verbose_name=_("batch"))
    device = models.OneToOneField(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="sim", verbose_name=_("device")
    )
    production_date = models.DateTimeField(_("produced"), default=timezone.now)
    imported = models.DateTimeField(_("imported"), default=timezone.now, editable=False)
    activation_date = models.DateTimeField(_("first activated"), null=True, blank=True, editable=False)
    active_until = models.DateTimeField(
        _("Activated until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("The last moment at which it was Activated in its workspace; empty while it is."),
    )
    factory_test_since = models.DateTimeField(_("in factory test since"), null=True, blank=True, editable=False)
    tested_bytes = models.BigIntegerField(_("bytes used in factory test"), default=0, db_default=0, editable=False)
    tested_sms = models.BigIntegerField(_("SMS used in factory test"), default=0, db_default=0, editable=False)
    last_updated = models.DateTimeField(_("last updated"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("SIM")
        verbose_name_plural = _("SIMs")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("workspace", "status", "id"), name="sim_ws_status"),
            models.Index(fields=("workspace", "id"), name="sim_ws"),
            models.Index(
                fields=("workspace", "id"),
                name="sim_charged_unused",
                condition=models.Q(status=1, device__isnull=True),
            ),
            models.Index(fields=("workspace", "last_updated", "id"), name="sim_ws_updated"),
            models.Index(
                fields=("workspace", "active_until"),
                name="sim_ws_active_until",
                condition=models.Q(active_until__isnull=False),
            ),
            models.Index(fields=("msisdn",), name="sim_msisdn"),
            models.Index(fields=("eid",), name="sim_eid", condition=~models.Q(eid="")),
            # The sweep walks the SIMs in test by ranges of ids.
            models.Index(fields=("id",), name="sim_testing", condition=models.Q(status=4)),
        )

    def __str__(self) -> str:
        return self.iccid
