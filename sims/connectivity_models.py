"""Which networks a device may not use, and the messages sent to it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from portal.kit.querysets import WorkspaceQuerySet


class SmsStatus(models.IntegerChoices):
    """States of a message. No table of ids is published; these are ours."""

    PENDING = 1, _("Delivery attempt pending")
    DELIVERED = 4, _("Delivered")
    FAILED = 5, _("Failed")
    EXPIRED = 6, _("Expired")


class BlockedOperator(models.Model):
    """A mobile network that a device is kept off; part of the wire's `operator_blacklist`."""

    device = models.ForeignKey(
        "sims.Device", on_delete=models.CASCADE, related_name="blocked_operators", verbose_name=_("device")
    )
    operator_id = models.PositiveIntegerField(_("network"), help_text=_("MCC and MNC as one number."))
    created = models.DateTimeField(_("blocked"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("blocked network")
        verbose_name_plural = _("blocked networks")
        ordering = ("operator_id",)
        constraints = (models.UniqueConstraint(fields=("device", "operator_id"), name="blocked_operator_unique"),)

    def __str__(self) -> str:
        return f"{self.operator_id} on {self.device_id}"


class Sms(models.Model):
    """A message sent to a device through the portal."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    device = models.ForeignKey("sims.Device", on_delete=models.PROTECT, related_name="messages", db_index=False)
    sim = models.ForeignKey("sims.Sim", on_delete=models.PROTECT, related_name="+")
    status = models.PositiveSmallIntegerField(_("state"), choices=SmsStatus.choices, default=SmsStatus.PENDING)
    source_address = models.CharField(_("sender"), max_length=20)
    payload = models.TextField(_("text"))
    dcs = models.PositiveSmallIntegerField(_("data coding scheme"), default=0)
    udh = models.CharField(_("user data header"), max_length=280, blank=True)
    submitted = models.DateTimeField(_("sent"), default=timezone.now)
    expires = models.DateTimeField(_("expires"))
    delivered = models.DateTimeField(_("delivered"), null=True, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")
        ordering = ("-id",)
        indexes = (models.Index(fields=("device", "id"), name="sms_device"),)

    def __str__(self) -> str:
        return f"SMS {self.pk}"
