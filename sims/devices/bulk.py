"""What can be done to many devices at once: one entry for each action."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.permissions import Permission, authorise
from kit.outcomes import Outcome, not_found
from sims import effects
from sims.bulk import trail
from sims.bulk.actions import BulkSpec, Noun, register
from sims.devices.bulk_forms import BulkReleaseForm, DeviceNoteForm, DevicesForSimsForm, PoliciesForm, TagsForm
from sims.devices.filters import DeviceFilters
from sims.devices.services.devices import delete_devices, preview_delete_devices
from sims.devices.services.for_sims import create_devices_for_sims, preview_devices_for_sims
from sims.devices.services.notes import change_device_notes, preview_device_notes
from sims.devices.services.policies import change_policies, preview_policies
from sims.devices.services.status import disable_devices, enable_devices, preview_device_action, reset_connectivity
from sims.devices.services.tags import change_tags
from sims.inventory.bulk import SIMS
from sims.inventory.services.assignment import preview_release, release_sims
from sims.locking import chunks, missing, read_devices
from sims.models import Device


def _proof(shown: str) -> tuple[str, str]:
    return shown, _("Type the name of the device, %(text)s, to confirm") % {"text": shown}


def _preview_tags(*, workspace_id: int, device_ids: Sequence[int], **_names: Any) -> Outcome:
    """Tell which devices are there; what becomes of each depends on the names that are still to be typed."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    for part in chunks(device_ids):
        rows = read_devices(workspace_id, part)
        outcome.changed += [row.id for row in rows]
        outcome.refused += not_found(missing(part, rows), "Device")
    return outcome


DEVICES = Noun(
    name="devices",
    title=gettext_lazy("Connected devices"),
    objects=Device.objects.all,
    filters=DeviceFilters,
    ids="device_ids",
    label="name",
    shown=str,
    head="device",
    proof=_proof,
    reasons={
        "no_sim": ngettext_lazy("has no SIM", "have no SIM", "count"),
        "has_sim": ngettext_lazy("has a SIM: release it first", "have a SIM: release it first", "count"),
        "disabled": ngettext_lazy("is Disabled: enable it first", "are Disabled: enable them first", "count"),
        "too_long": ngettext_lazy(
            "would have tags of more than 500 characters", "would have tags of more than 500 characters", "count"
        ),
    },
    route="device",
    trace=trail.device_trace,
    trace_head=trail.DEVICE_HEAD,
    trace_line=trail.device_line,
    effects={
        effects.OFFLINE: ngettext_lazy("loses its connection", "lose their connection", "count"),
        effects.INTERRUPTED: ngettext_lazy(
            "loses its connection and connects anew", "lose their connection and connect anew", "count"
        ),
        effects.TEST_ENDS: ngettext_lazy(
            "has a SIM whose factory test ends and cannot begin again",
            "have a SIM whose factory test ends and cannot begin again",
            "count",
        ),
        effects.CHARGED: ngettext_lazy(
            "has a SIM that begins to be charged", "have a SIM that begins to be charged", "count"
        ),
        effects.UNUSED: ngettext_lazy(
            "gives up a SIM that goes on being charged", "give up a SIM that goes on being charged", "count"
        ),
    },
)

