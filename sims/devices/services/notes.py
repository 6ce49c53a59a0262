"""Notes on devices, of one or many: a property like the others, with the event of any update (10003)."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.permissions import Permission, authorise
from kit.outcomes import Outcome, not_found
from kit.text import several_lines
from sims.devices.services.devices import update_devices
from sims.inventory.services.notes import replaced_note
from sims.locking import chunks
from sims.models import NOTE_LENGTH, Device
from sims.states import DeviceStatus


def change_device_notes(*, workspace_id: int, device_ids: Sequence[int], note: str = "") -> Outcome:
    """Write a note on devices in place of the one they have.

    Args:
        workspace_id: owner.
        device_ids: which devices.
        note: at most 1,000 characters, in as many lines as wanted; empty removes it.

    Raises:
        Forbidden: the actor may not change devices here.
        Invalid: the note is too long, or holds what can't be seen.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    text = several_lines(note, most=NOTE_LENGTH, field="note")
    return update_devices(workspace_id=workspace_id, changes={pk: {"note": text} for pk in device_ids})


def preview_device_notes(*, workspace_id: int, device_ids: Sequence[int], note: str | None = None) -> Outcome:
    """Tell what `change_device_notes` would do; while no note is given, which devices are there. Changes nothing."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    text = None if note is None else several_lines(note, most=NOTE_LENGTH, field="note")
    outcome, replaced = Outcome(), 0
    for ids in chunks(device_ids):
        devices = Device.objects.of(workspace_id).filter(pk__in=ids).exclude(status=DeviceStatus.DELETED)
        held = dict(devices.order_by("pk").values_list("pk", "note"))
        outcome.unchanged += [pk for pk, own in held.items() if own == text]
        outcome.changed += [pk for pk, own in held.items() if own != text]
        outcome.refused += not_found([pk for pk in ids if pk not in held], "Device")
        replaced += sum(bool(own) and own != text for own in held.values())
    outcome.notes += replaced_note(replaced) if len(device_ids) > 1 else []
    return outcome
