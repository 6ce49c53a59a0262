"""The front door: where `/` leads."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import PortalRequest
from accounts.session_keys import LAST_WORKSPACE


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the workspace last open, else the default one, else the first; staff without one to the admin site."""
    user = cast(User, request.user)
    access = cast(PortalRequest, request).access
    entries = access.by_id if access else {}
    for workspace_id in (request.session.get(LAST_WORKSPACE), user.default_workspace_id, *entries):
        if workspace_id in entries:
            return redirect("dashboard", workspace_id)
    if user.is_staff:
        return redirect("admin:index")
    return render(request, "portal/no_workspace.html")
