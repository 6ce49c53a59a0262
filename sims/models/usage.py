"""What SIMs have used: the network's records, their sums by day, and whether factory tests are checked in time.

Rows name SIM, workspace and device by plain ids: a record belongs to whoever held the SIM when it ended
(`sims.models.tenures`), and stays there when the SIM moves on. Nothing here is an event: usage comes by the million,
the log keeps what follows from it.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TrafficType(models.IntegerChoices):
    """Kinds of traffic with the wire's ids."""

    DATA = 5, _("Data")
    SMS = 6, _("SMS")


class UsageRecord(models.Model):
    """One usage record as the network sent it; its id makes it count once, however often it is sent."""

    record_id = models.CharField(max_length=100, unique=True)
    sim_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    device_id = models.BigIntegerField()
    traffic_type = models.PositiveSmallIntegerField(choices=TrafficType.choices)
    total = models.BigIntegerField(help_text="Bytes, or messages.")
    rx = models.BigIntegerField(help_text="To the device: bytes, or messages.")
    tx = models.BigIntegerField(help_text="From the device: bytes, or messages.")
    started = models.DateTimeField()
    ended = models.DateTimeField()
    received = models.DateTimeField()
    tested = models.BooleanField(default=False, db_default=False, help_text="Whether it ended in a factory test.")
    cost = models.BigIntegerField(null=True, help_text="In millionths of the currency, if it was sent.")
    currency = models.PositiveSmallIntegerField(null=True, help_text="1 EUR, 2 USD.")
    payload = models.JSONField(help_text="The record as sent, with the keys that mean nothing to us.")

    class Meta:
        verbose_name = _("usage record")
        verbose_name_plural = _("usage records")
        indexes = (
            models.Index(fields=("sim_id", "ended"), name="usage_sim_ended"),
            models.Index(fields=("workspace_id", "ended"), name="usage_ws_ended"),
        )

    def __str__(self) -> str:
        return self.record_id


class UsageDay(models.Model):
    """The sum of a SIM's records that ended on one day of the billing zone, within one workspace."""

    sim_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    day = models.DateField()
    data_total = models.BigIntegerField(default=0, help_text="Bytes.")
    data_rx = models.BigIntegerField(default=0)
    data_tx = models.BigIntegerField(default=0)
    sms_total = models.BigIntegerField(default=0, help_text="Messages.")
    sms_mt = models.BigIntegerField(default=0)
    sms_mo = models.BigIntegerField(default=0)
    data_cost_eur = models.BigIntegerField(default=0, db_default=0, help_text="Millionths of a euro.")
    data_cost_usd = models.BigIntegerField(default=0, db_default=0, help_text="Millionths of a US dollar.")
    sms_cost_eur = models.BigIntegerField(default=0, db_default=0)
    sms_cost_usd = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("usage of a day")
        verbose_name_plural = _("usage by day")
        indexes = (models.Index(fields=("workspace_id", "day"), name="usage_day_ws"),)
        constraints = (models.UniqueConstraint(fields=("sim_id", "workspace_id", "day"), name="usage_day_unique"),)

    def __str__(self) -> str:
        return f"SIM {self.sim_id}, {self.day}"


class FactoryTestRange(models.Model):
    """A range of SIM ids in which some are in factory test, and when it was last checked to its end."""

    first_id = models.BigIntegerField(primary_key=True)
    checked = models.DateTimeField()

    class Meta:
        verbose_name = _("range of factory tests")
        verbose_name_plural = _("ranges of factory tests")

    def __str__(self) -> str:
        return f"from SIM {self.first_id}"


class FactoryTestWatch(models.Model):
    """The one row that says since when checks run late, so that their lateness is told once."""

    late_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("watch over factory tests")
        verbose_name_plural = _("watch over factory tests")

    def __str__(self) -> str:
        return f"late since {self.late_since}" if self.late_since else "on time"
