"""Moving SIMs to another workspace: a dialog with a dry run, then all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import Workspace
from accounts.permissions import Permission, actor_may, authorise
from accounts.requests import WorkspacePageRequest
from kit.billing import charged_until_text
from kit.context import current_context
from kit.errors import NotFound
from kit.htmx import respond
from kit.models import Job
from kit.outcomes import Outcome
from sims.bulk.actions import counted, keep, once
from sims.bulk.forms import LaterForm, asks_for_later
from sims.bulk.reports import BulkReport, ReasonGroup, effect_groups
from sims.bulk.selection import Selection, TooMany
from sims.bulk.views import answer, chosen, offline_confirmation, refuse_too_many, require_confirmed, run_later
from sims.charges import is_charged
from sims.effects import OFFLINE, on_live_devices
from sims.inventory.bulk import SIMS, TRANSFER
from sims.inventory.forms import TransferForm
from sims.inventory.services.transfer import MOST, Obstacle, Transfer, TransferRefused, transfer_sims
from sims.models import Sim
from sims.states import SimStatus


def targets_of(request: WorkspacePageRequest) -> list[tuple[int, str]]:
    """Return id and name of the workspaces that may receive SIMs of this one. No query."""
    actor = request.access.actor
    return [
        (entry.id, entry.name)
        for entry in request.access.entries
        if entry.id != request.workspace.pk
        and entry.workspace.type == Workspace.Type.ENTERPRISE
        and actor_may(actor, entry.id, Permission.SIM_TRANSFER)
    ]


@dataclass(frozen=True)
class TransferDialog:
    """What the dialog shows.

    Args:
        title: the heading; it names the SIM when it is one.
        verb: on the button: "Transfer 12 SIMs".
        form: target and detaching.
        plan: signed, for the button.
        transfer: the dry run, `None` while no target is chosen.
        groups: SIMs in the way, by reason.
        effects: what happens to SIMs and devices on the way.
        listed: which SIMs that concerns.
        later: the moment at which it is done, where not at once.
        confirm: what must be typed, or "".
        confirm_label: how it is asked for.
        targets: whether there is any workspace to choose.
        seen_note: what changed since the list was shown, or "".
        refused: whether a transfer was tried and refused just now.
    """

    title: str
    verb: str
    form: TransferForm
    plan: str
    transfer: Transfer | None
    groups: list[ReasonGroup]
    effects: list[str]
    listed: list[ReasonGroup]
    later: LaterForm
    confirm: str
    confirm_label: str
    targets: bool
    url: str
    seen_note: str = ""
    refused: bool = False

    @property
    def ready(self) -> bool:
        """Tell whether the transfer can be confirmed."""
        return self.transfer is not None and not self.groups


def verb_of(count: int) -> str:
    """Return "Transfer 12 SIMs"."""
    return ngettext("Transfer %(n)s SIM", "Transfer %(n)s SIMs", count) % {"n": counted(count)}


def title_of(workspace_id: int, ids: Sequence[int]) -> str:
    """Return what is asked for: it names the SIM when it is one. One query then."""
    return (
        _("Transfer SIM %(name)s") % {"name": SIMS.name_of(workspace_id, ids[0])}
        if len(ids) == 1
        else verb_of(len(ids))
    )


@require_POST
def preview(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Ask where SIMs go, and tell by a dry run what would happen to them."""
    authorise(workspace_id, Permission.SIM_TRANSFER)
    try:
        selected = chosen(request, TRANSFER)
        _require_few(selected)
    except TooMany as error:
        return refuse_too_many(request, TRANSFER, error)
    _require_here(workspace_id, selected.ids)
    return _ask(request, selected, _form(request, bound="plan" in request.POST))


def _require_few(selected: Selection) -> None:
    """Refuse more SIMs than one transfer takes.

    Raises:
        TooMany: saying how to go on.
    """
    if len(selected.ids) > MOST:
        text = _("%(count)s SIMs are selected; a transfer takes at most %(most)s. Transfer them in parts.")
        counts = {"count": counted(len(selected.ids)), "most": counted(MOST)}
        raise TooMany(text % counts, ids=selected.ids, most=MOST)


