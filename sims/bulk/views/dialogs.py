"""Doing something to many: the dialog that asks, and the confirmation that is carried out once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.requests import WorkspacePageRequest
from kit.bulk import BulkAction, BulkDialog
from kit.errors import Invalid
from kit.filters import ListFilters
from kit.htmx import current_path, redirect_to, render_fragment, respond, wants_fragment
from kit.outcomes import Outcome
from kit.paging import COUNT_CAP
from kit.querysets import WorkspaceQuerySet
from kit.selection import Selection
from sims.bulk.actions import ACTIONS, BulkSpec, ObjectKind, counted, outcome_of, spec_of
from sims.bulk.plan import BulkPlan, PlannedSelection, check_size
from sims.bulk.reasons import groups_of
from sims.bulk.reports import BulkReport, unchanged_group
from sims.bulk.selectors import labels
from sims.bulk.tasks import carry_out
from sims.devices.filters import DeviceFilters
from sims.identifiers import iccid_with_luhn
from sims.inventory.filters import SimFilters
from sims.models import Device, Sim

DETAIL_PAGES = ("sims:sim_detail", "sims:device_detail")


def bulk_actions(request: WorkspacePageRequest, kind: ObjectKind, *, names: Iterable[str] = ()) -> list[BulkAction]:
    """Return the buttons of the actions that the reader's role may use.

    Args:
        request: gives the workspace and the rights.
        kind: what the list is of.
        names: only these, in this order; empty for all.
    """
    specs = [spec for spec in ACTIONS if spec.kind == kind and spec.permission.name in request.may]
    if wanted := list(names):
        specs = sorted((spec for spec in specs if spec.name in wanted), key=lambda spec: wanted.index(spec.name))
    return [
        BulkAction(spec.name, spec.label, url_of(request.workspace.pk, spec), icon=spec.icon, danger=spec.danger)
        for spec in specs
    ]


def url_of(workspace_id: int, spec: BulkSpec) -> str:
    """Return the address below which an action has its dialog (`preview/`) and its confirmation (`run/`)."""
    name = "sims:sim_bulk" if spec.kind == "sims" else "sims:device_bulk"
    return reverse(name, args=[workspace_id, spec.name])


@dataclass(frozen=True)
class Chosen:
    """What a dialog is about.

    Args:
        ids: the objects, ascending.
        seen_note: what changed since the list was shown, or "".
    """

    ids: tuple[int, ...]
    seen_note: str = ""


def chosen(request: WorkspacePageRequest, kind: ObjectKind, action: str) -> Chosen:
    """Read what is selected: a dialog that is asked for again posts its plan, a list ticked rows or its filter.

    Ticked ids go to the service as they are, so that one of another workspace is refused by name; a filter is
    evaluated again, inside the workspace.

    Raises:
        Invalid: the selection cannot be read, is empty or too large.
    """
    if "plan" in request.POST:
        plan = BulkPlan.load(
            request.POST["plan"], workspace_id=request.workspace.pk, user_id=request.user.pk, action=action
        )
        return Chosen(plan.objects)
    selection = Selection.from_post(request.POST)
    if selection.query is None:
        return Chosen(selection.ids)
    queryset: WorkspaceQuerySet[Any]
    filters: type[ListFilters]
    queryset, filters = (Sim.objects.all(), SimFilters) if kind == "sims" else (Device.objects.all(), DeviceFilters)
    ids = selection.ids_in(queryset.of(request.workspace.pk), filters=filters, request=request)
    check_size(ids)
    if not ids:
        raise Invalid(_("Nothing matches the filter any more."), code="selection")
    return Chosen(tuple(ids), _seen_note(selection.seen, len(ids)))


def _seen_note(seen: int | None, found: int) -> str:
    # Up to the cap the list told an exact number.
    if seen is None or seen >= COUNT_CAP or seen == found:
        return ""
    return _("The list showed %(seen)s; meanwhile %(found)s match.") % {"seen": counted(seen), "found": counted(found)}


@require_POST
def preview(request: WorkspacePageRequest, workspace_id: int, kind: ObjectKind, action: str) -> HttpResponse:
    """Ask before an action: what will change, what cannot and why, and what it means for billing."""
    spec = spec_of(kind, action)
    selected = chosen(request, kind, spec.path)
    return _ask(request, spec, selected, _form(request, spec, bound="plan" in request.POST))


def _form(request: WorkspacePageRequest, spec: BulkSpec, *, bound: bool) -> forms.Form | None:
    if spec.form is None:
        return None
    form = spec.form(request.POST if bound else None)
    if getattr(form, "changes_preview", False):
        again = {
            "hx-post": f"{url_of(request.workspace.pk, spec)}preview/",
            "hx-trigger": "change",
            "hx-target": "#dialog-body",
            "hx-include": "closest form",
            "hx-disabled-elt": "unset",
        }
        for field in form.fields.values():
            field.widget.attrs.update(again)
    return form


def _ask(
    request: WorkspacePageRequest, spec: BulkSpec, selected: Chosen, form: forms.Form | None, *, status: int = 200
) -> HttpResponse:
    options = _options(form)
    outcome = outcome_of(spec.preview, request.workspace.pk, selected.ids, options)
    dialog = dialog_of(request, spec, selected, outcome, form)
    context = {"dialog": dialog}
    return respond(request, "sims/bulk_dialog.html", "kit/_bulk_dialog.html", context, status=status)


def _options(form: forms.Form | None) -> dict[str, Any]:
    if form is None or (form.is_bound and not form.is_valid()):
        return {}
    found: dict[str, Any] = form.options()  # type: ignore[attr-defined]  # each form of a spec has it
    return found


def dialog_of(
    request: WorkspacePageRequest, spec: BulkSpec, selected: Chosen, outcome: Outcome, form: forms.Form | None
) -> BulkDialog:
    """Return the question, with the plan that its button carries out."""
    workspace_id = request.workspace.pk
    groups = groups_of(spec.kind, workspace_id, outcome.refused)
    if outcome.unchanged:
        groups.append(unchanged_group(spec.kind, workspace_id, outcome.unchanged, spec.unchanged))
    confirm, confirm_label = _confirmation(spec, outcome)
    plan = BulkPlan(workspace_id, request.user.pk, spec.path, tuple(sorted(selected.ids)), confirm)
    return BulkDialog(
        title=spec.asked(len(selected.ids)),
        url=f"{url_of(workspace_id, spec)}run/",
        verb=spec.label,
        total=outcome.total,
        will_change=len(outcome.changed),
        selection=PlannedSelection(ids=(), plan=plan.dump()),
        groups=groups,
        notes=outcome.notes,
        danger=spec.danger,
        confirm_text=confirm or None,
        confirm_label=confirm_label,
        fields=form,
        seen_note=selected.seen_note,
    )


def _confirmation(spec: BulkSpec, outcome: Outcome) -> tuple[str, str]:
    """Return what must be typed before something is destroyed, and how it is asked for.

    The number of objects; of a single one the end of its number or its name, because "1" would prove nothing.
    """
    count = len(outcome.changed)
    if not spec.danger or not count:
        return "", ""
    if count > 1:
        return str(count), ngettext(
            "Type %(text)s, the number that will change, to confirm",
            "Type %(text)s, the number that will change, to confirm",
            count,
        ) % {"text": count}
    (label,) = labels(spec.kind, outcome.changed).values()
    if spec.kind == "devices":
        return label.strip(), _("Type the name of the device, %(text)s, to confirm") % {"text": label.strip()}
    end = iccid_with_luhn(label)[-4:]
    return end, _("Type the last four digits of the ICCID, %(text)s, to confirm") % {"text": end}


@require_POST
def run(request: WorkspacePageRequest, workspace_id: int, kind: ObjectKind, action: str) -> HttpResponse:
    """Carry out what was confirmed. Pressed twice, it runs once and shows the same result."""
    spec = spec_of(kind, action)
    plan = BulkPlan.load(
        request.POST.get("plan", ""), workspace_id=workspace_id, user_id=request.user.pk, action=spec.path
    )
    form = _form(request, spec, bound=True)
    if form is not None and not form.is_valid():
        return _ask(request, spec, Chosen(plan.objects), form, status=422)
    if plan.confirm and request.POST.get("confirm", "").strip() != plan.confirm:
        raise Invalid(_("Type %(text)s to confirm.") % {"text": plan.confirm}, code="confirm", field="confirm")
    report = BulkReport(carry_out(spec, plan, _options(form)))
    return answer(request, report)


def answer(request: WorkspacePageRequest, report: BulkReport, *, back: str = "") -> HttpResponse:
    """Show what became of an action: its progress, its result in the dialog, or the page it was started from.

    Args:
        request: the confirmation.
        report: of the action.
        back: where to go from the page of a single object; to the same page when left out.
    """
    if not wants_fragment(request):
        return redirect_to(request, report.url)
    if not report.finished:
        return render_fragment(request, "sims/_bulk_progress.html", {"report": report})
    shown = current_path(request)
    if report.job.total == 1 and report.outcome.changed and _is_detail_page(shown):
        messages.success(request, report.title)
        return redirect_to(request, back or shown)
    return render_fragment(request, "kit/_bulk_result.html", {"result": report.result()})


def _is_detail_page(address: str) -> bool:
    try:
        return resolve(address.partition("?")[0]).view_name in DETAIL_PAGES
    except Resolver404:
        return False
