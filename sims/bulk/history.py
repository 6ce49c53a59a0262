"""The history of a workspace's bulk actions, and the quiet bar that tells everybody what goes on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid, NotFound
from kit.filters import whole_number
from kit.htmx import private, redirect_to, render_fragment, respond, wants_fragment
from kit.lists import Empty, Listing
from kit.models import Job
from kit.rendering import number
from sims.bulk import schedule
from sims.bulk.filters import ResultFilters
from sims.bulk.reports import BulkReport, jobs_of, report_of
from sims.bulk.tables import ResultTable
from sims.models import ScheduledAction

MOST_SHOWN = 5
"""Bulk actions that the bar names."""
_UNDER_WAY = (Job.State.QUEUED, Job.State.RUNNING)


@require_http_methods(["GET", "HEAD", "POST"])
def result_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the bulk actions of a workspace. POST carries pasted filter values and changes nothing."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    listing = Listing(
        request,
        table=ResultTable,
        filters=ResultFilters,
        queryset=jobs_of(workspace_id).select_related("scheduled").defer("arguments", "result"),
        fetch=lambda found: [BulkReport(job) for job in found],
        empty=Empty(
            icon="list-checks",
            title=_("No bulk actions yet"),
            text=_("What is done to SIMs and devices, to one or to many, is listed here with its result."),
        ),
    )
    here = reverse("sims:result_list", args=[workspace_id])
    scheduled = request.GET.get("state") == Job.State.SCHEDULED
    waiting = ScheduledAction.objects.of(workspace_id).filter(state=ScheduledAction.State.WAITING).count()
    tabs = [
        {"label": _("All"), "url": here, "active": not scheduled, "count": None},
        {
            "label": _("Scheduled"),
            "url": f"{here}?state={Job.State.SCHEDULED.value}",
            "active": scheduled,
            "count": number(waiting) if waiting else None,
        },
    ]
    return listing.respond("sims/result_list.html", {"tabs": tabs})


def under_way(
    workspace_id: int, *, sim_id: int | None = None, device_id: int | None = None, was: Sequence[uuid.UUID] = ()
) -> dict[str, Any]:
    """Return what the bar shows: the bulk actions of a workspace that go on, for its lists or for one object's page.

    One query; it reads the ids of objects only where something goes on and one object is asked for.

    Args:
        workspace_id: the workspace.
        sim_id: only those about this SIM, or about the device named too.
        device_id: only those about this device, or about the SIM named too.
        was: those that the bar showed before, to be told once they have ended.
    """
    jobs = jobs_of(workspace_id).defer("result")
    one = sim_id is not None or device_id is not None
    going = jobs.filter(state__in=_UNDER_WAY).order_by("created")
    found = [
        BulkReport(job)
        for job in (going if one else going.defer("arguments", "result"))[: MOST_SHOWN + 1]
        if not one or _is_about(job, sim_id, device_id)
    ]
    ended = jobs.defer("arguments", "result").filter(pk__in=was, state__in=(Job.State.DONE, Job.State.FAILED))
    asked = {"sim": sim_id, "device": device_id, "was": ",".join(str(report.job.pk) for report in found)}
    query = urlencode({name: value for name, value in asked.items() if value})
    url = reverse("sims:running", args=[workspace_id])
    return {
        "going": found[:MOST_SHOWN],
        "ended": [BulkReport(job) for job in ended[:MOST_SHOWN]] if was else [],
        "url": f"{url}?{query}" if query else url,
        "seconds": 2 if found else 30,
    }


def _is_about(job: Job, sim_id: int | None, device_id: int | None) -> bool:
    pk = sim_id if job.name.startswith("sims/") else device_id
    return pk in job.arguments.get("ids", ())


def planned_for(workspace_id: int, *, sim_id: int | None, device_id: int | None) -> list[BulkReport]:
    """Return what is scheduled for a SIM, its device, or a device and its SIM; the next one first. One query."""
    about = Q(objects_of__noun="sims", objects_of__object_id=sim_id or 0)
    about |= Q(objects_of__noun="devices", objects_of__object_id=device_id or 0)
    waiting = ScheduledAction.objects.of(workspace_id).filter(about, state=ScheduledAction.State.WAITING)
    jobs = jobs_of(workspace_id).filter(scheduled__in=waiting.values("pk")).select_related("scheduled")
    return [BulkReport(job) for job in jobs.defer("arguments", "result").order_by("scheduled__due_at")[:MOST_SHOWN]]


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_scheduled(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """Ask before a scheduled action is canceled, and cancel it."""
    report = report_of(workspace_id, job_id, light=True)
    authorise(workspace_id, report.spec.permission)
    if not hasattr(report.job, "scheduled"):
        raise NotFound(_("There is no scheduled action of this id in this workspace."))
    refusal = ""
    if request.method == "POST":
        try:
            schedule.cancel(workspace_id=workspace_id, job_id=job_id)
        except Conflict as error:
            refusal = error.message
        else:
            messages.success(request, _("Canceled: %(title)s") % {"title": report.job.title})
            return redirect_to(request, report.url)
    context = {
        "report": report,
        "title": _("Cancel: %(title)s") % {"title": report.job.title},
        "url": request.path,
        "refusal": refusal,
        "as_page": not wants_fragment(request),
    }
    status = 409 if refusal else 200
    return respond(request, "sims/scheduled_cancel.html", "sims/_scheduled_cancel.html", context, status=status)


@require_safe
def running(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Tell what goes on: on the lists, or for one object (`?sim=` and `?device=` with their ids).

    Raises:
        Invalid: the address names no id.
    """
    authorise(workspace_id, Permission.INVENTORY_READ)
    try:
        named = {f"{name}_id": whole_number(request.GET[name]) for name in ("sim", "device") if request.GET.get(name)}
        was = [uuid.UUID(text) for text in request.GET.get("was", "").split(",") if text][:MOST_SHOWN]
    except ValueError as error:
        raise Invalid(_("Name a SIM or a device by its ID.")) from error
    return private(
        render_fragment(request, "sims/_running.html", {"running": under_way(workspace_id, **named, was=was)})
    )
