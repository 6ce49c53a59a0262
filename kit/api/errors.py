"""The wire's error object, and which code each refusal gets (`docs/api.md` section 0, table "Errors")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.http import HttpResponse

from kit.api.responses import json_response
from kit.errors import Conflict, DomainError, Forbidden, Invalid, NotFound


class Code(Enum):
    """Published error codes with their tokens; the last three stand for answers of which no code is published."""

    BAD_REQUEST = 1000, "BadRequest"
    INVALID_CREDENTIALS = 1101, "InvalidCredentials"
    INVALID_TOKEN = 1102, "InvalidToken"
    TOKEN_EXPIRED = 1103, "TokenExpired"
    FORBIDDEN = 1104, "Forbidden"
    TOO_MANY_REQUESTS = 1105, "TooManyRequests"
    NOT_FOUND = 1201, "NotFound"
    INVALID_QUERY = 1301, "InvalidQueryCriteria"
    INVALID_SORT = 1302, "InvalidSortCriteria"
    INPUT_VALIDATION = 1400, "InputValidationFailed"
    INVALID_REFERENCE = 1401, "InvalidReference"
    REQUIRED = 1402, "Required"
    INVALID_FORMAT = 1403, "InvalidFormat"
    DUPLICATED = 1405, "Duplicated"
    NOT_ALLOWED = 1406, "NotAllowed"
    METHOD_NOT_ALLOWED = 405, "MethodNotAllowed"
    INTERNAL = 500, "InternalServerError"
    NOT_OFFERED = 501, "NotImplemented"


FORBIDDEN_TEXT: Final = (
    "You do not have the necessary permissions to access this entry point. Please contact your administrator."
)
"""The published words of 1104."""
_REMEDIED: Final = frozenset({"second_factor", "sign_in"})
"""Codes of what the caller can do something about: the text says what."""


@dataclass(frozen=True, slots=True)
class BodyFault:
    """One error object."""

    code: Code
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return the object as it stands on the wire."""
        number, token = self.code.value
        return {"error_code": number, "error_token": token, "message": self.message}


class WireError(DomainError):
    """A refusal that knows its answer.

    Args:
        status: HTTP status.
        code: code and token.
        message: what is wrong, in English.
        errors: what exactly, for several faults in one request.
        extra: further keys of the object, where a call of the original has them.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        code: Code,
        message: str,
        *,
        errors: Sequence[BodyFault] = (),
        extra: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code.value[1])
        self.answer_status = status
        self.problem = BodyFault(code, message)
        self.errors = errors
        self.extra = extra or {}
        self.headers = headers or {}


def bad_request(message: str) -> WireError:
    """Return the error for a request that cannot be read."""
    return WireError(400, Code.BAD_REQUEST, message)


def invalid_reference(kind: str, pk: int, *, status: int = 404) -> WireError:
    """Return the error for an object that does not exist, or belongs to somebody else: the two look the same."""
    return WireError(status, Code.INVALID_REFERENCE, f"{kind} with Id '{pk}' not found.")


def error_response(
    status: int, problem: BodyFault, *, errors: Sequence[BodyFault] = (), extra: dict[str, Any] | None = None
) -> HttpResponse:
    """Return an answer with an error object.

    Args:
        status: HTTP status.
        problem: the error.
        errors: nested errors; the key is left out when there are none.
        extra: further keys.
    """
    body = problem.as_json() | (extra or {})
    if errors:
        body["errors"] = [each.as_json() for each in errors]
    return json_response(body, status=status)


_TOKEN_CODES: Final = {"token_expired": Code.TOKEN_EXPIRED, "invalid_token": Code.INVALID_TOKEN}


def problem_of(error: DomainError) -> BodyFault:
    """Return the error object for what a service refused, by the error's class and code."""
    if isinstance(error, WireError):
        return error.problem
    if isinstance(error, Forbidden):
        return BodyFault(Code.FORBIDDEN, error.message if error.code in _REMEDIED else FORBIDDEN_TEXT)
    if error.status == 401:
        return BodyFault(_TOKEN_CODES.get(error.code, Code.INVALID_CREDENTIALS), error.message)
    if isinstance(error, NotFound):
        return BodyFault(Code.INVALID_REFERENCE, error.message)
    if error.code == "duplicate":
        return BodyFault(Code.DUPLICATED, error.message)
    if isinstance(error, Conflict):
        return BodyFault(Code.NOT_ALLOWED, error.message)
    if isinstance(error, Invalid):
        return BodyFault(_INVALID_CODES.get(error.code, Code.INPUT_VALIDATION), error.message)
    return BodyFault(Code.BAD_REQUEST, error.message)


_INVALID_CODES: Final = {
    "required": Code.REQUIRED,
    "invalid_reference": Code.INVALID_REFERENCE,
    "invalid_format": Code.INVALID_FORMAT,
    "invalid_imei": Code.INVALID_FORMAT,
    "too_long": Code.INVALID_FORMAT,
    "factory_test_not_allowed": Code.NOT_ALLOWED,
}


def domain_error_response(error: DomainError) -> HttpResponse:
    """Return the answer for what a service refused."""
    if isinstance(error, WireError):
        response = error_response(error.answer_status, error.problem, errors=error.errors, extra=error.extra)
        for name, value in error.headers.items():
            response.headers[name] = value
        return response
    return error_response(error.status, problem_of(error))
