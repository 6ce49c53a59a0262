"""What can be done to many SIMs at once: one entry for each action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.permissions import Permission, authorise
from kit.filter_sets import encode
from kit.models import Job
from kit.outcomes import Outcome, Refusal, not_found
from sims import effects
from sims.bulk import trail
from sims.bulk.actions import ActionSpec, BulkSpec, JobSpec, Noun, register
from sims.identifiers import iccid_with_luhn
from sims.inventory.filters import SimFilters
from sims.inventory.forms import SimNoteForm
from sims.inventory.services.notes import change_sim_notes, preview_sim_notes
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.inventory.services.transfer import Obstacle, Transfer, TransferRefused, transfer_sims
from sims.locking import missing, read_sims
from sims.models import Sim
from sims.signals import SimRow
from sims.states import SimStatus


def _shown(iccid: str) -> str:
    """Return the 20 digits on the card; what stands for a SIM without ICCID stays as it is."""
    return iccid_with_luhn(iccid) if len(iccid) == 19 and iccid.isdigit() else iccid


def _proof(shown: str) -> tuple[str, str]:
    end = shown[-4:]
    return end, _("Type the last four digits of the ICCID, %(text)s, to confirm") % {"text": end}


SIMS = Noun(
    name="sims",
    title=gettext_lazy("SIM inventory"),
    objects=Sim.objects.all,
    filters=SimFilters,
    ids="sim_ids",
    label="iccid",
    shown=_shown,
    head="iccid",
    proof=_proof,
    reasons={
        f"from_{SimStatus.ISSUED}": ngettext_lazy("is Issued", "are Issued", "count"),
        f"from_{SimStatus.ACTIVATED}": ngettext_lazy("is Activated", "are Activated", "count"),
        f"from_{SimStatus.SUSPENDED}": ngettext_lazy("is Suspended", "are Suspended", "count"),
        f"from_{SimStatus.FACTORY_TEST}": ngettext_lazy("is Factory test", "are Factory test", "count"),
        "sim_in_use": ngettext_lazy("is on a device already", "are on devices already", "count"),
        "sim_state": ngettext_lazy("cannot enter this state", "cannot enter this state", "count"),
        "has_device": ngettext_lazy("is on a device: release it first", "are on devices: release them first", "count"),
    },
    route="sim",
    trace=trail.sim_trace,
    trace_head=trail.SIM_HEAD,
    trace_line=trail.sim_line,
    effects={
        effects.OFFLINE: ngettext_lazy(
            "is on an enabled device, which loses its connection",
            "are on enabled devices, which lose their connection",
            "count",
        ),
        effects.TEST_ENDS: ngettext_lazy(
            "ends its factory test, which cannot begin again",
            "end their factory test, which cannot begin again",
            "count",
        ),
        effects.CHARGED: ngettext_lazy("begins to be charged", "begin to be charged", "count"),
    },
)

ACTIVATE = BulkSpec(
    noun=SIMS,
    name="activate",
    label=gettext_lazy("Activate"),
    icon="play",
    permission=Permission.SIM_UPDATE,
    preview=partial(preview_sim_status, to=SimStatus.ACTIVATED),
    run=partial(change_sim_status, to=SimStatus.ACTIVATED),
    asked=ngettext_lazy("Activate %(n)s SIM", "Activate %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Activate SIM %(name)s"),
    doing=ngettext_lazy("Activating %(n)s SIM", "Activating %(n)s SIMs", "count"),
    done=ngettext_lazy("Activated %(n)s SIM", "Activated %(n)s SIMs", "count"),
    unchanged=ngettext_lazy("is Activated already", "are Activated already", "count"),
)
SUSPEND = BulkSpec(
    noun=SIMS,
    name="suspend",
    label=gettext_lazy("Suspend"),
    icon="pause",
    permission=Permission.SIM_UPDATE,
    preview=partial(preview_sim_status, to=SimStatus.SUSPENDED),
    run=partial(change_sim_status, to=SimStatus.SUSPENDED),
    asked=ngettext_lazy("Suspend %(n)s SIM", "Suspend %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Suspend SIM %(name)s"),
    doing=ngettext_lazy("Suspending %(n)s SIM", "Suspending %(n)s SIMs", "count"),
    done=ngettext_lazy("Suspended %(n)s SIM", "Suspended %(n)s SIMs", "count"),
    unchanged=ngettext_lazy("is Suspended already", "are Suspended already", "count"),
)
FACTORY_TEST = BulkSpec(
    noun=SIMS,
    name="factory-test",
    label=gettext_lazy("Factory test"),
    icon="flask-conical",
    permission=Permission.SIM_UPDATE,
    preview=partial(preview_sim_status, to=SimStatus.FACTORY_TEST),
    run=partial(change_sim_status, to=SimStatus.FACTORY_TEST),
    asked=ngettext_lazy("Factory test for %(n)s SIM", "Factory test for %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Factory test for SIM %(name)s"),
    doing=ngettext_lazy("Starting the factory test of %(n)s SIM", "Starting the factory test of %(n)s SIMs", "count"),
    done=ngettext_lazy("%(n)s SIM is in factory test now", "%(n)s SIMs are in factory test now", "count"),
    unchanged=ngettext_lazy("is in factory test already", "are in factory test already", "count"),
)
NOTE = BulkSpec(
    noun=SIMS,
    name="note",
    label=gettext_lazy("Note"),
    icon="notebook-pen",
    permission=Permission.SIM_UPDATE,
    preview=preview_sim_notes,
    run=change_sim_notes,
    form=SimNoteForm,
    asked=ngettext_lazy("Write a note on %(n)s SIM", "Write a note on %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Write a note on SIM %(name)s"),
    doing=ngettext_lazy("Writing a note on %(n)s SIM", "Writing a note on %(n)s SIMs", "count"),
    done=ngettext_lazy("Changed the note on %(n)s SIM", "Changed the notes on %(n)s SIMs", "count"),
    unchanged=ngettext_lazy("has this note already", "have this note already", "count"),
)


def _preview_transfer(*, workspace_id: int, sim_ids: Sequence[int], target: int, detach: bool) -> Outcome:
    """Tell what would become of SIMs that go to another workspace: all of them go, or none."""
    authorise(workspace_id, Permission.SIM_TRANSFER)
    found = transfer_sims(target_id=target, sim_ids=sim_ids, auto_detach=detach, dry_run=True)
    return _none_goes(found.sims, found.problems) if found.problems else _all_go(found)


def _run_transfer(*, workspace_id: int, sim_ids: Sequence[int], target: int, detach: bool) -> Outcome:
    """Let SIMs go to another workspace, all or none. One that has left this workspace meanwhile keeps them all here."""
    authorise(workspace_id, Permission.SIM_TRANSFER)
    rows = read_sims(workspace_id, sim_ids)
    if gone := missing(sim_ids, rows):
        refused = [_stays(row, _("Another SIM of this transfer is not in this workspace any more.")) for row in rows]
        return Outcome(refused=[*not_found(gone, "SIM"), *refused])
    try:
        return _all_go(transfer_sims(target_id=target, sim_ids=sim_ids, auto_detach=detach, dry_run=False))
    except TransferRefused as error:
        return _none_goes(rows, error.problems)


def _all_go(transfer: Transfer) -> Outcome:
    return Outcome(changed=[sim.id for sim in transfer.sims])


def _none_goes(rows: Sequence[SimRow], problems: Sequence[Obstacle]) -> Outcome:
    """Return the refusals of SIMs of which some cannot go: these with their reason, the others because of them."""
    reasons = {pk: problem.message for problem in reversed(problems) for pk in problem.sim_ids}
    others = _("Another SIM cannot go, and all go or none.")
    return Outcome(refused=[_stays(row, reasons.get(row.id, others)) for row in rows])


def _stays(row: SimRow, reason: str) -> Refusal:
    return Refusal(row.id, row.iccid, "transfer_refused", reason)


TRANSFER = JobSpec(
    noun=SIMS,
    name="transfer",
    label=gettext_lazy("Transfer"),
    icon="arrow-right-left",
    permission=Permission.SIM_TRANSFER,
    preview=_preview_transfer,
    run=_run_transfer,
    asked=ngettext_lazy("Transfer %(n)s SIM", "Transfer %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Transfer SIM %(name)s"),
    doing=ngettext_lazy("Transferring %(n)s SIM", "Transferring %(n)s SIMs", "count"),
    stays=False,
)
# What destroys stands last, away from the hand that aims at something else.
DELETE = BulkSpec(
    noun=SIMS,
    name="delete",
    label=gettext_lazy("Delete"),
    icon="trash-2",
    danger=True,
    permission=Permission.SIM_DELETE,
    preview=partial(preview_sim_status, to=SimStatus.DELETED),
    run=partial(change_sim_status, to=SimStatus.DELETED),
    asked=ngettext_lazy("Delete %(n)s SIM", "Delete %(n)s SIMs", "count"),
    asked_one=gettext_lazy("Delete SIM %(name)s"),
    doing=ngettext_lazy("Deleting %(n)s SIM", "Deleting %(n)s SIMs", "count"),
    done=ngettext_lazy("Deleted %(n)s SIM", "Deleted %(n)s SIMs", "count"),
    unchanged=ngettext_lazy("is Deleted already", "are Deleted already", "count"),
)


def _registered(job: Job) -> Mapping[str, Any]:
    """Return what the report of a registration shows: the state of the SIMs, and where to find them."""
    state = SimStatus(job.result["status"])
    bics = [line["bic"] for line in job.result["batches"] if not line["error"]]
    return {
        "state": state.label,
        "state_key": state.name.lower(),
        "inventory_url": f"{SIMS.list_url(job.workspace_id or 0)}?{encode({'bic': ','.join(bics)})}",
    }


REGISTER = ActionSpec(
    noun=SIMS,
    name="register",
    label=gettext_lazy("Register SIMs"),
    permission=Permission.SIM_REGISTER,
    button=False,
    report="sims/sim_registered.html",
    report_context=_registered,
)

register(ACTIVATE, SUSPEND, FACTORY_TEST, NOTE, TRANSFER, DELETE, REGISTER)
