"""Error pages. htmx gets a short text instead, which the page shows as a toast with the request id."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _

from kit.htmx import HtmxRequest, private, problem


def bad_request(request: HtmxRequest, exception: Exception) -> HttpResponse:
    """The request could not be understood."""
    return problem(request, _("The request could not be understood."), 400)


def permission_denied(request: HtmxRequest, exception: Exception) -> HttpResponse:
    """A right is missing; the exception's text says which."""
    message = str(exception) or _("You may not do this here. An Administrator of the workspace can change your role.")
    return problem(request, message, 403)


def page_not_found(request: HtmxRequest, exception: Exception) -> HttpResponse:
    """Answer an address with nothing that this reader may see; whether there is something for others looks the same."""
    return problem(request, _("This page or object does not exist, or is not yours to see."), 404)


def csrf_failure(request: HtmxRequest, reason: str = "") -> HttpResponse:
    """The form is older than the session; named by the setting CSRF_FAILURE_VIEW."""
    return problem(request, _("This page is too old to be sent. Load it again and repeat."), 403)


def server_error(request: HtmxRequest) -> HttpResponse:
    """Answer after a defect. The page uses no context processor and no database: they may be what broke."""
    request_id = str(getattr(request, "request_id", "") or "")
    if request.htmx:
        return private(HttpResponse(_("Something went wrong on our side."), status=500, content_type="text/plain"))
    try:
        stylesheet = static("css/tokens.css")
    except ValueError:  # the list of collected files may be what is missing
        stylesheet = ""
    page = render_to_string("500.html", {"request_id": request_id, "stylesheet": stylesheet})
    return private(HttpResponse(page, status=500))
