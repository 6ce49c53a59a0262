"""The actions on many SIMs or devices: who may use them, what they are called, and which service does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.permissions import Permission
from kit.errors import Invalid, NotFound
from kit.outcomes import Outcome, not_found
from sims.bulk.forms import ReleaseForm, TagsForm
from sims.devices.services import devices, tags
from sims.devices.services import status as device_status
from sims.inventory.services import assignment
from sims.inventory.services import status as sim_status
from sims.locking import chunks, missing, read_devices
from sims.states import SimStatus

ObjectKind = Literal["sims", "devices"]
Options = Mapping[str, Any]
Act = Callable[[int, Sequence[int], Options], Outcome]
Wording = Callable[[int], str]


@dataclass(frozen=True)
class BulkSpec:
    """One action.

    Args:
        kind: what it acts on.
        name: as in the address.
        label: the verb on the button.
        icon: name of a lucide icon.
        permission: right it needs; the services check it again.
        preview: tells what would happen; arguments workspace id, ids, options.
        run: does it; arguments likewise.
        asked: "Suspend 412 SIMs".
        done: "Suspended 398 SIMs".
        unchanged: how objects are described that are as asked already: "are Suspended already".
        danger: destructive, so the number is typed.
        form: further questions of the dialog; its `options()` reach `preview` and `run`.
    """

    kind: ObjectKind
    name: str
    label: Any
    icon: str
    permission: Permission
    preview: Act
    run: Act
    asked: Wording
    done: Wording
    unchanged: Wording
    danger: bool = False
    form: type[forms.Form] | None = None

    @property
    def path(self) -> str:
        """Kind and name, which together are unique."""
        return f"{self.kind}/{self.name}"


def counted(n: int) -> str:
    """Return a count with separators: 2,431."""
    return f"{n:,}"


def _status(name: str, to: SimStatus, icon: str, label: Any, asked: Wording, done: Wording) -> BulkSpec:
    """Return the action that brings SIMs into a state."""
    return BulkSpec(
        kind="sims",
        name=name,
        label=label,
        icon=icon,
        permission=Permission.SIM_DELETE if to == SimStatus.DELETED else Permission.SIM_UPDATE,
        preview=lambda workspace_id, ids, _options: sim_status.preview_sim_status(
            workspace_id=workspace_id, sim_ids=ids, to=to
        ),
        run=lambda workspace_id, ids, _options: sim_status.change_sim_status(
            workspace_id=workspace_id, sim_ids=ids, to=to
        ),
        asked=asked,
        done=done,
        unchanged=lambda n: ngettext("is %(state)s already", "are %(state)s already", n) % {"state": to.label},
        danger=to == SimStatus.DELETED,
    )


def _device(name: str, icon: str, label: Any, run: Callable[..., Outcome], asked: Wording, done: Wording) -> BulkSpec:
    """Return an action that switches devices together with their SIMs."""
    return BulkSpec(
        kind="devices",
        name=name,
        label=label,
        icon=icon,
        permission=Permission.DEVICE_RESET if name == "reset" else Permission.DEVICE_UPDATE,
        preview=lambda workspace_id, ids, _options: device_status.preview_device_action(
            workspace_id=workspace_id, device_ids=ids, what=name
        ),
        run=lambda workspace_id, ids, _options: run(workspace_id=workspace_id, device_ids=ids),
        asked=asked,
        done=done,
        unchanged=lambda n: (
            ngettext("is Enabled already", "are Enabled already", n)
            if name == "enable"
            else ngettext("is Disabled already", "are Disabled already", n)
        ),
    )


def _need_no_change(n: int) -> str:
    return ngettext("needs no change", "need no change", n)


def _preview_tags(workspace_id: int, ids: Sequence[int], _options: Options) -> Outcome:
    """Tell which devices are there; what becomes of each depends on the names that are still to be typed."""
    outcome = Outcome()
    for part in chunks(ids):
        rows = read_devices(workspace_id, part)
        outcome.changed += [row.id for row in rows]
        outcome.refused += not_found(missing(part, rows), "Device")
    return outcome


ACTIONS: tuple[BulkSpec, ...] = (
    _status(
        "activate",
        SimStatus.ACTIVATED,
        "play",
        gettext_lazy("Activate"),
        lambda n: ngettext("Activate %(n)s SIM", "Activate %(n)s SIMs", n) % {"n": counted(n)},
        lambda n: ngettext("Activated %(n)s SIM", "Activated %(n)s SIMs", n) % {"n": counted(n)},
    ),
    _status(
        "suspend",
        SimStatus.SUSPENDED,
        "pause",
        gettext_lazy("Suspend"),
        lambda n: ngettext("Suspend %(n)s SIM", "Suspend %(n)s SIMs", n) % {"n": counted(n)},
        lambda n: ngettext("Suspended %(n)s SIM", "Suspended %(n)s SIMs", n) % {"n": counted(n)},
    ),
    _status(
        "factory-test",
        SimStatus.FACTORY_TEST,
        "flask-conical",
        gettext_lazy("Factory test"),
        lambda n: ngettext("Factory test for %(n)s SIM", "Factory test for %(n)s SIMs", n) % {"n": counted(n)},
        lambda n: (
            ngettext("%(n)s SIM is in factory test now", "%(n)s SIMs are in factory test now", n) % {"n": counted(n)}
        ),
    ),
    _status(
        "delete",
        SimStatus.DELETED,
        "trash-2",
        gettext_lazy("Delete"),
        lambda n: ngettext("Delete %(n)s SIM", "Delete %(n)s SIMs", n) % {"n": counted(n)},
        lambda n: ngettext("Deleted %(n)s SIM", "Deleted %(n)s SIMs", n) % {"n": counted(n)},
    ),
    _device(
        "enable",
        "power",
        gettext_lazy("Enable"),
        device_status.enable_devices,
        lambda n: ngettext("Enable %(n)s device", "Enable %(n)s devices", n) % {"n": counted(n)},
        lambda n: ngettext("Enabled %(n)s device", "Enabled %(n)s devices", n) % {"n": counted(n)},
    ),
    _device(
        "disable",
        "power-off",
        gettext_lazy("Disable"),
        device_status.disable_devices,
        lambda n: ngettext("Disable %(n)s device", "Disable %(n)s devices", n) % {"n": counted(n)},
        lambda n: ngettext("Disabled %(n)s device", "Disabled %(n)s devices", n) % {"n": counted(n)},
    ),
    _device(
        "reset",
        "refresh-cw",
        gettext_lazy("Reset connectivity"),
        device_status.reset_connectivity,
        lambda n: (
            ngettext("Reset connectivity of %(n)s device", "Reset connectivity of %(n)s devices", n) % {"n": counted(n)}
        ),
        lambda n: (
            ngettext(
                "Ordered a connectivity reset for %(n)s device", "Ordered a connectivity reset for %(n)s devices", n
            )
            % {"n": counted(n)}
        ),
    ),
    BulkSpec(
        kind="devices",
        name="release",
        label=gettext_lazy("Release SIMs"),
        icon="unlink",
        permission=Permission.DEVICE_UPDATE,
        preview=lambda workspace_id, ids, options: assignment.preview_release(
            workspace_id=workspace_id, device_ids=ids, **options
        ),
        run=lambda workspace_id, ids, options: assignment.release_sims(
            workspace_id=workspace_id, device_ids=ids, **options
        ),
        asked=lambda n: (
            ngettext("Release the SIM of %(n)s device", "Release the SIMs of %(n)s devices", n) % {"n": counted(n)}
        ),
        done=lambda n: ngettext("Released %(n)s SIM", "Released %(n)s SIMs", n) % {"n": counted(n)},
        unchanged=_need_no_change,
        form=ReleaseForm,
    ),
    BulkSpec(
        kind="devices",
        name="tags",
        label=gettext_lazy("Change tags"),
        icon="tags",
        permission=Permission.DEVICE_UPDATE,
        preview=_preview_tags,
        run=lambda workspace_id, ids, options: tags.change_tags(workspace_id=workspace_id, device_ids=ids, **options),
        asked=lambda n: ngettext("Change tags of %(n)s device", "Change tags of %(n)s devices", n) % {"n": counted(n)},
        done=lambda n: ngettext("Changed tags of %(n)s device", "Changed tags of %(n)s devices", n) % {"n": counted(n)},
        unchanged=lambda n: ngettext("has these tags already", "have these tags already", n),
        form=TagsForm,
    ),
    BulkSpec(
        kind="devices",
        name="delete",
        label=gettext_lazy("Delete"),
        icon="trash-2",
        permission=Permission.DEVICE_UPDATE,
        preview=lambda workspace_id, ids, _options: devices.preview_delete_devices(
            workspace_id=workspace_id, device_ids=ids
        ),
        run=lambda workspace_id, ids, _options: devices.delete_devices(workspace_id=workspace_id, device_ids=ids),
        asked=lambda n: ngettext("Delete %(n)s device", "Delete %(n)s devices", n) % {"n": counted(n)},
        done=lambda n: ngettext("Deleted %(n)s device", "Deleted %(n)s devices", n) % {"n": counted(n)},
        unchanged=_need_no_change,
        danger=True,
    ),
)
SPECS: Mapping[str, BulkSpec] = {spec.path: spec for spec in ACTIONS}


def spec_of(kind: str, name: str) -> BulkSpec:
    """Return an action.

    Raises:
        NotFound: there is none of this name.
    """
    spec = SPECS.get(f"{kind}/{name}")
    if spec is None:
        raise NotFound(_("There is no action “%(name)s”.") % {"name": name})
    return spec


def outcome_of(act: Act, workspace_id: int, ids: Sequence[int], options: Options) -> Outcome:
    """Run an action or its preview; each object is afterwards in exactly one of the outcome's groups.

    Raises:
        Invalid: no object is given.
        Forbidden, NotFound, Invalid: as the service.
    """
    if not ids:
        raise Invalid(_("Nothing is selected any more. Close this and select the rows again."), code="selection")
    return act(workspace_id, ids, options)
