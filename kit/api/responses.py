"""Answers of the API: JSON made by orjson from plain dicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse

JSON: Final = "application/json"
"""The content type, without a charset, as recorded; answers without a body carry it too."""


def json_response(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return JSON.

    Args:
        data: what orjson can write; no key that does not apply, the wire leaves those out.
        status: HTTP status.
        headers: further headers.
    """
    response = HttpResponse(orjson.dumps(data), status=status, content_type=JSON)
    # What a token opens is nobody else's: no cache on the way may keep it.
    response.headers["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def no_content() -> HttpResponse:
    """Return 204: done, nothing to say."""
    return HttpResponse(status=204, content_type=JSON)


def created(request: HttpRequest, data: Any, path: str) -> HttpResponse:
    """Return 201 with the new object and where it is, at the request's own host.

    Args:
        request: the request that made it.
        data: the object.
        path: its path, from the root of the host.
    """
    return json_response(data, status=201, headers={"Location": request.build_absolute_uri(path)})


def wire_time(moment: datetime) -> str:
    """Return a time as SIMs and endpoints carry it: `2022-03-27T23:20:49.000+0000`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "+0000"
