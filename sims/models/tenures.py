"""Who held a SIM and what it could do, moment by moment; what kept it off networks, and how far tests went, before.

All of it is kept for what is told late: the network reports usage after the fact. Rows name everything by plain ids,
because they speak of what was.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sims.states import DeviceStatus, SimStatus


class SimTenure(models.Model):
    """How a SIM stood from a moment on, until its next row; a SIM without a row was in no workspace yet.

    Rows are only added, so no two of a SIM overlap and none leaves a gap. `sims.tenures` adds them.
    """

    pk = models.CompositePrimaryKey("sim_id", "since")
    sim_id = models.BigIntegerField()
    since = models.DateTimeField()
    workspace_id = models.BigIntegerField()
    device_id = models.BigIntegerField(null=True)
    status = models.PositiveSmallIntegerField(choices=SimStatus.choices)
    device_status = models.PositiveSmallIntegerField(choices=DeviceStatus.choices, null=True)
    service_policy_id = models.BigIntegerField(null=True)
    coverage_policy_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("tenure of a SIM")
        verbose_name_plural = _("tenures of SIMs")

    def __str__(self) -> str:
        return f"SIM {self.sim_id} since {self.since}"


class PastBar(models.Model):
    """A network or a rate zone that a device or a policy was kept off until somebody allowed it again."""

    class Kind(models.IntegerChoices):
        DEVICE = 1, _("network of a device")
        POLICY = 2, _("network of a coverage policy")
        ZONE = 3, _("rate zone of a coverage policy")

    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    owner_id = models.BigIntegerField(help_text="The device or the policy.")
    number = models.PositiveIntegerField(help_text="The network or the rate zone.")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("past bar of a network")
        verbose_name_plural = _("past bars of networks")
        indexes = (models.Index(fields=("owner_id", "kind", "number"), name="past_bar_owner"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.owner_id}: {self.number}"


class PastTestLimits(models.Model):
    """What a workspace allowed in factory test until it was changed; what it allows now stands in the workspace."""

    workspace_id = models.BigIntegerField()
    until = models.DateTimeField()
    bytes = models.BigIntegerField()
    sms = models.BigIntegerField()
    days = models.PositiveIntegerField()
    begun_before = models.DateTimeField(help_text="Tests that began until then were over when the limits changed.")

    class Meta:
        verbose_name = _("past limits of factory tests")
        verbose_name_plural = _("past limits of factory tests")
        indexes = (models.Index(fields=("workspace_id", "until"), name="past_test_limits_ws"),)

    def __str__(self) -> str:
        return f"workspace {self.workspace_id} until {self.until}"