ENABLE = BulkSpec(
    noun=DEVICES,
    name="enable",
    label=gettext_lazy("Enable"),
    icon="power",
    permission=Permission.DEVICE_UPDATE,
    preview=partial(preview_device_action, what="enable"),
    run=enable_devices,
    asked=ngettext_lazy("Enable %(n)s device", "Enable %(n)s devices", "count"),
    asked_one=gettext_lazy("Enable device “%(name)s”"),
    doing=ngettext_lazy("Enabling %(n)s device", "Enabling %(n)s devices", "count"),
    done=ngettext_lazy("Enabled %(n)s device", "Enabled %(n)s devices", "count"),
    unchanged=ngettext_lazy("is Enabled already", "are Enabled already", "count"),
)
DISABLE = BulkSpec(
    noun=DEVICES,
    name="disable",
    label=gettext_lazy("Disable"),
    icon="power-off",
    permission=Permission.DEVICE_UPDATE,
    preview=partial(preview_device_action, what="disable"),
    run=disable_devices,
    asked=ngettext_lazy("Disable %(n)s device", "Disable %(n)s devices", "count"),
    asked_one=gettext_lazy("Disable device “%(name)s”"),
    doing=ngettext_lazy("Disabling %(n)s device", "Disabling %(n)s devices", "count"),
    done=ngettext_lazy("Disabled %(n)s device", "Disabled %(n)s devices", "count"),
    unchanged=ngettext_lazy("is Disabled already", "are Disabled already", "count"),
)
RESET = BulkSpec(
    noun=DEVICES,
    name="reset",
    label=gettext_lazy("Reset connectivity"),
    icon="refresh-cw",
    permission=Permission.DEVICE_RESET,
    preview=partial(preview_device_action, what="reset"),
    run=reset_connectivity,
    asked=ngettext_lazy("Reset connectivity of %(n)s device", "Reset connectivity of %(n)s devices", "count"),
    asked_one=gettext_lazy("Reset connectivity of device “%(name)s”"),
    doing=ngettext_lazy("Resetting connectivity of %(n)s device", "Resetting connectivity of %(n)s devices", "count"),
    done=ngettext_lazy(
        "Ordered a connectivity reset for %(n)s device", "Ordered a connectivity reset for %(n)s devices", "count"
    ),
)
RELEASE = BulkSpec(
    noun=DEVICES,
    name="release",
    label=gettext_lazy("Release SIMs"),
    icon="unlink",
    permission=Permission.DEVICE_UPDATE,
    preview=preview_release,
    run=release_sims,
    form=BulkReleaseForm,
    asked=ngettext_lazy("Release the SIM of %(n)s device", "Release the SIMs of %(n)s devices", "count"),
    asked_one=gettext_lazy("Release the SIM of device “%(name)s”"),
    doing=ngettext_lazy("Releasing the SIM of %(n)s device", "Releasing the SIMs of %(n)s devices", "count"),
    done=ngettext_lazy("Released %(n)s SIM", "Released %(n)s SIMs", "count"),
)
TAGS = BulkSpec(
    noun=DEVICES,
    name="tags",
    label=gettext_lazy("Change tags"),
    icon="tags",
    permission=Permission.DEVICE_UPDATE,
    preview=_preview_tags,
    run=change_tags,
    form=TagsForm,
    asked=ngettext_lazy("Change tags of %(n)s device", "Change tags of %(n)s devices", "count"),
    asked_one=gettext_lazy("Change tags of device “%(name)s”"),
    doing=ngettext_lazy("Changing tags of %(n)s device", "Changing tags of %(n)s devices", "count"),
    done=ngettext_lazy("Changed tags of %(n)s device", "Changed tags of %(n)s devices", "count"),
    unchanged=ngettext_lazy("has these tags already", "have these tags already", "count"),
)
POLICIES = BulkSpec(
    noun=DEVICES,
    name="policies",
    label=gettext_lazy("Change policies"),
    icon="sliders-horizontal",
    permission=Permission.DEVICE_UPDATE,
    preview=preview_policies,
    run=change_policies,
    form=PoliciesForm,
    asked=ngettext_lazy("Change policies of %(n)s device", "Change policies of %(n)s devices", "count"),
    asked_one=gettext_lazy("Change policies of device “%(name)s”"),
    doing=ngettext_lazy("Changing policies of %(n)s device", "Changing policies of %(n)s devices", "count"),
    done=ngettext_lazy("Changed policies of %(n)s device", "Changed policies of %(n)s devices", "count"),
    unchanged=ngettext_lazy("has these policies already", "have these policies already", "count"),
)
NOTE = BulkSpec(
    noun=DEVICES,
    name="note",
    label=gettext_lazy("Note"),
    icon="notebook-pen",
    permission=Permission.DEVICE_UPDATE,
    preview=preview_device_notes,
    run=change_device_notes,
    form=DeviceNoteForm,
    asked=ngettext_lazy("Write a note on %(n)s device", "Write a note on %(n)s devices", "count"),
    asked_one=gettext_lazy("Write a note on device “%(name)s”"),
    doing=ngettext_lazy("Writing a note on %(n)s device", "Writing a note on %(n)s devices", "count"),
    done=ngettext_lazy("Changed the note on %(n)s device", "Changed the notes on %(n)s devices", "count"),
    unchanged=ngettext_lazy("has this note already", "have this note already", "count"),
)
DELETE = BulkSpec(
    noun=DEVICES,
    name="delete",
    label=gettext_lazy("Delete"),
    icon="trash-2",
    danger=True,
    permission=Permission.DEVICE_UPDATE,
    preview=preview_delete_devices,
    run=delete_devices,
    asked=ngettext_lazy("Delete %(n)s device", "Delete %(n)s devices", "count"),
    asked_one=gettext_lazy("Delete device “%(name)s”"),
    doing=ngettext_lazy("Deleting %(n)s device", "Deleting %(n)s devices", "count"),
    done=ngettext_lazy("Deleted %(n)s device", "Deleted %(n)s devices", "count"),
)

FOR_SIMS = BulkSpec(
    noun=SIMS,
    name="devices",
    label=gettext_lazy("Create devices"),
    icon="cpu",
    permission=Permission.DEVICE_UPDATE,
    preview=preview_devices_for_sims,
    run=create_devices_for_sims,
    form=DevicesForSimsForm,
    asked=ngettext_lazy("Create a device for %(n)s SIM", "Create a device for each of %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Create a device for SIM %(name)s"),
    doing=ngettext_lazy("Creating a device for %(n)s SIM", "Creating a device for each of %(n)s SIMs", "count"),
    done=ngettext_lazy("Created %(n)s device", "Created %(n)s devices", "count"),
)

register(ENABLE, DISABLE, RESET, RELEASE, TAGS, POLICIES, NOTE, DELETE, FOR_SIMS)
