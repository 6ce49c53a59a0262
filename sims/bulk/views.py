"""Doing something to many: the dialog that asks, the confirmation that is carried out once, and the report."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.bulk import BulkAction
from kit.csv_files import csv_parts
from kit.errors import Invalid
from kit.htmx import current_path, private, redirect_to, render_fragment, respond, wants_fragment
from kit.outcomes import Outcome
from sims.bulk.actions import ActionSpec, BulkSpec, OptionsForm, bulk_spec, carry_out, nouns, say, specs_of
from sims.bulk.reports import BulkReport, refused_groups, report_of, unchanged_groups
from sims.bulk.selection import Selection


def buttons(request: WorkspacePageRequest, noun: str, *, names: Sequence[str] | None = None) -> list[BulkAction]:
    """Return the buttons of the actions that the reader's role may use, in the order in which they are registered.

    Args:
        request: gives the workspace and the rights.
        noun: what the list is of.
        names: only these; all when left out.
    """
    return [
        BulkAction(spec.name, spec.label, spec.url(request.workspace.pk), icon=spec.icon, danger=spec.danger)
        for spec in specs_of(noun)
        if spec.button and spec.permission.name in request.may and (names is None or spec.name in names)
    ]


def chosen(request: WorkspacePageRequest, spec: ActionSpec) -> Selection:
    """Return what the dialog of an action is to be about; raises as `Selection.chosen`."""
    objects = spec.noun.objects().of(request.workspace.pk)
    return Selection.chosen(request, spec.path, objects=objects, filters=spec.noun.filters)


@require_POST
def preview(request: WorkspacePageRequest, workspace_id: int, noun: str, action: str) -> HttpResponse:
    """Ask before an action: what will change, what cannot and why, and what it means for billing."""
    spec = bulk_spec(noun, action)
    authorise(workspace_id, spec.permission)
    return ask(request, spec, chosen(request, spec), _form(request, spec, bound="plan" in request.POST))


@require_POST
def run(request: WorkspacePageRequest, workspace_id: int, noun: str, action: str) -> HttpResponse:
    """Carry out what was confirmed. Pressed twice, it runs once and shows the same result."""
    spec = bulk_spec(noun, action)
    authorise(workspace_id, spec.permission)
    selection = Selection.confirmed(request, spec.path)
    form = _form(request, spec, bound=True)
    if form is not None and not form.is_valid():
        return ask(request, spec, selection, form, status=422)
    if selection.confirm and _as_shown(request.POST.get("confirm", "")) != selection.confirm:
        raise Invalid(_("Type %(text)s to confirm.") % {"text": selection.confirm}, code="confirm", field="confirm")
    return answer(request, BulkReport(carry_out(spec, selection, _options(form))))


def _form(request: WorkspacePageRequest, spec: BulkSpec, *, bound: bool) -> OptionsForm | None:
    if spec.form is None:
        return None
    form = spec.form(request.POST if bound else None)
    if form.changes_preview:
        again = {
            "hx-post": f"{spec.url(request.workspace.pk)}preview/",
            "hx-trigger": "change",
            "hx-target": "#dialog-body",
            "hx-include": "closest form",
            "hx-disabled-elt": "unset",
        }
        for field in form.fields.values():
            field.widget.attrs.update(again)
    return form


def _options(form: OptionsForm | None) -> dict[str, Any]:
    if form is None or (form.is_bound and not form.is_valid()):
        return {}
    return form.options()


def ask(
    request: WorkspacePageRequest, spec: BulkSpec, selection: Selection, form: OptionsForm | None, *, status: int = 200
) -> HttpResponse:
    """Show the question, with the signed selection that its button carries out.

    Args:
        request: of somebody who may do it.
        spec: the action.
        selection: its objects.
        form: further questions, with or without answers.
        status: of the answer.

    Raises:
        Forbidden, NotFound, Invalid: as the action's preview.
    """
    workspace_id = selection.workspace_id
    outcome = spec.foresee(workspace_id, selection.ids, _options(form))
    confirm, confirm_label = _confirmation(spec, outcome)
    dialog = {
        "title": say(spec.asked, len(selection.ids)),
        "url": f"{spec.url(workspace_id)}run/",
        "verb": spec.label,
        "plan": selection.signed(confirm=confirm),
        "total": outcome.total,
        "will_change": len(outcome.changed),
        "cannot": outcome.total - len(outcome.changed),
        "groups": [
            *refused_groups(spec.noun, workspace_id, outcome.refused),
            *unchanged_groups(spec, workspace_id, outcome.unchanged),
        ],
        "notes": outcome.notes,
        "danger": spec.danger,
        "confirm": confirm,
        "confirm_label": confirm_label,
        "form": form,
        "seen_note": selection.note,
    }
    return respond(request, "sims/bulk_dialog.html", "sims/_bulk_dialog.html", {"dialog": dialog}, status=status)


def _confirmation(spec: BulkSpec, outcome: Outcome) -> tuple[str, str]:
    """Return what must be typed before something is destroyed, and how it is asked for.

    The number of objects; of a single one the end of its number or its name, because "1" would prove nothing.
    """
    count = len(outcome.changed)
    if not spec.danger or not count:
        return "", ""
    if count > 1:
        text = ngettext(
            "Type %(text)s, the number that will change, to confirm",
            "Type %(text)s, the number that will change, to confirm",
            count,
        )
        return str(count), text % {"text": count}
    (pk,) = outcome.changed
    return spec.noun.proof(_as_shown(spec.noun.labels([pk]).get(pk, str(pk))))


def _as_shown(text: str) -> str:
    """Return a text as a page shows it: several spaces look like one, so one is what people type."""
    return " ".join(text.split())


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
    if report.job.total == 1 and report.outcome.changed and _is_page_of_one(shown):
        messages.success(request, report.title)
        return redirect_to(request, back or shown)
    return render_fragment(request, "sims/_bulk_result.html", {"report": report})


def _is_page_of_one(address: str) -> bool:
    try:
        view = resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return False
    return any(view == noun.page for noun in nouns())


@require_safe
def result(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Show the report of an action, or how far it is, to the members of its workspace."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    context = {"report": report, **report.spec.report_context(report.job)}
    return render_fragment(request, report.spec.report or "sims/sim_result.html", context)


@require_safe
def progress(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Answer a poll: how far the job is, and once it has ended its result in place of the whole dialog or page."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    if not report.finished:
        return render_fragment(request, "sims/_bulk_progress_bar.html", {"report": report})
    if request.GET.get("page"):
        return redirect_to(request, report.url)
    response = render_fragment(request, "sims/_bulk_result.html", {"report": report})
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


@require_safe
def result_csv(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponseBase:
    """Send the report line by line. Texts that a spreadsheet would run as a formula are quoted."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    head = ("id", report.noun.head, _("result"), _("reason"))
    parts = csv_parts(head, report.lines())
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="result-{report.job.pk}.csv"'
    return private(response)
