"""Kinds of SIMs, and the batches they come in."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.querysets import WorkspaceQuerySet


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
