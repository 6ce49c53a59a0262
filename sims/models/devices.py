"""Devices."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.action import checked_before
from kit.querysets import WorkspaceQuerySet
from sims.models.policies import CoveragePolicy, ServicePolicy
from sims.states import DeviceStatus

NOTE_LENGTH: Final = 1_000
"""Characters of a note on a SIM or device."""
ONE_ADDRESS = checked_before("device_one_address")


class Device(models.Model):
    """A machine in the field that uses a SIM; the wire's `endpoint`."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="devices", db_index=False)
    name = models.CharField(_("name"), max_length=200)
    status = models.PositiveSmallIntegerField(_("status"), choices=DeviceStatus.choices, default=DeviceStatus.DISABLED)
    imei = models.CharField(_("IMEI"), max_length=16, blank=True, db_index=True)
    imei_lock = models.BooleanField(_("IMEI lock"), default=False)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True, db_index=True)
    address_shared = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Has had its address, together with another enabled device, since before addresses were unique."),
    )
    tags = models.CharField(_("tags"), max_length=500, blank=True, help_text=_("Separated by commas."))
    """In the wire's form: names in the order given, joined by a comma; `services.tags` keeps them unique."""
    service_policy = models.ForeignKey(
        ServicePolicy, on_delete=models.PROTECT, null=True, related_name="devices", verbose_name=_("service policy")
    )
    coverage_policy = models.ForeignKey(
        CoveragePolicy, on_delete=models.PROTECT, null=True, related_name="devices", verbose_name=_("coverage policy")
    )
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
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_updated = models.DateTimeField(_("last updated"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("workspace", "status", "id"), name="device_ws_status"),
            models.Index(fields=("workspace", "name", "id"), name="device_ws_name"),
            models.Index(fields=("workspace", "id"), name="device_ws"),
        )
        constraints = (
            # One enabled device an address; the rule stands in `services.values.AddressBook`.
            models.UniqueConstraint(
                fields=("workspace", "ip_address"),
                condition=models.Q(status=DeviceStatus.ENABLED, address_shared=False),
                name=ONE_ADDRESS,
            ),
            # A deleted device lets go of its policies, so that they can be deleted too.
            models.CheckConstraint(
                condition=models.Q(status=DeviceStatus.DELETED)
                | models.Q(service_policy__isnull=False, coverage_policy__isnull=False),
                name="device_has_policies",
            ),
        )

    def __str__(self) -> str:
        return self.name
