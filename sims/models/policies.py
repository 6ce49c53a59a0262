"""Service policies and coverage policies."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import DataPlan, Workspace
from kit.mobile_networks import ZONES, network_name
from kit.querysets import WorkspaceQuerySet


class ServicePolicy(models.Model):
    """Which services a device may use; the wire's `service_profile`."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="service_policies")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=300, blank=True)
    data = models.BooleanField(_("data"), default=True)
    sms_mo = models.BooleanField(_("SMS from the device"), default=True)
    sms_mt = models.BooleanField(_("SMS to the device"), default=True)
    allowed_2g = models.BooleanField("2G", default=True)
    allowed_3g = models.BooleanField("3G", default=True)
    allowed_4g = models.BooleanField("4G", default=True)
    allowed_5g = models.BooleanField("5G", default=False)
    allowed_nb_iot = models.BooleanField("NB-IoT", default=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service policy")
        verbose_name_plural = _("service policies")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                "workspace",
                Lower("name"),
                name="service_policy_name_unique",
                violation_error_message=_("A service policy of this name exists."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class CoveragePolicy(models.Model):
    """Where a device may connect and at which data plan; the wire's `tariff_profile`."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="coverage_policies")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=300, blank=True)
    data_plan = models.ForeignKey(
        DataPlan, on_delete=models.PROTECT, related_name="coverage_policies", verbose_name=_("data plan")
    )
    uses_allowance = models.BooleanField(
        _("uses the allowance"),
        default=True,
        help_text=_(
            "Whether its SIMs take part in what the data plan includes; recorded for billing, nothing is computed from "
            "it here."
        ),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("coverage policy")
        verbose_name_plural = _("coverage policies")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                "workspace",
                Lower("name"),
                name="coverage_policy_name_unique",
                violation_error_message=_("A coverage policy of this name exists."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def left_out(self) -> list[str]:
        """Return in words what devices may not use of the data plan; zones and networks should be prefetched."""
        zones = [ZONES.get(each.zone, str(each.zone)) for each in self.excluded_zones.all()]
        networks = [network_name(each.operator_id) for each in self.blocked_operators.all()]
        told = [str(_("Not in %(zones)s.") % {"zones": ", ".join(zones)})] if zones else []
        if networks:
            told.append(str(_("Not on %(networks)s.") % {"networks": ", ".join(networks)}))
        if not self.uses_allowance:
            told.append(str(_("Without the included volume, as recorded for billing.")))
        return told
