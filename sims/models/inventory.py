"""SIMs."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.querysets import WorkspaceQuerySet
from sims.models.batches import SimBatch
from sims.models.devices import NOTE_LENGTH, Device
from sims.models.imports import SimImport
from sims.states import SimStatus


class SimQuerySet(WorkspaceQuerySet["Sim"]):
    """SIMs."""

    def there(self) -> Self:
        """Return those that are there: what an import has written before it is done is not (`SimImport`)."""
        return self.exclude(incoming_id__in=SimImport.objects.filter(done__isnull=True).values("pk"))


_SimManager = models.Manager.from_queryset(SimQuerySet)


class SimManager(_SimManager["Sim"]):
    """SIMs as everybody sees them."""

    def get_queryset(self) -> SimQuerySet:
        """Return the SIMs that are there."""
        return SimQuerySet(self.model, using=self._db).there()

    def of(self, workspace_id: int) -> SimQuerySet:
        """Return the SIMs of a workspace, which are there all: an import writes into stock alone."""
        return SimQuerySet(self.model, using=self._db).filter(workspace_id=workspace_id)


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
    note = models.CharField(_("note"), max_length=NOTE_LENGTH, blank=True, default="", db_default="")
    noted_at = models.DateTimeField(_("note written"), null=True, editable=False)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        verbose_name=_("note written by"),
    )
    incoming = models.ForeignKey(
        SimImport, on_delete=models.PROTECT, null=True, editable=False, related_name="sims", db_index=False
    )
    """The import that wrote it; until that is done the SIM is not there."""

    objects = SimManager()
    written = SimQuerySet.as_manager()
    """With those that are not there yet: for imports, and for queries that name a workspace or a device."""

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
            models.Index(fields=("incoming", "id"), name="sim_incoming", condition=models.Q(incoming__isnull=False)),
        )

    def __str__(self) -> str:
        return self.iccid
