"""One place that decides between a fragment and a whole page, and the answers that htmx understands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers

TOAST_LEVELS = ("info", "good", "warn", "bad")


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx sent this request, for whatever purpose."""
    return request.headers.get("HX-Request") == "true"


def wants_fragment(request: HttpRequest) -> bool:
    """Whether the answer is put into a page that is already there.

    A boosted link and a history restoration come through htmx too, but replace the whole page: a fragment
    there would show up as a bare page behind the back button.
    """
    return (
        is_htmx(request)
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def private(response: HttpResponse) -> HttpResponse:
    """Mark a response as this user's own and different for htmx, keeping the Vary entries already there."""
    patch_vary_headers(response, ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "Cookie"))
    patch_cache_control(response, private=True, no_store=True)
    return response


def render_fragment(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a fragment. Use status 422 for a form that failed: htmx puts it in place."""
    return private(render(request, template, dict(context or {}), status=status))


def respond(
    request: HttpRequest,
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
    if push_url is not None:
        response["HX-Push-Url"] = push_url
    return response


def redirect_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to `url` after a POST: 303, or for htmx a header on an empty answer."""
    if is_htmx(request):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return private(response)
    return private(HttpResponseRedirect(url, status=303))


def with_trigger(response: HttpResponse, name: str, detail: Any = None) -> HttpResponse:
    """Add an event that htmx raises in the page; earlier ones stay."""
    events: dict[str, Any] = json.loads(response.get("HX-Trigger", "{}"))
    events[name] = detail if detail is not None else {}
    response["HX-Trigger"] = json.dumps(events)
    return response


def with_toast(response: HttpResponse, message: str, *, level: str = "good") -> HttpResponse:
    """Show a short message in the corner when the answer arrives. Levels: info, good, warn, bad."""
    if level not in TOAST_LEVELS:
        raise ValueError(f"Unknown toast level {level!r}")
    return with_trigger(response, "toast", {"message": str(message), "level": level})


def problem(request: HttpRequest, message: str, status: int) -> HttpResponse:
    """Answer a request that was refused: text for a toast, or the error page of that status."""
    if is_htmx(request):
        response = private(HttpResponse(str(message), status=status, content_type="text/plain; charset=utf-8"))
        if status == 422:
            # htmx would swap the text into the page, as it does with a form that failed.
            response["HX-Reswap"] = "none"
            return with_toast(response, str(message), level="warn")
        return response
    template = f"{status}.html" if status in (400, 403, 404, 429) else "400.html"
    return render_fragment(request, template, {"message": message, "status": status}, status=status)


class SessionEndMiddleware:
    """Turn a redirect to sign-in, met by htmx, into a redirect of the whole page.

    Otherwise the sign-in page would land inside a table cell. The page that the user sees comes back as `next`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code not in (301, 302, 303) or not is_htmx(request):
            return response
        sign_in = resolve_url(settings.LOGIN_URL)
        if urlsplit(response["Location"]).path != sign_in:
            return response
        query = QueryDict(mutable=True)
        query["next"] = current_path(request) or request.get_full_path()
        moved = HttpResponse(status=204)
        moved["HX-Redirect"] = f"{sign_in}?{query.urlencode(safe='/')}"
        moved.cookies = response.cookies
        return private(moved)


def current_path(request: HttpRequest) -> str:
    """Path and query of the page that the htmx user looks at, empty when unknown or of another host."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    if parts.netloc != request.get_host() or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
