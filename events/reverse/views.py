"""Reversing: the dialog for one event or a request, and the button that a report of many offers."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from events.reversals import Never, reversal_of
from events.reverse.alone import opposite_of, reverse_alone
from events.reverse.bulk import REVERSE_CREATION, REVERSE_DEVICES, REVERSE_SIMS, ReversesForm
from events.reverse.opposites import Gone, Opposite
from events.reverse.past import Target, ids_in, noun_of
from events.selectors import event_row
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.htmx import current_path, private, redirect_to, render_fragment, respond
from sims.bulk.actions import BulkSpec
from sims.bulk.reports import report_of
from sims.bulk.selection import MOST_OBJECTS, Selection
from sims.bulk.views import ask


@require_http_methods(["GET", "HEAD", "POST"])
def reverse_event(request: WorkspacePageRequest, workspace_id: int, event_id: int) -> HttpResponse:
    """Ask before an event is reversed; where it is about one thing, POST does it.

    Raises:
        NotFound: unknown, or of another workspace.
        Conflict: it has no opposite.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    row = event_row(workspace_id=workspace_id, event_id=event_id)
    if row is None:
        raise NotFound(_("There is no event %(id)s in this workspace.") % {"id": event_id})
    entry = reversal_of(row["type"])
    if isinstance(entry, Never):
        raise Conflict(str(entry.why), code="irreversible")
    authorise(workspace_id, entry.permission)
    if entry.noun:
        return _ask_for_many(request, Target(event=event_id), entry.noun)
    opposite, refusal = None, ""
    try:
        opposite = opposite_of(row)
        if request.method == "POST":
            reverse_alone(event_id=event_id, opposite=opposite)
    except Gone as gone:
        refusal = str(gone)
    except DomainError as error:
        refusal = error.message
    else:
        if request.method == "POST":
            messages.success(request, _("Reversed: %(what)s") % {"what": opposite.title})
            return redirect_to(request, current_path(request) or _page(workspace_id, event_id))
    return _dialog(request, event_id, opposite, refusal)


def _page(workspace_id: int, event_id: int) -> str:
    return reverse("events:detail", args=[workspace_id, event_id])


def _dialog(request: WorkspacePageRequest, event_id: int, opposite: Opposite | None, refusal: str) -> HttpResponse:
    context = {
        "opposite": opposite,
        "title": opposite.title if opposite is not None else _("This can’t be reversed any more"),
        "refusal": refusal,
        "event_id": event_id,
        "back": _page(request.workspace.pk, event_id),
        "url": request.path,
    }
    status = 422 if refusal and request.method == "POST" else 200
    return respond(request, "events/reverse.html", "events/_reverse.html", context, status=status)


@require_safe
def reverse_request(request: WorkspacePageRequest, workspace_id: int, request_id: uuid.UUID) -> HttpResponse:
    """Ask before everything is reversed that a request did to SIMs and devices.

    Raises:
        NotFound: no such request in this workspace.
        Conflict: nothing of it can be reversed.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    target = Target(request=request_id)
    if not target.rows(workspace_id).exists():
        raise NotFound(_("There is no event of this request in this workspace."))
    noun = noun_of(target, workspace_id)
    if not noun:
        raise Conflict(_("Nothing that this request did to SIMs or devices can be reversed."), code="irreversible")
    return _ask_for_many(request, target, noun)


def _ask_for_many(request: WorkspacePageRequest, target: Target, noun: str) -> HttpResponse:
    """Show the dialog of the bulk action for the objects that the events tell of."""
    workspace_id = request.workspace.pk
    spec = _spec(target, workspace_id, noun)
    authorise(workspace_id, spec.permission)
    ids = ids_in(target, workspace_id, noun)
    if len(ids) > MOST_OBJECTS:
        text = _("This request changed %(count)s objects; one action takes at most %(most)s.")
        raise Invalid(text % {"count": f"{len(ids):,}", "most": f"{MOST_OBJECTS:,}"}, code="too_many")
    selection = Selection(workspace_id, request.user.pk, spec.path, tuple(ids))
    return ask(request, spec, selection, ReversesForm({"reverses": str(target)}, workspace_id=workspace_id))


def _spec(target: Target, workspace_id: int, noun: str) -> BulkSpec:
    if noun == "sims":
        return REVERSE_SIMS
    return REVERSE_CREATION if target.rows(workspace_id).filter(type=10002).exists() else REVERSE_DEVICES


@require_safe
def offer(request: WorkspacePageRequest, workspace_id: int, job_id: uuid.UUID) -> HttpResponse:
    """The button that a report of many shows: nothing where nothing can be reversed, or the reader may not.

    Raises:
        NotFound: there is no such report in this workspace.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    target = Target(request=report_of(workspace_id, job_id).job.request_id)
    noun = noun_of(target, workspace_id)
    if not noun or _spec(target, workspace_id, noun).permission.name not in request.may:
        return private(HttpResponse(""))
    url = reverse("events:reverse_request", args=[workspace_id, target.request])
    return render_fragment(request, "events/_reverse_button.html", {"url": url})
