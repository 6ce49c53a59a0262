"""Pydantic's findings as the wire's errors: 1402 for what is missing, 1403 for what has another type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ninja.errors import ValidationErrorContext
from pydantic_core import ErrorDetails

from kit.api.errors import BodyFault, Code, WireError, bad_request
from kit.api.types import Body

_EXPECTED: Final = {
    "string_type": "String",
    "bool_type": "Boolean",
    "none_required": "null",
    "dict_type": "Object",
    "model_type": "Object",
    "model_attributes_type": "Object",
    "value_error": "",
}


def error_of_contexts(contexts: Sequence[ValidationErrorContext[Any]]) -> WireError:
    """Return the answer for a request that does not fit: 422/1400 with what is wrong nested in it.

    Bodies whose calls answer 400 by contract, and whatever is wrong outside a body, get 400/1000.
    """
    for context in contexts:
        if context.model.__ninja_param_source__ == "body":
            return _body_error(context)
    problems = [
        BodyFault(Code.BAD_REQUEST, f"Cannot parse parameter {_path(each['loc'])}")
        for context in contexts
        for each in context.pydantic_validation_error.errors(include_url=False, include_context=False)
    ]
    return bad_request(problems[0].message)


def _body_error(context: ValidationErrorContext[Any]) -> WireError:
    body = _body_class(context)
    problems = []
    for each in context.pydantic_validation_error.errors(include_url=False, include_context=False):
        if len(each["loc"]) < 2:
            return bad_request("The body has to be a JSON object.")
        problems.append(_problem(body, each))
    code = Code.BAD_REQUEST if body.invalid_status == 400 else Code.INPUT_VALIDATION
    return WireError(body.invalid_status, code, body.invalid_text, errors=problems, extra=body.invalid_extra)


def _body_class(context: ValidationErrorContext[Any]) -> type[Body]:
    for field in context.model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Body):
            return field.annotation
    return Body


def _problem(body: type[Body], found: ErrorDetails) -> BodyFault:
    # The first part of the place is the name of the parameter.
    field = _path(found["loc"][1:])
    if found["type"] == "missing":
        return BodyFault(Code.REQUIRED, f"{body.wire_name} - {field} is required")
    expected = _EXPECTED.get(found["type"]) or found["msg"].rpartition("expecting ")[2] or "another type"
    return BodyFault(Code.INVALID_FORMAT, f"{body.wire_name} - {field} has invalid format: expecting {expected}.")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
