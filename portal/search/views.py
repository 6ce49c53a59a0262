"""The search of the top bar: results while one types, the object for a whole number, and a page without script."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.htmx import private, respond, wants_fragment
from kit.text import searched
from portal.search.finding import groups, target

LONGEST: Final = 200


@require_safe
def search(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show what `?q=` may mean. Whoever asks for the page with a whole number is led to what it names."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    text = searched(request.GET.get("q", ""), most=LONGEST)
    if text and not wants_fragment(request) and (url := target(workspace_id, text)):
        return private(HttpResponseRedirect(url))
    context = {"text": text, "groups": groups(request, text)}
    return respond(request, "portal/search.html", "portal/_search_results.html", context)
