"""Which networks devices and coverage policies may not use, and the messages sent to devices."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.querysets import WorkspaceQuerySet


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


class CoverageBlockedOperator(models.Model):
    """A mobile network that a coverage policy keeps all its devices off; the wire's `operator_blocklist`."""

    policy = models.ForeignKey(
        "sims.CoveragePolicy",
        on_delete=models.CASCADE,
        related_name="blocked_operators",
        db_index=False,
        verbose_name=_("coverage policy"),
    )
    operator_id = models.PositiveIntegerField(_("network"), help_text=_("MCC and MNC as one number."))
    created = models.DateTimeField(_("blocked"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("network blocked by a coverage policy")
        verbose_name_plural = _("networks blocked by coverage policies")
        ordering = ("operator_id",)
        constraints = (models.UniqueConstraint(fields=("policy", "operator_id"), name="coverage_operator_unique"),)

    def __str__(self) -> str:
        return f"{self.operator_id} in policy {self.policy_id}"


class CoverageExcludedZone(models.Model):
    """A rate zone that a coverage policy does not choose; it chooses all of its data plan's unless said here."""

    policy = models.ForeignKey(
        "sims.CoveragePolicy",
        on_delete=models.CASCADE,
        related_name="excluded_zones",
        db_index=False,
        verbose_name=_("coverage policy"),
    )
    zone = models.PositiveSmallIntegerField(_("rate zone"), help_text=_("First digit of its mobile country codes."))
    created = models.DateTimeField(_("excluded"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rate zone excluded by a coverage policy")
        verbose_name_plural = _("rate zones excluded by coverage policies")
        ordering = ("zone",)
        constraints = (models.UniqueConstraint(fields=("policy", "zone"), name="coverage_zone_unique"),)

    def __str__(self) -> str:
        return f"zone {self.zone} in policy {self.policy_id}"


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
        indexes = (
            models.Index(fields=("device", "id"), name="sms_device"),
            # The sweep walks what waits; there is never much of it.
            models.Index(fields=("expires",), name="sms_pending", condition=models.Q(status=1)),
        )

    def __str__(self) -> str:
        return f"SMS {self.pk}"


class Attachment(models.Model):
    """How a SIM is connected, as the network last reported it; it speaks of the device that the SIM was on then.

    Reports may arrive in any order: each part remembers the moment of the newest report on it.
    """

    sim = models.OneToOneField("sims.Sim", on_delete=models.CASCADE, primary_key=True, related_name="attachment")
    workspace_id = models.BigIntegerField()
    device_id = models.BigIntegerField(null=True)
    vlr = models.CharField(max_length=20, blank=True, help_text="Where it is attached for calls and SMS.")
    vlr_at = models.DateTimeField(null=True)
    sgsn = models.CharField(max_length=20, blank=True, help_text="Where it is attached for data.")
    sgsn_ip = models.CharField(max_length=45, blank=True)
    sgsn_at = models.DateTimeField(null=True)
    network_id = models.PositiveIntegerField(null=True, help_text="MCC and MNC as one number.")
    operator = models.JSONField(null=True, help_text="The network as it was reported.")
    operator_at = models.DateTimeField(null=True)
    session = models.JSONField(null=True, help_text="The data session that is open, as it was reported.")
    session_id = models.CharField(max_length=64, blank=True)
    session_at = models.DateTimeField(null=True)
    seen = models.DateTimeField(help_text="Moment of the newest report.")

    class Meta:
        verbose_name = _("attachment of a SIM")
        verbose_name_plural = _("attachments of SIMs")

    def __str__(self) -> str:
        return f"SIM {self.sim_id}, seen {self.seen}"


class NetworkReport(models.Model):
    """A report that was taken in, so that it counts once however often it is sent."""

    report_id = models.CharField(max_length=100, primary_key=True)
    received = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("report of the network")
        verbose_name_plural = _("reports of the network")

    def __str__(self) -> str:
        return self.report_id
