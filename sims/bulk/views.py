"""Doing something to many: the dialog that asks, the confirmation that is carried out once, and the report."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.bulk import BulkAction
from kit.csv_files import csv_parts
from kit.errors import Invalid
from kit.filters import whole_number
from kit.htmx import current_path, private, redirect_to, render_fragment, respond, wants_fragment
from kit.outcomes import Outcome
from sims.bulk.actions import (
    ActionSpec,
    BulkSpec,
    JobSpec,
    bulk_spec,
    carry_out,
    counted,
    nouns,
    say,
    specs_of,
)
from sims.bulk.forms import LaterForm, OptionsForm, asks_for_later
from sims.bulk.reports import BulkReport, Part, dialog_groups, report_of
from sims.bulk.schedule import schedule
from sims.bulk.selection import Selection, TooMany
from sims.effects import OFFLINE

LISTED_ITEMS = 200
"""Objects of a group of a dialog that are listed at once after the first fifty."""


def buttons(request: WorkspacePageRequest, noun: str, *, names: Sequence[str] | None = None) -> list[BulkAction]:
    """Return the buttons of the actions that the reader's role may use, in the order in which they are registered.

    Args:
        request: gives the workspace and the rights.
        noun: what the list is of.
        names: only these; all when left out.
    """
    return [
        BulkAction(spec.name, spec.label, spec.url(request.workspace.pk), icon=spec.icon, danger=spec.danger)
        # What destroys stands last, away from the hand that aims at something else.
        for spec in sorted(specs_of(noun), key=lambda spec: spec.danger)
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
    try:
        selected = chosen(request, spec)
    except TooMany as error:
        return refuse_too_many(request, spec, error)
    return ask(request, spec, selected, _form(request, spec, selected, bound="plan" in request.POST))


def refuse_too_many(request: WorkspacePageRequest, spec: ActionSpec, error: TooMany) -> HttpResponse:
    """Say that too many objects are selected, and offer to go on with as many as one action takes.

    Args:
        request: of somebody who may do it.
        spec: the action.
        error: says how many are selected, and how many it takes.
    """
    part = Selection(request.workspace.pk, request.user.pk, spec.path, error.ids[: error.most])
    context = {
        "title": spec.label,
        "text": error.message,
        "go_on": {
            "url": f"{spec.url(request.workspace.pk)}preview/",
            "plan": part.signed(),
            "label": _("Continue with the first %(most)s") % {"most": counted(error.most)},
            "note": _("The first are those with the lowest IDs."),
        },
    }
    return respond(request, "sims/sim_refusal.html", "sims/_sim_refusal.html", context, status=422)


@require_POST
def listed(request: WorkspacePageRequest, workspace_id: int, noun: str, action: str) -> HttpResponse:
    """List further objects of one group of a dialog (`?group=` its key, `?from=` how many are listed already)."""
    spec = bulk_spec(noun, action)
    authorise(workspace_id, spec.permission)
    selection = Selection.confirmed(request, spec.path)
    outcome = spec.foresee(workspace_id, selection.ids, _options(_form(request, spec, selection, bound=True)))
    try:
        part = Part(whole_number(request.GET.get("from", "")), LISTED_ITEMS)
    except ValueError as error:
        raise Invalid(
            _("The list could not be read. Close this dialog and open it again."), code="selection"
        ) from error
    groups = [group for found in dialog_groups(spec, workspace_id, outcome, part) for group in found]
    group = next((group for group in groups if group.key == request.GET.get("group", "")), None)
    if group is None:
        raise Invalid(_("The list could not be read. Close this dialog and open it again."), code="selection")
    context = {"group": group, "listed_url": f"{spec.url(workspace_id)}listed/"}
    return render_fragment(request, "sims/_reason_items.html", context)


@require_POST
def run(request: WorkspacePageRequest, workspace_id: int, noun: str, action: str) -> HttpResponse:
    """Carry out what was confirmed. Pressed twice, it runs once and shows the same result."""
    spec = bulk_spec(noun, action)
    authorise(workspace_id, spec.permission)
    selection = Selection.confirmed(request, spec.path)
    form = _form(request, spec, selection, bound=True)
    if form is not None and not form.is_valid():
        return ask(request, spec, selection, form, status=422)
    require_confirmed(request, selection)
    if asks_for_later(request.POST):
        return _run_later(request, spec, selection, form)
    return answer(request, BulkReport(carry_out(spec, selection, _options(form))))


def _run_later(
    request: WorkspacePageRequest, spec: BulkSpec, selection: Selection, form: OptionsForm | None
) -> HttpResponse:
    """Schedule what was confirmed, or ask again for the moment."""
    later = LaterForm(request.POST)
    done = run_later(request, spec, selection, _options(form), later)
    return done or ask(request, spec, selection, form, later=later, status=422)


def run_later(
    request: WorkspacePageRequest, spec: JobSpec, selection: Selection, options: Mapping[str, Any], later: LaterForm
) -> HttpResponse | None:
    """Schedule what was confirmed and say so; `None` where the moment has to be asked for again.

    Args:
        request: the confirmation.
        spec: the action.
        selection: its objects.
        options: answers of its dialog.
        later: bound, the moment; it gets the error.
    """
    if not later.is_valid():
        return None
    try:
        report = BulkReport(schedule(spec, selection, options, due=later.cleaned_data["at"]))
    except Invalid as error:
        if error.field != "at":
            raise
        later.add_error("at", error.message)
        return None
    if not wants_fragment(request):
        return redirect_to(request, report.url)
    return render_fragment(request, "sims/_bulk_scheduled.html", {"report": report})


def require_confirmed(request: WorkspacePageRequest, selection: Selection) -> None:
    """Check that what a dialog wanted typed was typed.

    Raises:
        Invalid: it was not.
    """
    if selection.confirm and _typed(request.POST.get("confirm", "")) != _typed(selection.confirm):
        raise Invalid(_("Type %(text)s to confirm.") % {"text": selection.confirm}, code="confirm", field="confirm")


def _form(request: WorkspacePageRequest, spec: BulkSpec, selection: Selection, *, bound: bool) -> OptionsForm | None:
    if spec.form is None:
        return None
    form = spec.form(request.POST if bound else None, workspace_id=request.workspace.pk, ids=selection.ids)
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
    request: WorkspacePageRequest,
    spec: BulkSpec,
    selection: Selection,
    form: OptionsForm | None,
    *,
    later: LaterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the question, with the signed selection that its button carries out.

    Args:
        request: of somebody who may do it.
        spec: the action.
        selection: its objects.
        form: further questions, with or without answers.
        later: the moment that was asked for, where it has to be asked again.
        status: of the answer.

    Raises:
        Forbidden, NotFound, Invalid: as the action's preview.
    """
    workspace_id = selection.workspace_id
    outcome = spec.foresee(workspace_id, selection.ids, _options(form))
    confirm, confirm_label = _confirmation(spec, workspace_id, outcome)
    effects, groups = dialog_groups(spec, workspace_id, outcome)
    dialog = {
        "title": spec.dialog_title(workspace_id, selection.ids, outcome),
        "url": f"{spec.url(workspace_id)}run/",
        "verb": say(spec.asked, len(outcome.changed)),
        "plan": selection.signed(confirm=confirm),
        "total": outcome.total,
        "will_change": len(outcome.changed),
        "cannot": outcome.total - len(outcome.changed),
        "effects": effects,
        "groups": groups,
        "listed_url": f"{spec.url(workspace_id)}listed/",
        "notes": outcome.notes,
        "danger": spec.danger,
        "confirm": confirm,
        "confirm_label": confirm_label,
        "form": form,
        "later": later or LaterForm(),
        "seen_note": selection.note,
    }
    return respond(request, "sims/bulk_dialog.html", "sims/_bulk_dialog.html", {"dialog": dialog}, status=status)


