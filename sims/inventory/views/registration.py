"""Registering SIMs by the code of their batch: enter, check, confirm, and a report that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.action import action
from kit.errors import DomainError, Forbidden
from kit.htmx import redirect_to, render_fragment
from kit.models import Job
from sims.bulk.actions import counted, keep, once
from sims.bulk.reports import BulkReport
from sims.bulk.selection import Selection
from sims.inventory.bulk import REGISTER, SIMS
from sims.inventory.forms import RegisterForm
from sims.inventory.selectors import ends_of_batch
from sims.inventory.services.registration import find_batch, register_batch
from sims.inventory.services.status import billing_note
from sims.models import SimBatch
from sims.states import SimStatus


@dataclass(frozen=True)
class Checked:
    """One code and what stands behind it.

    Args:
        bic: 16 digits.
        batch: the batch, `None` when it cannot be registered.
        ends: its first and last ICCID.
        error: why it cannot be registered, and what to do.
    """

    bic: str
    batch: SimBatch | None = None
    ends: tuple[str, str] = ("", "")
    error: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Ask for codes, show what they stand for, and register the batches once that was confirmed."""
    authorise(workspace_id, Permission.SIM_REGISTER)
    if request.method != "POST":
        return _enter(request, _form(request, {"bics": request.GET.get("bic", "")}))
    form = _form(request)
    if not form.is_valid():
        return _enter(request, form, status=422)
    if request.POST.get("step") == "edit":
        return _enter(request, _form(request, form.cleaned_data | {"bics": request.POST["bics"]}))
    status = form.cleaned_data["status"]
    if request.POST.get("step") != "register":
        return _check(request, form, status)
    confirmed = Selection.confirmed(request, REGISTER.path)
    return redirect_to(request, BulkReport(_register(confirmed, form.cleaned_data["bics"], status)).url)


def _form(request: WorkspacePageRequest, initial: dict[str, Any] | None = None) -> RegisterForm:
    bound = request.POST if initial is None else None
    given = {"status": SimStatus.ISSUED.value, **(initial or {})}
    return RegisterForm(
        bound, initial=given, factory_test=request.workspace.factory_test_allowed, price=price_of(request.workspace)
    )


def price_of(workspace: Workspace) -> str:
    """Return what an activated SIM costs a month, from the first step of the package's scale, or ""."""
    steps = workspace.package.rate_steps
    if not steps:
        return ""
    values = {"rate": f"{steps[0].rate:.2f}", "currency": workspace.package.currency}
    if len(steps) > 1:
        return _("Up to %(rate)s %(currency)s a SIM and month, for the whole month.") % values
    return _("%(rate)s %(currency)s a SIM and month, for the whole month.") % values


def _enter(request: WorkspacePageRequest, form: RegisterForm, *, status: int = 200) -> HttpResponse:
    return render_fragment(request, "sims/sim_register.html", {"form": form}, status=status)


def _check(request: WorkspacePageRequest, form: RegisterForm, status: int) -> HttpResponse:
    checked = [_checked(request.workspace.pk, bic) for bic in form.cleaned_data["bics"]]
    found = [line for line in checked if line.batch is not None]
    sims = sum(line.batch.quantity for line in found if line.batch is not None)
    if not found:
        for line in checked:
            form.add_error("bics", line.error)
        return _enter(request, form, status=422)
    context = {
        "form": form,
        "checked": checked,
        "found": len(found),
        "refused": len(checked) - len(found),
        "bics": "\n".join(line.bic for line in found),
        "all_bics": "\n".join(form.cleaned_data["bics"]),
        "status": status,
        "state": SimStatus(status).label,
        "state_key": SimStatus(status).name.lower(),
        "sims": sims,
        "verb": _verb(sims),
        "note": billing_note(status, sims) if status != SimStatus.ISSUED else "",
        # No SIM is selected: what is signed makes the batches be registered once.
        "plan": Selection(request.workspace.pk, request.user.pk, REGISTER.path).signed(),
    }
    return render_fragment(request, "sims/sim_register_check.html", context)


def _verb(sims: int) -> str:
    return ngettext("Register %(n)s SIM", "Register %(n)s SIMs", sims) % {"n": counted(sims)}


def _checked(workspace_id: int, bic: str) -> Checked:
    try:
        batch = find_batch(workspace_id=workspace_id, bic=bic)
        return Checked(bic, batch, ends_of_batch(batch))
    except Forbidden:
        raise
    except DomainError as error:
        return Checked(bic, error=error.message)


def _register(confirmed: Selection, bics: list[str], status: int) -> Job:
    """Register each batch by itself: one that is refused does not undo the others, and each is reported."""

    def act() -> Job:
        lines = [_registered(confirmed.workspace_id, bic, status) for bic in bics]
        sims = sum(line["quantity"] for line in lines)
        title = ngettext("Registered %(n)s SIM", "Registered %(n)s SIMs", sims) % {"n": counted(sims)}
        return keep(
            REGISTER,
            confirmed,
            title=title if sims else _("No SIM was registered"),
            result={"batches": lines, "status": status},
            total=sims,
            status=status,
        )

    return once(confirmed, act)


def _registered(workspace_id: int, bic: str, status: int) -> dict[str, Any]:
    try:
        # Its own savepoint: what one batch wrote before it was refused is taken back.
        with action():
            done = register_batch(workspace_id=workspace_id, bic=bic, status=status)
    except Forbidden:
        raise
    except DomainError as error:
        return {"bic": bic, "quantity": 0, "error": error.message}
    return {"bic": bic, "quantity": len(done.sims), "error": "", "url": f"{SIMS.list_url(workspace_id)}?bic={bic}"}
