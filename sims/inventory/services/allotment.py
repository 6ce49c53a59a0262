"""What staff do with stock for a workspace: reserve a batch for it, or put SIMs into its inventory.

What is reserved is registered by the customer with its code (event 48). What is put into the inventory is there at
once; the customer's log has no row of that, the operator's has (`docs/rules.md` section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.permissions import authorise_staff
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal
from sims import signals
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.limits import Room, activation_room
from sims.inventory.services.registration import REGISTER_AS
from sims.inventory.services.status import require_factory_test, require_open_for_traffic
from sims.inventory.services.stock import locked_batch
from sims.locking import chunks, lock_stock
from sims.models import Sim, SimBatch
from sims.signals import SimRow
from sims.states import SimStatus
from sims.transitions import move

RIGHT = "sims.change_simbatch"


@retried
def reserve_batch(*, batch_id: int, workspace_id: int) -> SimBatch:
    """Keep a batch for a workspace: its users may register it, and nobody else may.

    Args:
        batch_id: the batch, not registered yet.
        workspace_id: for whom.

    Raises:
        Forbidden: not staff.
        NotFound: no such batch or workspace.
        Conflict: registered already, or empty.
    """
    authorise_staff(RIGHT)
    with action():
        batch = _filled(locked_batch(batch_id))
        workspace = _workspace(workspace_id)
        if batch.workspace_id == workspace_id:
            return batch
        batch.workspace = workspace
        batch.assigned_at = current_context().now()
        batch.save(update_fields=["workspace", "assigned_at"])
        signals.batch_reserved.send(sender=SimBatch, batch=batch, workspace=workspace, count=batch.quantity)
    return batch


@retried
def assign_batch(*, batch_id: int, workspace_id: int, status: int = SimStatus.ISSUED) -> SimBatch:
    """Put all SIMs of a batch into a workspace's inventory, at once and with one state.

    Args:
        batch_id: the batch, not registered yet.
        workspace_id: who receives it.
        status: Issued, Activated or Factory Test. Another state than Issued is told in the customer's log, SIM by SIM.

    Raises:
        Forbidden: not staff.
        NotFound: no such batch or workspace.
        Conflict: registered already, empty, some of its SIMs are in use, or the package has no room for them.
        Invalid: another state, or the package has no factory test.
    """
    authorise_staff(RIGHT)
    _require_state(workspace_id, status)
    with action():
        room = activation_room(workspace_id, lock=True) if status == SimStatus.ACTIVATED else Room()
        batch = _filled(locked_batch(batch_id))
        workspace = _workspace(workspace_id)
        rows = lock_stock(batch_ids=[batch.pk])
        if len(rows) != batch.quantity:
            raise Conflict(
                _("Some SIMs of batch %(bic)s are in use. Choose the others one by one.") % {"bic": batch.bic},
                code="foreign_sims",
                field="batch",
            )
        room.require(len(rows), field="status")
        _put(rows, workspace, status)
        _close([batch], workspace)
        signals.sims_allotted.send(sender=SimBatch, batch=batch, workspace=workspace, sims=rows)
        _tell_states(rows, workspace_id, status)
    return batch


@retried
def assign_sims(*, sim_ids: Sequence[int], workspace_id: int, status: int = SimStatus.ISSUED) -> Outcome:
    """Put SIMs from stock into a workspace's inventory, at once and with one state.

    Args:
        sim_ids: which; those that are no stock are refused by name.
        workspace_id: who receives them.
        status: as `assign_batch`.

    Raises:
        Forbidden: not staff.
        NotFound: no such workspace.
        Invalid: another state, or the package has no factory test.
        Conflict: the package has no room for all of them.
    """
    authorise_staff(RIGHT)
    _require_state(workspace_id, status)
    outcome = Outcome()
    with action():
        room = activation_room(workspace_id, lock=True) if status == SimStatus.ACTIVATED else Room()
        workspace = _workspace(workspace_id)
        for part in chunks(sim_ids):
            outcome.extend(_assign_part(part, workspace, status, room))
    return outcome


def _assign_part(ids: Sequence[int], workspace: Workspace, status: int, room: Room) -> Outcome:
    batches = {
        batch.pk: batch
        for batch in SimBatch.objects.filter(pk__in=Sim.objects.filter(pk__in=ids).values("batch_id"))
        .order_by("pk")
        .select_for_update(of=("self",))
    }
    rows = lock_stock(ids=ids)
    room.require(len(rows), field="status")
    outcome = Outcome(changed=[row.id for row in rows], refused=_not_in_stock(ids, rows))
    _put(rows, workspace, status)
    batch_of = dict(Sim.objects.filter(pk__in=outcome.changed).values_list("pk", "batch_id"))
    left = set(
        Sim.objects.filter(batch_id__in=batches, workspace__isnull=True).values_list("batch_id", flat=True).distinct()
    )
    # A batch all of whose SIMs were refused is none of this: it was emptied before.
    given = {pk: [row for row in rows if batch_of[row.id] == pk] for pk in set(batch_of.values())}
    touched = [batch for batch in batches.values() if batch.pk in given]
    _close([batch for batch in touched if batch.pk not in left and batch.registered_at is None], workspace)
    for batch in touched:
        signals.sims_allotted.send(sender=SimBatch, batch=batch, workspace=workspace, sims=given[batch.pk])
    _tell_states(rows, workspace.pk, status)
    return outcome


def _not_in_stock(ids: Sequence[int], rows: Sequence[SimRow]) -> list[Refusal]:
    given = {row.id for row in rows}
    rest = [pk for pk in ids if pk not in given]
    there = dict(Sim.objects.filter(pk__in=rest).values_list("pk", "iccid"))
    refusals = []
    for pk in rest:
        if pk in there:
            refused: Conflict | NotFound = Conflict(_("It is in a workspace already."), code="not_in_stock")
            refusals.append(Refusal.of(pk, iccid_with_luhn(there[pk]), refused))
        else:
            refused = NotFound(_("SIM with Id '%(id)s' not found.") % {"id": pk})
            refusals.append(Refusal.of(pk, str(pk), refused))
    return refusals


def _put(rows: Sequence[SimRow], workspace: Workspace, status: int) -> None:
    """Write whose the SIMs are; the state follows by `_tell_states`, after the fact has been told."""
    now = current_context().now()
    Sim.objects.filter(pk__in=[row.id for row in rows]).update(
        workspace_id=workspace.pk, status=SimStatus.ISSUED, last_updated=now
    )


def _close(batches: Sequence[SimBatch], workspace: Workspace) -> None:
    """Mark batches none of whose SIMs are in stock any more."""
    now = current_context().now()
    SimBatch.objects.filter(pk__in=[batch.pk for batch in batches], workspace__isnull=True).update(assigned_at=now)
    SimBatch.objects.filter(pk__in=[batch.pk for batch in batches]).update(workspace=workspace, registered_at=now)
    for batch in batches:
        batch.workspace, batch.registered_at = workspace, now


def _tell_states(rows: Sequence[SimRow], workspace_id: int, status: int) -> None:
    """Bring SIMs into the chosen state. It is the customer's business when charges begin, so their log has each."""
    if status == SimStatus.ISSUED or not rows:
        return
    changes = move(rows, status)
    signals.sim_status_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)


def _require_state(workspace_id: int, status: int) -> None:
    if status not in REGISTER_AS:
        raise Invalid(
            _("SIMs are assigned as Issued, Activated or Factory Test."), code="invalid_status", field="status"
        )
    if status == SimStatus.FACTORY_TEST:
        require_factory_test(workspace_id)
    if status != SimStatus.ISSUED:
        require_open_for_traffic(workspace_id)


def _filled(batch: SimBatch) -> SimBatch:
    if not batch.quantity:
        raise Conflict(_("The batch is empty. Import its SIMs first."), code="empty_batch", field="batch")
    return batch


def _workspace(workspace_id: int) -> Workspace:
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace is None:
        raise NotFound(_("Workspace %(id)s does not exist.") % {"id": workspace_id}, field="workspace")
    return workspace