def _confirmation(spec: BulkSpec, workspace_id: int, outcome: Outcome) -> tuple[str, str]:
    """Return what must be typed before something is destroyed, and how it is asked for.

    The number of objects; of a single one the end of its number or its name, because "1" would prove nothing. The same
    for what takes many devices offline (`CONFIRM_OFFLINE_DEVICES`).
    """
    count = len(outcome.changed)
    if not count:
        return "", ""
    if (offline := offline_confirmation(outcome, count))[0]:
        return offline
    if not spec.danger:
        return "", ""
    if count > 1:
        return counted(count), _("Type %(text)s, the number that will change, to confirm") % {"text": counted(count)}
    (pk,) = outcome.changed
    return spec.noun.proof(_as_shown(spec.noun.name_of(workspace_id, pk)))


def offline_confirmation(outcome: Outcome, count: int) -> tuple[str, str]:
    """Return what must be typed before many devices lose their connection, and how it is asked for; else nothing.

    Args:
        outcome: of the preview.
        count: how many objects will change.
    """
    offline = len(outcome.effects.get(OFFLINE, ()))
    if offline <= settings.CONFIRM_OFFLINE_DEVICES:
        return "", ""
    text = ngettext(
        "%(offline)s device loses its connection. Type %(text)s, the number that will change, to confirm",
        "%(offline)s devices lose their connection. Type %(text)s, the number that will change, to confirm",
        offline,
    )
    return counted(count), text % {"offline": counted(offline), "text": counted(count)}


def _typed(text: str) -> str:
    """Return what was typed without what separates thousands: 1,030 and 1030 are the same."""
    return re.sub(r"(?<=\d)[,.\u2019' \u2009\u00a0\u202f](?=\d)", "", _as_shown(text))


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
    if report.waits and report.spec.permission.name in request.may:
        context["cancel_url"] = reverse("sims:scheduled_cancel", args=[workspace_id, job_id])
    return render_fragment(request, report.spec.report or "sims/sim_result.html", context)


@require_safe
def progress(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Answer a poll: how far the job is, and once it has ended its result in place of the whole dialog or page."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id, light=True)
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
    parts = csv_parts(report.head, report.lines())
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="result-{report.job.pk}.csv"'
    return private(response)
