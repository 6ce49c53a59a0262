"""As it was: the pages of a SIM, a device, the users and the workspace at another moment (`?at=`)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.settings_tabs import settings_tabs
from events.then.moment import Then, then_of
from events.then.objects import Past, device_past, sim_past
from events.then.workspace import members_past, workspace_past
from kit.errors import Invalid
from kit.htmx import render_fragment


@require_safe
def sim_then(request: WorkspacePageRequest, workspace_id: int, sim_id: int) -> HttpResponse:
    """How a SIM was, as the log of this workspace tells it.

    Raises:
        NotFound: unknown, or of another workspace only.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    then, mistake = _then(request)
    past = sim_past(workspace_id, sim_id, then)
    kind = {"list": _("SIM inventory"), "list_url": reverse("sims:sim_list", args=[workspace_id])}
    return _object(request, past, then, mistake, reverse("sims:sim_detail", args=[workspace_id, sim_id]), kind)


@require_safe
def device_then(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """How a device was; raises as `sim_then`."""
    authorise(workspace_id, Permission.EVENT_READ)
    then, mistake = _then(request)
    past = device_past(workspace_id, device_id, then)
    kind = {"list": _("Connected devices"), "list_url": reverse("sims:device_list", args=[workspace_id])}
    return _object(request, past, then, mistake, reverse("sims:device_detail", args=[workspace_id, device_id]), kind)


@require_safe
def users_then(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Who belonged to the workspace, and as what."""
    authorise(workspace_id, Permission.EVENT_READ)
    then, mistake = _then(request)
    context = {
        "members": members_past(workspace_id, then),
        "tabs": settings_tabs(request, "users"),
        "today_url": reverse("accounts:workspace_users", args=[workspace_id]) if _manages(request) else "",
    }
    return _page(request, "events/then_users.html", then, mistake, context)


@require_safe
def workspace_then(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """How the workspace itself was: its data, people, tokens, orders, and how many SIMs and devices it had."""
    authorise(workspace_id, Permission.EVENT_READ)
    then, mistake = _then(request)
    context = {
        "past": workspace_past(workspace_id, then),
        "tabs": settings_tabs(request, "settings"),
        "today_url": reverse("accounts:workspace_settings", args=[workspace_id]),
        "users_url": _at(reverse("events:users_then", args=[workspace_id]), then),
    }
    return _page(request, "events/then_workspace.html", then, mistake, context)


def _manages(request: WorkspacePageRequest) -> bool:
    return Permission.USER_MANAGE.name in request.may


def _then(request: WorkspacePageRequest) -> tuple[Then, str]:
    """Return the moment, or now and what is wrong with the one that was asked for."""
    try:
        return then_of(request), ""
    except Invalid as error:
        return Then.now(), error.message


def _at(url: str, then: Then) -> str:
    return f"{url}?at={then.stamp}" if then.asked else url


def _object(
    request: WorkspacePageRequest, past: Past, then: Then, mistake: str, today_url: str, kind: dict[str, str]
) -> HttpResponse:
    return _page(request, "events/then_object.html", then, mistake, {"past": past, "today_url": today_url, **kind})


def _page(
    request: WorkspacePageRequest, template: str, then: Then, mistake: str, context: dict[str, Any]
) -> HttpResponse:
    asked = request.GET.get("at", "")
    page = {"then": then, "mistake": mistake, "asked": asked if mistake else "", "here": request.path, **context}
    return render_fragment(request, template, page, status=422 if mistake else 200)
