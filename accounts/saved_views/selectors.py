"""Whose views somebody sees, the menu of a list, and where a list opens."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import SavedView
from accounts.requests import WorkspacePageRequest
from accounts.saved_views.lists import viewed_list
from kit.context import ActorKind, current_actor
from kit.filter_values import KEEPERS, TOKEN_PREFIX
from kit.htmx import private, wants_fragment
from kit.lists import Listing, ViewLine, ViewMenu

DEFAULTS: Final = "default_views"
"""Key of `User.preferences`: the view each list opens with, by workspace and list."""
WHOLE: Final = "all"
"""Value of `view` in the address of a list that is to open without the chosen view."""


def visible(workspace_id: int, user_id: int) -> QuerySet[SavedView]:
    """Return the views of a workspace that somebody sees: their own, and those that are shared."""
    mine = Q(shared=True) | Q(owner_id=user_id)
    return SavedView.objects.of(workspace_id).filter(mine).select_related("owner")


def default_of(request: WorkspacePageRequest, list_name: str) -> int | None:
    """Return the id of the view that a list opens with for the reader, `None` for none; no query."""
    chosen = (request.user.preferences or {}).get(DEFAULTS)
    found = chosen.get(f"{request.workspace.pk}:{list_name}") if isinstance(chosen, dict) else None
    return found if isinstance(found, int) else None


def opened_by_default(request: WorkspacePageRequest, list_name: str) -> HttpResponse | None:
    """Lead somebody who opens a list as such to the view they have chosen for it.

    Its address is a plain filtered list. `?view=all`, a fragment, and any other parameter stay where they are.
    """
    if request.method != "GET" or request.GET or wants_fragment(request) or not has_views():
        return None
    if (view_id := default_of(request, list_name)) is None:
        return None
    view = visible(request.workspace.pk, request.user.pk).filter(pk=view_id, list_name=list_name).first()
    if view is None or not view.query:
        return None
    return private(HttpResponseRedirect(viewed_list(list_name).url(request.workspace.pk, view.query)))


def has_views() -> bool:
    """Tell whether whoever reads has views: people of the workspace do, staff in their place do not."""
    return current_actor().kind == ActorKind.USER


def view_menu(request: WorkspacePageRequest, listing: Listing) -> ViewMenu | None:
    """Return the menu of the views of a list, with the one that is open; `None` for staff on a visit. One query."""
    if not has_views():
        return None
    name, workspace_id = listing.table.list_name, request.workspace.pk
    viewed, default = viewed_list(name), default_of(request, name)
    rows = list(visible(workspace_id, request.user.pk).filter(list_name=name).order_by("shared", "name", "pk"))
    # A default that was deleted since is none.
    default = default if any(row.pk == default for row in rows) else None
    here = listing.view_query
    lines = [ViewLine(str(viewed.everything), viewed.url(workspace_id, f"view={WHOLE}" if default else ""), not here)]
    lines += [
        ViewLine(row.name, viewed.url(workspace_id, row.query), row.query == here, row.shared, row.pk == default)
        for row in rows
    ]
    return ViewMenu(
        lines=lines,
        save_url=reverse("accounts:saved_view_save", args=[workspace_id, name]),
        manage_url=reverse("accounts:saved_views", args=[workspace_id, name]),
        whole=f"view={WHOLE}" if default else "",
    )


def lists_in_views() -> set[str]:
    """Return the tokens of long lists of values that saved views filter by: these lists stay as long as the views."""
    queries = SavedView.objects.filter(query__contains=TOKEN_PREFIX).values_list("query", flat=True)
    return {token for query in queries for token in re.findall(rf"{TOKEN_PREFIX}(\w+)", query)}


KEEPERS.append(lists_in_views)


def rows_of(request: WorkspacePageRequest, list_name: str) -> list[dict[str, Any]]:
    """Return what the page of the views of a list shows, the reader's own first. One query."""
    default, viewed = default_of(request, list_name), viewed_list(list_name)
    rows = visible(request.workspace.pk, request.user.pk).filter(list_name=list_name).order_by("shared", "name", "pk")
    return [
        {
            "view": row,
            "url": viewed.url(request.workspace.pk, row.query),
            "default": row.pk == default,
            "own": row.owner_id == request.user.pk,
        }
        for row in rows
    ]
