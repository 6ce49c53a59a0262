"""Reversals as bulk actions: the dialog that asks, the job, the report and its CSV are those of every other one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.permissions import Permission
from events.reverse.devices import preview_reverse_devices, reverse_devices
from events.reverse.sims import preview_reverse_sims, reverse_sims
from sims.bulk.actions import BulkSpec, register
from sims.bulk.forms import OptionsForm
from sims.devices.bulk import DEVICES
from sims.inventory.bulk import SIMS


class ReversesForm(OptionsForm):
    """Which events are reversed; nobody is asked, it travels with the dialog."""

    reverses = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def options(self) -> dict[str, Any]:
        """Return the argument for the service."""
        return {"reverses": self.cleaned_data["reverses"]} if self.is_bound else {}


_WAS_BEFORE = ngettext_lazy("is as it was before", "are as they were before", "count")

REVERSE_SIMS = BulkSpec(
    noun=SIMS,
    name="reverse",
    label=gettext_lazy("Reverse"),
    icon="undo-2",
    permission=Permission.SIM_UPDATE,
    button=False,
    preview=preview_reverse_sims,
    run=reverse_sims,
    form=ReversesForm,
    asked=ngettext_lazy("Reverse what was done to %(n)s SIM", "Reverse what was done to %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Reverse what was done to SIM %(name)s"),
    done=ngettext_lazy("Reversed for %(n)s SIM", "Reversed for %(n)s SIMs", "count"),
    unchanged=_WAS_BEFORE,
)
_DEVICES: dict[str, Any] = {
    "noun": DEVICES,
    "label": gettext_lazy("Reverse"),
    "icon": "undo-2",
    "permission": Permission.DEVICE_UPDATE,
    "button": False,
    "preview": preview_reverse_devices,
    "run": reverse_devices,
    "form": ReversesForm,
    "asked": ngettext_lazy("Reverse what was done to %(n)s device", "Reverse what was done to %(n)s devices", "count"),
    "asked_one": gettext_lazy("Reverse what was done to device “%(name)s”"),
    "done": ngettext_lazy("Reversed for %(n)s device", "Reversed for %(n)s devices", "count"),
    "unchanged": _WAS_BEFORE,
}
REVERSE_DEVICES = BulkSpec(name="reverse", **_DEVICES)
REVERSE_CREATION = BulkSpec(name="reverse-creation", danger=True, **_DEVICES)
"""The same where devices were created: they are deleted again, so something must be typed."""

register(REVERSE_SIMS, REVERSE_DEVICES, REVERSE_CREATION)
