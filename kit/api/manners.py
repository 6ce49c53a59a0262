"""What all answers of the API have in common, whichever call gives them (`docs/api.md` section 0, "Manners").

English, limits before anything is read, other origins, HEAD where there is GET, OPTIONS, the error object for a wrong
method, the challenge of a 401, and calls that may be sent twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from kit.api import idempotency, limits
from kit.api.errors import BodyFault, Code, WireError, domain_error_response, error_response
from kit.api.responses import no_content
from kit.context import current_context

View = Callable[..., HttpResponseBase]

UNAUTHENTICATED: Final = 401
NOT_ALLOWED: Final = 405

EXPOSED: Final = (
    "Idempotent-Replayed, Link, Location, Retry-After, X-Count, X-Count-Per-Page, X-Current-Page, X-Filter, X-Page,"
    " X-Pages, X-Per-Page, X-Request-ID, X-Sort, X-Total-Count, X-Total-Pages"
)
"""Headers that scripts of other origins may read."""
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, X-Emn-Origin-App, X-Emn-Origin-App-Version"
    ),
    "Access-Control-Max-Age": "86400",
}


def unknown_path(request: HttpRequest) -> HttpResponse:
    """Answer a path that is not there."""
    return error_response(404, BodyFault(Code.NOT_FOUND, f"Path {request.path[:200]} not found"))


def mannered(view: View) -> View:
    """Wrap the view of a call."""

    @csrf_exempt
    @functools.wraps(view, assigned=("__module__", "__doc__"))
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override("en"):
            response = _by_method(view, request, *args, **kwargs)
        if response.status_code == UNAUTHENTICATED:
            response.headers.setdefault("WWW-Authenticate", "Bearer")
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return wrapped


def _by_method(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    asked = request.method
    if asked == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        # Any script may call: a token is what counts.
        return HttpResponse(status=204, headers=PREFLIGHT)
    if asked == "HEAD":
        request.method = "GET"
    response = _answered(view, request, *args, **kwargs)
    request.method = asked
    if response.status_code == NOT_ALLOWED:
        response = _of_wrong_method(asked or "", response.headers.get("Allow", ""))
    return _without_body(response) if asked == "HEAD" else response


def _answered(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        limits.check_address(request.path, current_context().ip)
        limits.check_size(request.path, _size_of(request))
        return idempotency.settled(request, view(request, *args, **kwargs))
    except WireError as error:
        return domain_error_response(error)
    except Http404:
        return unknown_path(request)


def _size_of(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0


def _of_wrong_method(method: str, named: str) -> HttpResponse:
    """Answer a method that a path does not have; OPTIONS is what asks which it has.

    Args:
        method: of the request.
        named: the methods that the path names.
    """
    methods = {name for name in named.split(", ") if name}
    if "GET" in methods:
        methods.add("HEAD")
    if method == "OPTIONS":
        response = no_content()
    else:
        response = error_response(
            NOT_ALLOWED, BodyFault(Code.METHOD_NOT_ALLOWED, f"Method {method} is not allowed here.")
        )
    response.headers["Allow"] = ", ".join(sorted(methods | {"OPTIONS"}))
    return response


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer to HEAD: what GET would say of itself, and nothing of it."""
    if isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
        return response
    response.close()
    return HttpResponse(status=response.status_code, headers=dict(response.headers.items()))
