"""Errors a person can act on: each names the field, the reason and the remedy in one sentence."""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Base of everything a service refuses.

    Args:
        message: one sentence for the person who asked, saying what is wrong and what to do.
        code: short stable name, e.g. "not_allowed"; the API maps it to its own numbers.
        field: name of the input that is wrong, `None` when it is the whole request.
    """

    status: ClassVar[int] = 400

    def __init__(self, message: str, *, code: str = "bad_request", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


class NoHome(RuntimeError):
    """Nothing could log what was asked for, so it is not done: a defect of the database, and nobody's mistake.

    It is no `DomainError` on purpose: it is answered with 500 and stands in the process's log with its cause.
    """


class NotFound(DomainError):
    """The object does not exist, or belongs to somebody else: the two look the same from outside."""

    status = 404

    def __init__(self, message: str, *, code: str = "not_found", field: str | None = None) -> None:
        super().__init__(message, code=code, field=field)


class Forbidden(DomainError):
    """The actor lacks a right in this workspace.

    Args:
        permission: name of the missing right, so that the page can say who can give it.
    """

    status = 403

    def __init__(self, message: str, *, permission: str = "", code: str = "forbidden") -> None:
        super().__init__(message, code=code)
        self.permission = permission


class Invalid(DomainError):
    """The input cannot be taken as it is."""

    status = 422

    def __init__(self, message: str, *, code: str = "invalid", field: str | None = None) -> None:
        super().__init__(message, code=code, field=field)


class Conflict(DomainError):
    """The input is well formed, but the object's state forbids it."""

    status = 409

    def __init__(self, message: str, *, code: str = "conflict", field: str | None = None) -> None:
        super().__init__(message, code=code, field=field)
