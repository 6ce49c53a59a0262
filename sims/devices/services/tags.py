"""Tags of devices: short names that group them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Case, Value, When
from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Invalid
from kit.outcomes import Outcome, Refusal, not_found
from kit.text import one_line
from sims import signals
from sims.locking import chunks, lock_devices, missing
from sims.models import Device
from sims.signals import DeviceRow, TagChange

MAX_LENGTH = 500


def normalise_tags(value: str | Iterable[str]) -> list[str]:
    """Return tag names in their order, each once, without surrounding spaces.

    Args:
        value: names separated by commas, or a list of names.

    Raises:
        Invalid: all together are longer than 500 characters, or one holds what can't be seen.
    """
    names = value.split(",") if isinstance(value, str) else value
    lines = (one_line(name, most=MAX_LENGTH, field="tags", required=False) for name in names)
    clean = [name for name in dict.fromkeys(lines) if name]
    if len(",".join(clean)) > MAX_LENGTH:
        raise Invalid(
            _("The tags of a device have at most %(count)s characters.") % {"count": MAX_LENGTH},
            code="too_long",
            field="tags",
        )
    return clean


@retried
def change_tags(
    *, workspace_id: int, device_ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> Outcome:
    """Add tags to devices and take others away; one event for all devices on which the same tags came and went.

    A device that had one of the new tags before is told apart: whoever reverses the event must not take it away.

    Args:
        workspace_id: owner.
        device_ids: which devices.
        add: names to add at the end.
        remove: names to take away.

    Raises:
        Forbidden: the actor may not change devices here.
        Invalid: no tag given, or one contains a comma.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    adding, removing = normalise_tags(",".join(add)), set(normalise_tags(",".join(remove)))
    if not adding and not removing:
        raise Invalid(_("Name at least one tag to add or remove."), code="required", field="tags")
    outcome = Outcome()
    told: dict[tuple[tuple[str, ...], tuple[str, ...]], list[DeviceRow]] = defaultdict(list)
    with action():
        for ids in chunks(device_ids):
            rows = lock_devices(workspace_id, ids)
            renamed = {row.tags: _applied(row.tags, adding, removing) for row in rows}
            storing: list[DeviceRow] = []
            for row in rows:
                tags = renamed[row.tags]
                if tags == row.tags:
                    outcome.unchanged.append(row.id)
                elif len(tags) > MAX_LENGTH:
                    outcome.refused.append(
                        Refusal(row.id, row.name, "too_long", _("Its tags would exceed 500 characters."))
                    )
                else:
                    outcome.changed.append(row.id)
                    storing.append(row)
            outcome.refused += not_found(missing(ids, rows), "Device")
            _store([row.id for row in storing], {row.tags: renamed[row.tags] for row in storing})
            for row in storing:
                told[tag_way(row.tags, renamed[row.tags])].append(row._replace(tags=renamed[row.tags]))
        if told:
            changes = [TagChange(rows, list(added), list(removed)) for (added, removed), rows in told.items()]
            signals.tags_changed.send(sender=Device, workspace_id=workspace_id, changes=changes)
    return outcome


def tag_way(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which tags came and which went between two stored lists of them."""
    was, now = normalise_tags(old), normalise_tags(new)
    return tuple(tag for tag in now if tag not in was), tuple(tag for tag in was if tag not in now)


def _applied(tags: str, adding: Sequence[str], removing: set[str]) -> str:
    kept = [name for name in tags.split(",") if name and name not in removing]
    return ",".join(dict.fromkeys([*kept, *(name for name in adding if name not in removing)]))


def _store(ids: Sequence[int], renamed: dict[str, str]) -> None:
    """Write the new tags of locked devices in one statement: devices share few different tag lists.

    Args:
        ids: the devices, each with tags out of `renamed`.
        renamed: new tags by old ones.
    """
    if not ids:
        return
    Device.objects.filter(pk__in=ids).update(
        tags=Case(*(When(tags=old, then=Value(new)) for old, new in renamed.items())),
        last_updated=current_context().now(),
    )
