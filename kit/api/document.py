"""What answers look like, for the OpenAPI document: models that describe and do not serialise.

Answers are plain dicts written by orjson; a model of pydantic in between would cost more than all else. That the two
agree is tested: every answer of the fuzz run is held against its model.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

Absent = SkipJsonSchema[None]
"""`name: str | Absent = None`: the key is left out where it does not apply; it is never null."""


class Answer(BaseModel):
    """Base of answers: they have the keys that are documented and no other."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=False)


class ErrorItem(Answer):
    """One thing that is wrong."""

    error_code: int = Field(examples=[1402])
    error_token: str = Field(examples=["Required"])
    message: str = Field(examples=["Endpoint - name is required"])


class ErrorAnswer(Answer):
    """The error object of every refusal."""

    error_code: int = Field(examples=[1400], description="A published code; see the section on errors.")
    error_token: str = Field(examples=["InputValidationFailed"])
    message: str = Field(examples=["Input validation failed"])
    errors: list[ErrorItem] | Absent = Field(None, description="What exactly, for several faults in one request.")
    status_code: int | Absent = Field(None, description="The HTTP status again, on some calls.", examples=[422])


class Ref(Answer):
    """A reference to an object."""

    id: int = Field(examples=[77])


class NamedRef(Answer):
    """A reference with the name of the object."""

    id: int = Field(examples=[77])
    name: str = Field(examples=["Example North"])


class Lookup(Answer):
    """A row of a lookup table."""

    id: int = Field(examples=[1])
    description: str = Field(examples=["Activated"])


_REFUSALS: Final = (400, 401, 413, 429)
"""Statuses that every call may answer: unreadable, not let in, too large, too often."""


def answers(model: Any, *refusals: int, status: int = 200) -> Any:
    """Return the `response=` of a call.

    Args:
        model: of the answer when all goes well; `None` for an empty one.
        refusals: further statuses with an error object.
        status: of the answer when all goes well.
    """
    return {status: model, **dict.fromkeys(sorted({*_REFUSALS, *refusals}), ErrorAnswer)}


def done(*refusals: int) -> Any:
    """Return the `response=` of a call that answers 204 without a body. Args: as `answers`."""
    return answers(None, *refusals, status=204)