def _require_here(workspace_id: int, ids: Sequence[int]) -> None:
    """Refuse SIMs of other workspaces, even of those the person could transfer from: their pages are the place for it.

    Raises:
        NotFound: naming them.
    """
    present = set(Sim.objects.of(workspace_id).filter(pk__in=ids).values_list("pk", flat=True))
    absent = [str(pk) for pk in ids if pk not in present]
    if absent:
        raise NotFound(_("Not in this workspace: SIM %(ids)s.") % {"ids": ", ".join(absent[:10])})


def _form(request: WorkspacePageRequest, *, bound: bool) -> TransferForm:
    return TransferForm(
        request.POST if bound else None,
        targets=targets_of(request),
        preview_url=f"{TRANSFER.url(request.workspace.pk)}preview/",
    )


def _ask(
    request: WorkspacePageRequest,
    selected: Selection,
    form: TransferForm,
    problems: list[Obstacle] | None = None,
    *,
    later: LaterForm | None = None,
) -> HttpResponse:
    targets = targets_of(request)
    target, detach = targets[0][0] if len(targets) == 1 else None, False
    if form.is_bound:
        # While the form is being filled in, a target that is still missing is no mistake.
        posted = form.data.get("target", "")
        target = next((pk for pk, _name in targets if str(pk) == posted), None)
        detach = "detach" in form.data
    transfer = None
    if target is not None:
        transfer = transfer_sims(target_id=target, sim_ids=selected.ids, auto_detach=detach, dry_run=True)
    found = problems if problems is not None else (transfer.problems if transfer else [])
    offline = on_live_devices(transfer.sims) if transfer else []
    going = Outcome(effects={OFFLINE: offline} if offline else {})
    confirm, confirm_label = offline_confirmation(going, len(selected.ids))
    dialog = TransferDialog(
        title=title_of(request.workspace.pk, selected.ids),
        verb=verb_of(len(selected.ids)),
        form=form if form.is_bound and problems is not None else _unbound(request, target, detach),
        plan=selected.signed(confirm=confirm),
        transfer=transfer,
        groups=_groups(request, transfer, found),
        effects=_effects(transfer) if transfer else [],
        later=later or LaterForm(),
        listed=effect_groups(SIMS, request.workspace.pk, going.effects),
        confirm=confirm,
        confirm_label=confirm_label,
        targets=bool(targets),
        url=f"{TRANSFER.url(request.workspace.pk)}run/",
        seen_note=selected.note,
        refused=problems is not None,
    )
    status = 422 if problems is not None or later is not None else 200
    return respond(request, "sims/sim_transfer.html", "sims/_sim_transfer.html", {"dialog": dialog}, status=status)


def _unbound(request: WorkspacePageRequest, target: int | None, detach: bool) -> TransferForm:
    return TransferForm(
        initial={"target": target, "detach": detach},
        targets=targets_of(request),
        preview_url=f"{TRANSFER.url(request.workspace.pk)}preview/",
    )


def _groups(request: WorkspacePageRequest, transfer: Transfer | None, problems: list[Obstacle]) -> list[ReasonGroup]:
    known = {sim.id: SIMS.shown(sim.iccid) for sim in transfer.sims} if transfer else {}
    return [
        ReasonGroup.of(
            _in_the_way(problem),
            SIMS.links(request.workspace.pk, ((pk, known.get(pk, str(pk))) for pk in problem.sim_ids)),
        )
        for problem in problems
    ]


def _in_the_way(problem: Obstacle) -> str:
    """Return a problem so that it continues the count of its SIMs; the codes are the wire's and stay there."""
    count = len(problem.sim_ids)
    texts = {
        1502: ngettext("is on a device: tick the box above", "are on devices: tick the box above", count),
        1503: ngettext(
            "is in a state that this workspace does not take",
            "are in a state that this workspace does not take",
            count,
        ),
    }
    return texts.get(problem.code, f"– {problem.message}")


