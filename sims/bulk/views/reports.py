"""Reports of bulk actions at their own addresses, for the members of their workspace."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import reswap, retarget

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.bulk import SHOWN_ITEMS
from kit.csv_files import csv_parts
from kit.filter_sets import encode
from kit.htmx import private, redirect_to, render_fragment
from sims.bulk.actions import ObjectKind
from sims.bulk.reports import REGISTER, BulkReport, report_of
from sims.states import SimStatus

HEAD_LABEL: dict[ObjectKind, str] = {"sims": "iccid", "devices": "device"}


@require_safe
def result(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Show the report of an action, or how far it is."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    if report.job.kind == REGISTER:
        return render_fragment(request, "sims/sim_registered.html", _registration(report))
    if not report.finished:
        return render_fragment(request, "sims/sim_result.html", {"report": report, "result": None})
    context = {
        "report": report,
        "result": report.result(),
        "changed": report.changed_items(),
        "more": max(0, len(report.outcome.changed) - SHOWN_ITEMS),
    }
    return render_fragment(request, "sims/sim_result.html", context)


def _registration(report: BulkReport) -> dict[str, Any]:
    state = SimStatus(report.job.result["status"])
    bics = [line["bic"] for line in report.job.result["batches"] if not line["error"]]
    return {
        "report": report,
        "state": state.label,
        "state_key": state.name.lower(),
        "inventory_url": f"{report.list_url}?{encode({'bic': ','.join(bics)})}",
    }


@require_safe
def progress(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Answer a poll: how far the job is, and once it has ended its result in place of the whole dialog or page."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    if not report.finished:
        return render_fragment(request, "sims/_bulk_progress_bar.html", {"report": report})
    if request.GET.get("page"):
        return redirect_to(request, report.url)
    response = render_fragment(request, "kit/_bulk_result.html", {"result": report.result()})
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


@require_safe
def result_csv(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponseBase:
    """Send the report line by line. Texts that a spreadsheet would run as a formula are quoted."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    head = ("id", HEAD_LABEL[report.kind], _("result"), _("reason"))
    parts = csv_parts(head, report.lines(), marked=False)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="result-{report.job.pk}.csv"'
    return private(response)
