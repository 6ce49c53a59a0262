"""Reports of bulk actions at their own addresses, for the members of their workspace."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.bulk import SHOWN_ITEMS
from kit.csv_files import Echo, safe_cells
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
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response


@require_safe
def result_csv(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponseBase:
    """Send the report line by line. Texts that a spreadsheet would run as a formula are quoted."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    report = report_of(workspace_id, job_id)
    response = StreamingHttpResponse(csv_lines(report), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="result-{report.job.pk}.csv"'
    private(response)  # type: ignore[arg-type]  # it sets headers only
    return response


def csv_lines(report: BulkReport) -> Iterator[str]:
    """Return the lines of a report's CSV, with its head."""
    writer = csv.writer(Echo())
    yield writer.writerow(("id", HEAD_LABEL[report.kind], _("result"), _("reason")))
    for line in report.lines():
        yield writer.writerow(safe_cells(line))
