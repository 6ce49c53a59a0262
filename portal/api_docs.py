"""The API's documentation as a page of ours: the OpenAPI document, rendered here and without script."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kit.api import limits
from kit.api.errors import Code
from portal.api import api
from portal.api_document import operations

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """Show every call with its parameters, bodies, answers and a command to paste."""
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "title": api.title,
        "base": base,
        "sections": _sections(base),
        "errors": [code.value for code in Code if code.value[0] >= 1000],
        "limits": limits.published().items(),
        "auth_token_minutes": settings.AUTH_TOKEN_MINUTES,
    }
    return render(request, "portal/api_docs.html", context)


@functools.lru_cache(maxsize=4)
def _sections(base: str) -> list[dict[str, Any]]:
    """Return the calls by tag. The document does not change while the process runs."""
    document = api.get_openapi_schema()
    found: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in operations(document):
        tag = operation.get("tags", ["Other"])[0]
        found.setdefault(tag, []).append(_call(base, path, method, operation))
    return [
        {
            "name": name,
            "anchor": _anchor(name),
            "calls": sorted(calls, key=lambda call: (call["path"], _METHODS.index(call["method"]))),
        }
        for name, calls in sorted(found.items())
    ]


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _call(base: str, path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = media.get("example")
    return {
        "path": path,
        "method": method,
        "anchor": _anchor(f"{method} {path}"),
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": operation["parameters"],
        "body": _pretty(body) if media else "",
        "answers": [
            {
                "status": status,
                "description": response["description"],
                "example": _pretty(_example(response)) if _example(response) is not None else "",
            }
            for status, response in operation["responses"].items()
        ],
        "curl": _curl(base, path, method, body if media else None, public="security" not in operation),
    }


def _example(response: dict[str, Any]) -> Any:
    content = response.get("content", {}).get("application/json")
    return None if content is None else content.get("example")


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _curl(base: str, path: str, method: str, body: Any, *, public: bool) -> str:
    lines = [f"curl {base}{path}" if method == "get" else f"curl -X {method.upper()} {base}{path}"]
    if not public:
        lines.append('-H "Authorization: Bearer $AUTH_TOKEN"')
    if body is not None:
        quoted = orjson.dumps(body).decode().replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{quoted}'"]
    return " \\\n  ".join(lines)
