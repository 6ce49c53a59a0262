"""Pages to try the middleware on: each does one thing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from kit.context import current_context
from kit.errors import Conflict, Forbidden, NotFound
from portal import preferences, switcher


def page(request: HttpRequest, workspace_id: int) -> HttpResponse:
    return HttpResponse(f"{request.workspace} {request.role}")  # type: ignore[attr-defined]


def missing(request: HttpRequest, workspace_id: int) -> HttpResponse:
    raise Http404


def refuses(request: HttpRequest, workspace_id: int, what: str) -> HttpResponse:
    raise {
        "forbidden": Forbidden("Your role Observer may not change SIMs.", permission="sim_update"),
        "not_found": NotFound("SIM with Id '5' not found."),
        "conflict": Conflict("It is Suspended."),
    }[what]


def who(request: HttpRequest) -> JsonResponse:
    opened = current_context()
    actor = opened.actor
    answer: dict[str, Any] = {
        "surface": opened.surface.name,
        "ip": opened.ip,
        "user_agent": opened.user_agent,
        "request_id": str(opened.request_id),
        "kind": actor.kind.name if actor else None,
        "everywhere": actor.everywhere if actor else None,
        "user": str(request.user),
    }
    return JsonResponse(answer)


handler404 = "portal.error_views.page_not_found"

urlpatterns = [
    path("preferences/", preferences.change, name="preferences"),
    path("workspaces/", switcher.switcher, name="workspace_switcher"),
    path("w/<int:workspace_id>/", page, name="dashboard"),
    path("w/<int:workspace_id>/missing/", missing),
    path("w/<int:workspace_id>/refuses/<str:what>/", refuses),
    path("who/", who),
    path("admin/who/", who),
    path("api/v1/who", who),
    path("api/v1/w/<int:workspace_id>/who", lambda request, workspace_id: who(request)),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.sign_in.urls")),
    path("accounts/", include("accounts.sign_up.urls")),
    path("", include("accounts.urls")),
]
