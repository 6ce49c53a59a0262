"""Types of request bodies and paths, as tolerant as the original and no more."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict

from kit.api.errors import bad_request

_LARGEST: Final = 2**63 - 1
_LONG: Final = re.compile(r"([+-]?[0-9]{1,19})(?:\.0{1,19})?", re.ASCII)


def long_of(value: object) -> int | None:
    """Return a 64-bit integer, or `None` for what is none. Clients send ids as `1`, `1.0` and `"1"`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    elif isinstance(value, str):
        match = _LONG.fullmatch(value)
        value = int(match[1]) if match else None
    return value if isinstance(value, int) and -_LARGEST <= value <= _LARGEST else None


def _body_id(value: object) -> int:
    found = long_of(value)
    if found is None:
        raise ValueError("expecting Long")
    return found


def _path_id(value: object) -> int:
    found = long_of(value)
    if found is None:
        raise bad_request(f'Cannot parse parameter id as Long: For input string: "{value}"')
    return found


def _text(value: object) -> object:
    # Neither database can store it, and PostgreSQL fails on it in a condition.
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("expecting String")
    return value


BodyId = Annotated[int, BeforeValidator(_body_id)]
PathId = Annotated[int, BeforeValidator(_path_id)]
WireText = Annotated[str, Strict(), BeforeValidator(_text)]
Flag = Annotated[bool, Strict()]


class Body(BaseModel):
    """Base of request bodies. Keys that we don't know are ignored, as by the original: clients send whole objects.

    Attributes:
        wire_name: what the object is called in error messages.
        invalid_status: HTTP status for a body that does not fit: 422, or 400 where the contract says so.
        invalid_text: message of that error.
        invalid_extra: further keys of its object.
    """

    model_config = ConfigDict(extra="ignore")

    wire_name: ClassVar[str] = "Request"
    invalid_status: ClassVar[int] = 422
    invalid_text: ClassVar[str] = "Input validation failed"
    invalid_extra: ClassVar[dict[str, Any]] = {}


class Reference(Body):
    """`{"id": 1}`; whatever else a client sends back with it is ignored."""

    id: BodyId


def integer_parameter(name: str) -> BeforeValidator:
    """Return the check of an integer in the query string, which names the parameter when it is none."""

    def check(value: Any) -> Any:
        if value is None or isinstance(value, int):
            return value
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", str(value), re.ASCII):
            raise bad_request(f'Cannot parse parameter {name} as Integer: For input string: "{value}"')
        return int(value)

    return BeforeValidator(check)
