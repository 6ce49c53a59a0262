"""How a user likes to see things: theme, time, shortcuts, columns and density. Not worth an event."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.selectors import zone_of
from kit.htmx import HtmxRequest, private, problem, redirect_to
from kit.tables import DENSITIES
from portal.context_processors import THEME_COOKIE, THEMES, TIME_DISPLAYS
from portal.first_steps import DISMISSED

MAX_TABLES = 50
MAX_COLUMNS = 60
MAX_DISMISSED = 200
COOKIE_AGE = 365 * 24 * 3600  # seconds


def known_zone(name: str) -> bool:
    """Tell whether this is a time zone that the machine knows."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


BROWSERS_ZONE = "browser"
"""Value of `zone` that gives up a chosen time zone for the browser's, which `timezone` keeps."""

SCALARS: dict[str, Callable[[str], bool]] = {
    "theme": lambda value: value in THEMES,
    "time_display": lambda value: value in TIME_DISPLAYS,
    "shortcuts": lambda value: value in ("on", "off"),
    "timezone": lambda value: len(value) < 64 and known_zone(value),
    "zone": lambda value: value == BROWSERS_ZONE or (len(value) < 64 and known_zone(value)),
}


def changed_table(tables: Any, data: QueryDict) -> dict[str, Any]:
    """The stored choices of all tables after one form: `table`, `columns`, `density`, or `reset`.

    Raises ValueError for a form that no page of ours sends.
    """
    kept: dict[str, Any] = dict(tables) if isinstance(tables, dict) else {}
    name = str(data["table"])
    if not name.isidentifier() or len(name) > 40 or (name not in kept and len(kept) >= MAX_TABLES):
        raise ValueError(name)
    if data.get("reset"):
        kept.pop(name, None)
        return kept
    choice = dict(kept.get(name) or {})
    if "density" in data:
        if data["density"] not in DENSITIES:
            raise ValueError(data["density"])
        choice["density"] = data["density"]
    columns = [str(column) for column in data.getlist("columns")]
    if len(columns) > MAX_COLUMNS or any(not column.isidentifier() or len(column) > 40 for column in columns):
        raise ValueError("columns")
    if columns:
        choice["columns"] = columns
    kept[name] = choice
    return kept


def merged(preferences: dict[str, Any], data: QueryDict) -> dict[str, Any]:
    """The preferences after a form; fields that it does not send stay. Raises ValueError for a value that cannot be."""
    found = dict(preferences)
    for name, allowed in SCALARS.items():
        if value := data.get(name):
            if not allowed(value):
                raise ValueError(name)
            found[name] = value
    if found.get("zone") == BROWSERS_ZONE:
        del found["zone"]
    if put_away := data.get("dismiss_guide"):
        if not put_away.isascii() or not put_away.isdigit() or len(put_away) > 18:
            raise ValueError("dismiss_guide")
        kept = [each for each in found.get(DISMISSED, []) if each != int(put_away)]
        found[DISMISSED] = [*kept, int(put_away)][-MAX_DISMISSED:]
    if data.get("table"):
        found["tables"] = changed_table(found.get("tables"), data)
    return found


@login_required
@require_POST
def change(request: HtmxRequest) -> HttpResponse:
    """Store what the form sends and go back to `next`; htmx gets an empty answer that refreshes the list."""
    users = get_user_model()._default_manager
    with transaction.atomic():
        # Two tabs may change different settings at once: the row is read again under its lock.
        user = users.select_for_update().get(pk=cast(int, request.user.pk))
        try:
            preferences = merged(getattr(user, "preferences", None) or {}, request.POST)
        except ValueError:
            return problem(request, _("This setting is not possible."), 400)
        users.filter(pk=user.pk).update(preferences=preferences)
        user.preferences = preferences
    # A list whose address names its columns is opened anew without them, or it would not show those just chosen.
    if request.htmx and not (request.POST.get("move") and "columns" in request.POST):
        response = private(HttpResponse(status=204))
        if request.POST.get("table"):
            trigger_client_event(response, "listChanged")
    else:
        if "zone" in request.POST:
            zone = zone_of(user) or timezone.get_default_timezone()
            messages.success(request, _("Times are shown in %(zone)s.") % {"zone": zone})
        target = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
        response = redirect_to(request, target if safe else "/")
    if "theme" in request.POST:
        response.set_cookie(
            THEME_COOKIE,
            preferences["theme"],
            max_age=COOKIE_AGE,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return response
