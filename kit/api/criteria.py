"""The `q` and `sort` parameters of lists: `q=status:1,name:pump*`, `sort=-created,name` (`docs/api.md` section 0).

Criteria are combined by AND. A text matches anywhere and regardless of case; with `*` it matches whole. `null` asks for
what has no value. Whatever cannot be read is refused as a whole, so that a misspelt filter never shows everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from kit.api.errors import Code, WireError
from kit.api.types import long_of
from kit.clock import span_of
from kit.filter_values import MAX_STARS

Condition = Callable[[str], Q]
"""Turns one value into a condition; raises ValueError for a value that it cannot read."""

MAX_LENGTH: Final = 4_000
"""Characters of a whole `q` or `sort`: far more than anybody needs, less than any database refuses."""
MAX_CRITERIA: Final = 50
MAX_VALUES: Final = 6
"""Values of one field, separated by `|`."""
NULL: Final = "null"
NOTHING: Final = Q(pk__in=())
"""The condition that no row meets."""


@dataclass(frozen=True, slots=True)
class Field:
    """What `q` can ask of one field.

    Args:
        condition: makes the condition for one value.
        several: whether up to six values separated by `|` may be given.
    """

    condition: Condition
    several: bool = False


def parse_query(text: str, fields: Mapping[str, Field], *, pairs: Mapping[str, str] | None = None) -> Q:
    """Return the condition for a `q`.

    Args:
        text: as in the query string, percent-decoded; empty asks for everything.
        fields: what can be asked, by name.
        pairs: fields that mean something only together, one to the other.

    Raises:
        WireError: 422/1301, with the criterion that is wrong.
    """
    if not text.strip():
        return Q()
    if len(text) > MAX_LENGTH or "\x00" in text:
        raise _invalid_query(text[:40])
    found = Q()
    asked: set[str] = set()
    criteria = text.split(",")
    if len(criteria) > MAX_CRITERIA:
        raise _invalid_query(f"{len(criteria)} criteria")
    for criterion in criteria:
        name, colon, value = criterion.strip().partition(":")
        field = fields.get(name.strip())
        if field is None or not colon or not value.strip():
            raise _invalid_query(criterion)
        try:
            found &= _condition(field, value.strip())
        except (ValueError, OverflowError) as error:
            raise _invalid_query(criterion) from error
        asked.add(name.strip())
    for name, other in (pairs or {}).items():
        if name in asked and other not in asked:
            raise _invalid_query(f"{name} without {other}")
    return found


def _condition(field: Field, value: str) -> Q:
    values = [each.strip() for each in value.replace("%7C", "|").split("|")] if field.several else [value]
    if len(values) > MAX_VALUES or not all(values):
        raise ValueError(value)
    condition = Q()
    for each in values:
        condition |= field.condition(each)
    return condition


def _invalid_query(criterion: str) -> WireError:
    return WireError(422, Code.INVALID_QUERY, f"Search criteria {criterion.strip()} is invalid")


def number(path: str, *, nullable: bool = False) -> Condition:
    """Return the condition maker of an integer column; `null` only where a row may have none."""

    def condition(value: str) -> Q:
        if nullable and value == NULL:
            return Q(**{f"{path}__isnull": True})
        return Q(**{path: integer(value)})

    return condition


def integer(value: str) -> int:
    """Return a 64-bit integer. Raises ValueError for anything else."""
    found = long_of(value)
    if found is None:
        raise ValueError(value)
    return found


def text(path: str, *, nullable: bool = True) -> Condition:
    """Return the condition maker of a text column: in part, or whole where the value has a `*`."""

    def condition(value: str) -> Q:
        if value == NULL:
            return Q(**{f"{path}__isnull": True}) | Q(**{path: ""}) if nullable else Q(**{path: ""})
        if "*" not in value:
            return Q(**{f"{path}__icontains": value})
        if value.count("*") > MAX_STARS:
            raise ValueError(value)
        return Q(**{f"{path}__wildcard": value})

    return condition


def address(path: str) -> Condition:
    """Return the condition maker of an IP address column, matched as text."""

    def condition(value: str) -> Q:
        if value == NULL:
            return Q(**{f"{path}__isnull": True})
        if not re.fullmatch(r"[0-9a-fA-F.:*/]{1,45}", value) or value.count("*") > MAX_STARS:
            raise ValueError(value)
        if "*" not in value:
            return Q(**{f"{path}__icontains": value})
        pattern = ".*".join(re.escape(part) for part in re.split(r"\*+", value))
        return Q(**{f"{path}__iregex": f"^{pattern}$"})

    return condition


def boolean(path: str) -> Condition:
    """Return the condition maker of a flag: `true` or `false`."""

    def condition(value: str) -> Q:
        return Q(**{path: flag(value)})

    return condition


def flag(value: str) -> bool:
    """Return a flag. Raises ValueError unless the value is `true` or `false`."""
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return value.lower() == "true"


def constant(present: int | None) -> Condition:
    """Return the condition maker of something that all rows of the list have in common, e.g. the owner's id."""

    def condition(value: str) -> Q:
        return Q() if integer(value) == present else NOTHING

    return condition


def moment(path: str, *, nullable: bool = False) -> Condition:
    """Return the condition maker of a time column; see `span`."""

    def condition(value: str) -> Q:
        if nullable and value == NULL:
            return Q(**{f"{path}__isnull": True})
        start, end = span(value)
        return Q(**{f"{path}__gte": start, f"{path}__lt": end})

    return condition


def span(value: str) -> tuple[datetime, datetime]:
    """Return begin and end (exclusive) of a month, week, day, hour, minute or second, in UTC unless an offset is given.

    Raises ValueError or OverflowError for anything else.
    """
    return span_of(value)


@dataclass(frozen=True, slots=True)
class SortOrder:
    """An order of a list.

    Args:
        columns: for `order_by`, made unambiguous by the id at the end.
        header: for the `X-Sort` header.
    """

    columns: tuple[str, ...]
    header: str

    @property
    def by_id(self) -> bool:
        """Tell whether this is the order that a list has when nobody asks for one."""
        return self.columns == ("id",)


def parse_sort(text: str, fields: Mapping[str, str], *, status: int = 422) -> SortOrder:
    """Return the order for a `sort`.

    Args:
        text: as in the query string, percent-decoded: a `+` arrives as a space. Empty is by id.
        fields: name on the wire to column; an empty column is the same for all rows and orders nothing.
        status: HTTP status of a refusal; event lists answer 400.

    Raises:
        WireError: 1302, with what is wrong.
    """
    if not text.strip():
        return SortOrder(("id",), "id")
    columns: dict[str, str] = {}
    names: list[str] = []
    for criterion in text.split(","):
        wanted = criterion.strip()
        sign = "-" if wanted.startswith("-") else ""
        name = wanted[1:] if wanted[:1] in ("-", "+") else wanted
        if name not in fields or len(names) >= MAX_CRITERIA:
            raise WireError(status, Code.INVALID_SORT, f"Sort criteria {wanted[:100]} is invalid")
        names.append(sign + name)
        if fields[name]:
            columns.setdefault(fields[name], sign + fields[name])
    columns.setdefault("id", "id")
    return SortOrder(tuple(columns.values()), ",".join(names))
