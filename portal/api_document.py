"""The OpenAPI document: what the code that validates says of itself, with examples and the headers of answers.

Examples are made from the examples at single fields, so that each exists once and none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = dict[str, Any]

_PAGING: Final = {
    "X-Count-Per-Page": "Rows of a page.",
    "X-Current-Page": "From 1.",
    "X-Total-Count": "Rows of the list.",
    "X-Total-Pages": "Number of the last page.",
    "X-Sort": "The order.",
    "X-Filter": "The filter, where there was one.",
    "Link": "first, prev, next and last page; keeps q and sort.",
}
_TEXTS: Final = {
    400: "The request cannot be read (1000), or its rules forbid it (1406).",
    401: "No valid token: 1102 InvalidToken or 1103 TokenExpired.",
    403: "The role lacks the right (1104).",
    404: "Not there, or somebody else's: the two look the same.",
    409: "The state of the object forbids it (1406), or it exists already (1405).",
    413: "The body is too large.",
    422: "The input is wrong; `errors` says what.",
    429: "Too many requests (1105). `Retry-After` says when to come back.",
}
_ERRORS: Final = {
    400: (1000, "BadRequest", 'Cannot parse parameter page as Integer: For input string: "x"'),
    401: (1102, "InvalidToken", "The token is not valid. Authenticate again."),
    403: (1104, "Forbidden", "You do not have the necessary permissions to access this entry point."),
    404: (1401, "InvalidReference", "Endpoint with Id '77' not found."),
    409: (1406, "NotAllowed", "Endpoint Pump 12: It has a SIM. Release it first."),
    413: (1000, "BadRequest", "The body is larger than 10 MB."),
    422: (1400, "InputValidationFailed", "Input validation failed"),
    429: (1105, "TooManyRequests", "Too many requests. Try again in 12 seconds."),
}
_IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A call that is repeated with its key within 24 hours is not done again but gets its first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_DEEPEST: Final = 6


def completed(document: Json) -> Json:
    """Add examples, headers and words to the document that the framework made.

    Args:
        document: OpenAPI 3.1 as ninja makes it; changed in place.
    """
    schemas: Mapping[str, Json] = document["components"]["schemas"]
    for _path, method, operation in operations(document):
        body = operation.get("requestBody")
        if body is not None:
            for media in body["content"].values():
                media["example"] = example_of(media["schema"], schemas)
        for parameter in operation["parameters"]:
            parameter.setdefault("description", parameter["schema"].get("description", "Id of the object."))
        if method == "post" and operation.get("security", True):
            operation["parameters"].append(_IDEMPOTENCY_KEY)
        if not any(int(status) >= 400 for status in operation["responses"]):
            operation["responses"] |= {status: _refusal() for status in _TEXTS}
        paged = any(parameter["name"] == "per_page" for parameter in operation["parameters"])
        for status, response in operation["responses"].items():
            _complete(int(status), response, schemas, paged=paged)
    document["tags"] = [{"name": name} for name in sorted(_tags(document))]
    return document


def _refusal() -> Json:
    """Return a refusal, for calls that declare none of theirs."""
    schema = {"$ref": "#/components/schemas/ErrorAnswer"}
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Return path, method and operation of every call in a document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _tags(document: Json) -> set[str]:
    return {tag for _path, _method, operation in operations(document) for tag in operation.get("tags", ())}


def _complete(status: int, response: Json, schemas: Mapping[str, Json], *, paged: bool) -> None:
    if status >= 400:
        response["description"] = _TEXTS.get(status, response["description"])
    for media in response.get("content", {}).values():
        if status in _ERRORS and "ErrorAnswer" in str(media["schema"].get("$ref", "")):
            code, token, message = _ERRORS[status]
            media["example"] = {"error_code": code, "error_token": token, "message": message}
        else:
            media["example"] = example_of(media["schema"], schemas)
    headers = {"X-Request-ID": "Id of the request; the events it made carry it."}
    if status == 200 and paged:
        headers |= _PAGING
    if status == 201:
        headers["Location"] = "Address of the new object, where it has one."
    if status == 429:
        headers["Retry-After"] = "Seconds."
    response["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}


def example_of(schema: Json, schemas: Mapping[str, Json], depth: int = 0) -> Any:
    """Return an example of a schema: its own, its default, or one put together from its parts."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return example_of(_first(schema[key]), schemas, depth)
    if schema.get("default") is not None:
        return schema["default"]
    kind = schema.get("type")
    if kind == "array":
        return [] if depth > _DEEPEST else [example_of(schema.get("items", {}), schemas, depth + 1)]
    if kind == "object":
        required = schema.get("required", ())
        properties: Mapping[str, Json] = schema.get("properties", {})
        shown = [name for name, each in properties.items() if name in required or "examples" in each or "$ref" in each]
        return {
            name: example_of(properties[name], schemas, depth + 1)
            for name in (shown or list(properties)[:1])
            if depth <= _DEEPEST
        }
    return {"string": "text", "integer": 1, "number": 1.0, "boolean": False}.get(str(kind))


def _first(choices: list[Json]) -> Json:
    """Return the first choice that is something."""
    return next((each for each in choices if each.get("type") != "null"), choices[0])