def _effects(transfer: Transfer) -> list[str]:
    """Return what happens on the way, in sentences; money first."""
    found = []
    if suspended := len(transfer.suspends):
        found.append(
            ngettext(
                "%(n)s Activated SIM is suspended on the way. Charging here stops on %(day)s.",
                "%(n)s Activated SIMs are suspended on the way. Charging here stops on %(day)s.",
                suspended,
            )
            % {"n": counted(suspended), "day": charged_until_text(current_context().now())}
        )
    now = current_context().now()
    charged = sum(is_charged(row, now) and row.status != SimStatus.ACTIVATED for row in transfer.sims)
    if charged:
        found.append(
            ngettext(
                "%(n)s SIM was Activated earlier this month. Charging here stops on %(day)s.",
                "%(n)s SIMs were Activated earlier this month. Charging here stops on %(day)s.",
                charged,
            )
            % {"n": counted(charged), "day": charged_until_text(now)}
        )
    if detached := len(transfer.detaches):
        found.append(
            ngettext(
                "%(n)s SIM is released from its device, and the device is disabled.",
                "%(n)s SIMs are released from their devices, and the devices are disabled.",
                detached,
            )
            % {"n": counted(detached)}
        )
    found.append(
        _("The SIMs leave this inventory. Their events until now stay here; %(name)s sees what follows.")
        % {"name": transfer.target.name}
    )
    return found


@require_POST
def run(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Transfer the SIMs that were confirmed: all of them, or none and the reasons."""
    authorise(workspace_id, Permission.SIM_TRANSFER)
    selection = Selection.confirmed(request, TRANSFER.path)
    form = _form(request, bound=True)
    if not form.is_valid():
        return _ask(request, selection, form, [])
    require_confirmed(request, selection)
    if asks_for_later(request.POST):
        _require_here(workspace_id, selection.ids)
        later = LaterForm(request.POST)
        options = {"target": form.cleaned_data["target"], "detach": form.cleaned_data["detach"]}
        return run_later(request, TRANSFER, selection, options, later) or _ask(request, selection, form, later=later)
    try:
        job = _carry_out(selection, target_id=form.cleaned_data["target"], detach=form.cleaned_data["detach"])
    except TransferRefused as error:
        return _ask(request, selection, form, error.problems)
    # The page of a SIM that went away is no longer here; the inventory is.
    return answer(request, BulkReport(job), back=SIMS.list_url(workspace_id))


def _carry_out(selection: Selection, *, target_id: int, detach: bool) -> Job:
    def act() -> Job:
        _require_here(selection.workspace_id, selection.ids)
        transfer = transfer_sims(target_id=target_id, sim_ids=selection.ids, auto_detach=detach, dry_run=False)
        count = len(transfer.sims)
        title = ngettext("Transferred %(n)s SIM to %(name)s", "Transferred %(n)s SIMs to %(name)s", count)
        suspended = set(transfer.suspends)
        outcome = Outcome(changed=[sim.id for sim in transfer.sims], notes=_done_notes(transfer))
        outcome.trace = [
            [
                *(sim.id, sim.imsi, sim.device_name or "", int(sim.status)),
                int(SimStatus.SUSPENDED if sim.id in suspended else sim.status),
            ]
            for sim in transfer.sims
        ]
        return keep(
            TRANSFER,
            selection,
            title=title % {"n": counted(count), "name": transfer.target.name},
            result=outcome,
            total=count,
            target=target_id,
        )

    return once(selection, act)


def _done_notes(transfer: Transfer) -> list[str]:
    notes = []
    if count := len(transfer.suspends):
        label = SimStatus.ACTIVATED.label
        notes.append(
            ngettext("%(n)s %(state)s SIM was suspended.", "%(n)s %(state)s SIMs were suspended.", count)
            % {"n": counted(count), "state": label}
        )
    if count := len(transfer.detaches):
        notes.append(
            ngettext("%(n)s was released from its device.", "%(n)s were released from their devices.", count)
            % {"n": counted(count)}
        )
    return notes
