"""What django-htmx leaves to us: who gets a fragment, what a redirect and a refusal look like, when a session ends.

What htmx asked stands in `request.htmx`; the headers of answers are set by `django_htmx.http`, here and in views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx import http
from django_htmx.middleware import HtmxDetails

TOAST_LEVELS = ("info", "good", "warn", "bad")
VARYING = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "Cookie")
"""Headers of the request that an answer depends on."""
LEADING = ("Location", "HX-Redirect")
"""Headers of an answer that lead elsewhere."""
TRIGGER = "HX-Trigger"
"""Header of an answer that something happens with, such as a short message."""

Response = TypeVar("Response", bound=HttpResponseBase)


class HtmxRequest(HttpRequest):
    """A request as the middleware of django-htmx hands it on: all that reach a view, a middleware or an error page.

    Attributes:
        htmx: true when htmx sent the request, with what htmx said about it.
    """

    htmx: HtmxDetails


def wants_fragment(request: HtmxRequest) -> bool:
    """Whether the answer is put into a page that is already there.

    A boosted link and a history restoration come through htmx too, but replace the whole page: a fragment
    there would show up as a bare page behind the back button.
    """
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def private(response: Response) -> Response:
    """Mark a response as this user's own and different for htmx, keeping the Vary entries already there."""
    patch_vary_headers(response, VARYING)
    patch_cache_control(response, private=True, no_store=True)
    return response


def render_fragment(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a fragment. Use status 422 for a form that failed: htmx puts it in place."""
    return private(render(request, template, dict(context or {}), status=status))


def respond(
    request: HtmxRequest,
    page: str,
    fragment: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    push_url: str | None = None,
) -> HttpResponse:
    """Render `fragment` for htmx and `page` for everybody else.

    Args:
        page: template of the whole page; it includes the fragment.
        fragment: template of the part that htmx replaces.
        push_url: address for the browser's bar when the request came through htmx.
    """
    if not wants_fragment(request):
        return render_fragment(request, page, context, status=status)
    response = render_fragment(request, fragment, context, status=status)
    return response if push_url is None else http.push_url(response, push_url)


def redirect_to(request: HtmxRequest, url: str) -> HttpResponse:
    """Send the browser to `url` after a POST: 303, or for htmx an empty answer that moves the whole page."""
    if request.htmx:
        return private(http.HttpResponseClientRedirect(url))
    return private(HttpResponseRedirect(url, status=303))


def refreshed(response: Response) -> Response:
    """Let htmx load the whole page anew in place of what it asked for."""
    for name, value in http.HttpResponseClientRefresh().headers.items():
        response.headers.setdefault(name, value)
    return response


def with_toast(response: Response, message: str, *, level: str = "good") -> Response:
    """Show a short message in the corner when the answer arrives. Levels: info, good, warn, bad."""
    if level not in TOAST_LEVELS:
        raise ValueError(f"Unknown toast level {level!r}")
    return http.trigger_client_event(response, "toast", {"message": str(message), "level": level})


def problem(request: HtmxRequest, message: str, status: int) -> HttpResponse:
    """Answer a request that was refused: text for a toast, or the error page of that status."""
    if request.htmx:
        response = private(HttpResponse(str(message), status=status, content_type="text/plain; charset=utf-8"))
        if status == 422:
            # htmx would swap the text into the page, as it does with a form that failed.
            return with_toast(http.reswap(response, "none"), str(message), level="warn")
        return response
    template = f"{status}.html" if status in (400, 403, 404, 429) else "400.html"
    return render_fragment(request, template, {"message": message, "status": status}, status=status)


class SessionEndMiddleware:
    """Turn a redirect to sign-in, met by htmx, into a redirect of the whole page.

    Otherwise the sign-in page would land inside a table cell. The page that the user sees comes back as `next`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        asked = cast(HtmxRequest, request)
        if response.status_code not in (301, 302, 303) or not asked.htmx:
            return response
        sign_in = resolve_url(settings.LOGIN_URL)
        if urlsplit(response["Location"]).path != sign_in:
            return response
        query = QueryDict(mutable=True)
        query["next"] = current_path(asked) or request.get_full_path()
        moved = http.HttpResponseClientRedirect(f"{sign_in}?{query.urlencode(safe='/')}")
        moved.cookies = response.cookies
        return private(moved)


def current_path(request: HtmxRequest) -> str:
    """Path and query of the page that the htmx user looks at, empty when unknown or of another host.

    Without the fragment: a redirect to an address that differs only there would not load the page again. A path
    with two slashes in front is taken for another host by browsers.
    """
    path = (request.htmx.current_url_abs_path or "").partition("#")[0]
    return path if path.startswith("/") and not path.startswith("//") else ""
