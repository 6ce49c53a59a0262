"""Registering the SIMs of a batch by its code (`docs/rules.md` section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.trials import require_open
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from sims import signals
from sims.identifiers import normalise_bic
from sims.inventory.services.limits import Room, activation_room
from sims.inventory.services.status import require_factory_test
from sims.locking import SIM_FIELDS, with_devices
from sims.models import Sim, SimBatch
from sims.signals import SimRow
from sims.states import SimStatus
from sims.transitions import move

REGISTER_AS = (SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.FACTORY_TEST)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registration brought.

    Args:
        batch: the batch.
        sims: its SIMs in ICCID order, with the state they had before the chosen one was set.
        status: the state they are in now.
    """

    batch: SimBatch
    sims: list[SimRow]
    status: int


def find_batch(*, workspace_id: int, bic: str) -> SimBatch:
    """Return a batch that may be registered here.

    Raises:
        Forbidden: the actor may not register SIMs here.
        Invalid: not a BIC, or the batch is reserved for another workspace, or holds SIMs in use ("foreign_sims").
        NotFound: unknown.
        Conflict: registered before (code "already_registered"), or the trial has ended (code "trial_over").
    """
    authorise(workspace_id, Permission.SIM_REGISTER)
    require_open(workspace_id, _("no SIM is registered"))
    code = normalise_bic(bic)
    return _check(SimBatch.objects.select_related("model").filter(bic=code).first(), workspace_id, code)


@retried
def register_batch(*, workspace_id: int, bic: str, status: int = SimStatus.ISSUED) -> Registration:
    """Register all SIMs of a batch with one state. Stock that is reserved for nobody goes to whoever holds the code.

    Args:
        workspace_id: who registers.
        bic: 16 digits; separators are ignored.
        status: Issued, Activated or Factory test.

    Raises:
        Forbidden, Invalid, NotFound, Conflict: as `find_batch`; `Invalid` also for another state, or where the
            package has no factory test; `Conflict` also where its limit of activated SIMs has no room for all.
    """
    authorise(workspace_id, Permission.SIM_REGISTER)
    require_open(workspace_id, _("no SIM is registered"))
    code = normalise_bic(bic)
    if status not in REGISTER_AS:
        raise Invalid(
            _("SIMs are registered as Issued (0), Activated (1) or Factory Test (4)."),
            code="invalid_status",
            field="sim_status",
        )
    if status == SimStatus.FACTORY_TEST:
        require_factory_test(workspace_id)
    with action():
        room = activation_room(workspace_id, lock=True) if status == SimStatus.ACTIVATED else Room()
        batch = _check(
            SimBatch.objects.select_for_update(of=("self",)).filter(bic=code).first(),
            workspace_id,
            code,
        )
        room.require(batch.quantity, field="sim_status")
        now = current_context().now()
        sims = Sim.objects.filter(batch=batch)
        sims.update(workspace_id=workspace_id, status=SimStatus.ISSUED, last_updated=now)
        rows = with_devices(sims.order_by("iccid").values_list(*SIM_FIELDS))
        batch.registered_at = now
        batch.workspace_id = workspace_id
        batch.assigned_at = batch.assigned_at or now
        batch.save(update_fields=["registered_at", "workspace", "assigned_at"])
        signals.sims_registered.send(sender=SimBatch, workspace_id=workspace_id, batch=batch, sims=rows)
        if status != SimStatus.ISSUED:
            changes = move(rows, status)
            signals.sim_status_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)
    return Registration(batch=batch, sims=rows, status=status)


def _check(batch: SimBatch | None, workspace_id: int, code: str) -> SimBatch:
    if batch is None:
        raise NotFound(
            _("There is no SIM batch with BIC '%(bic)s'. Compare the number with the label.") % {"bic": code},
            field="bic",
        )
    if batch.workspace_id not in (None, workspace_id):
        raise Invalid(
            _("The batch with BIC '%(bic)s' belongs to another workspace. The operator's staff can tell more.")
            % {"bic": code},
            code="foreign_sims",
            field="bic",
        )
    if batch.registered_at is not None:
        raise Conflict(
            _("The batch with BIC '%(bic)s' was registered before; its SIMs are in the inventory.") % {"bic": code},
            code="already_registered",
            field="bic",
        )
    if batch.sims.filter(workspace__isnull=False).exists():
        raise Invalid(
            _("The batch with BIC '%(bic)s' holds SIMs that are in use. The operator's staff can tell more.")
            % {"bic": code},
            code="foreign_sims",
            field="bic",
        )
    if not batch.quantity:
        raise Conflict(
            _("The batch with BIC '%(bic)s' has no SIMs yet. The operator's staff can import them.") % {"bic": code},
            code="empty_batch",
            field="bic",
        )
    return batch
