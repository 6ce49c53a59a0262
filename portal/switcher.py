"""The workspace switcher: a panel of the side navigation, and a page for those who come without a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe

from accounts.session_keys import LAST_WORKSPACE
from kit.htmx import HtmxRequest, current_path, respond
from kit.text import searched
from portal.context_processors import section_of

SHOWN = 50


@dataclass(frozen=True)
class SwitcherLine:
    """A workspace that the reader can enter."""

    id: int
    name: str
    role: str
    url: str
    current: bool


def part_seen(request: HtmxRequest) -> str:
    """Return the URL name of the part of the portal that the reader looks at: there the next workspace opens.

    What has an id there is nothing in another workspace, so a SIM's page leads to the other's inventory.
    """
    path = current_path(request).partition("?")[0]
    try:
        return section_of(resolve(path).view_name) if path else "dashboard"
    except Resolver404:
        return "dashboard"


def entries(request: HtmxRequest, text: str) -> tuple[list[SwitcherLine], int]:
    """The first fifty workspaces whose name or id holds the text, and how many there are.

    Names that begin with the text come first.
    """
    part = part_seen(request)
    wanted = text.casefold()
    found: list[Any] = [
        workspace
        for workspace in getattr(request, "workspaces", None) or []
        if not wanted or wanted in workspace.name.casefold() or str(workspace.id).startswith(wanted)
    ]
    found.sort(key=lambda workspace: (not workspace.name.casefold().startswith(wanted), workspace.name.casefold()))
    here = getattr(getattr(request, "workspace", None), "id", None) or request.session.get(LAST_WORKSPACE)
    shown = [
        SwitcherLine(
            id=workspace.id,
            name=workspace.name,
            role=str(getattr(workspace.role, "label", workspace.role)),
            url=reverse(part, args=[workspace.id]),
            current=workspace.id == here,
        )
        for workspace in found[:SHOWN]
    ]
    return shown, len(found)


@login_required
@require_safe
def switcher(request: HtmxRequest) -> HttpResponse:
    """The workspaces that match `?q=`, as a page or as the panel's list."""
    text = searched(request.GET.get("q", ""), most=100)
    shown, total = entries(request, text)
    context = {"entries": shown, "total": total, "more": total - len(shown), "text": text}
    return respond(request, "portal/workspaces.html", "portal/_workspaces.html", context)
