"""Reading and locking the rows an action is about, and telling what a form or request changes in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts.signals import Changes
from kit.errors import Invalid
from kit.text import one_line


def assign(row: models.Model, values: Mapping[str, Any], allowed: Collection[str]) -> list[str]:
    """Set fields of a row, without saving, and return the names of those that change.

    Args:
        row: a row as it stands in the database.
        values: field name (`…_id` for a reference) to new value.
        allowed: fields that may be set this way.

    Raises:
        Invalid: a value does not fit; `field` names it.
        ValueError: a name is not allowed, a defect of the caller.
    """
    unknown = set(values) - set(allowed)
    if unknown:
        raise ValueError(f"{type(row).__name__}: {', '.join(sorted(unknown))} can't be set here.")
    changed = []
    for name, value in lines_of(type(row), values).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed.append(name)
    check(row, changed)
    return changed


def lines_of(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with each text of one line in the form in which it is stored (`docs/rules.md` section 20).

    Args:
        model: whose columns these are; texts of several lines, addresses of mail and everything else stay as they are.
        values: field name to value.

    Raises:
        Invalid: a text holds what can't be seen, or is too long; `field` names it. An empty one is for others to judge.
    """
    clean = dict(values)
    for name, value in values.items():
        column = model._meta.get_field(name.removesuffix("_id"))
        line = isinstance(column, models.CharField) and not isinstance(column, models.EmailField)
        if line and isinstance(value, str):
            clean[name] = one_line(
                value, most=getattr(column, "max_length", None) or len(value), field=name, required=False
            )
    return clean


def check(row: models.Model, names: Collection[str]) -> None:
    """Check some fields and all constraints of a row.

    Raises:
        Invalid: the first thing that is wrong.
    """
    for name, value in lines_of(type(row), {name: getattr(row, name) for name in names}).items():
        setattr(row, name, value)
    fields = {row._meta.get_field(name.removesuffix("_id")).name for name in names}
    try:
        row.full_clean(exclude={field.name for field in row._meta.fields if field.name not in fields})
    except ValidationError as error:
        raise invalid(error) from error


def invalid(error: ValidationError) -> Invalid:
    """Turn Django's error into ours: the first message, and the field it belongs to."""
    if hasattr(error, "error_dict"):
        name, messages = next(iter(error.message_dict.items()))
        return Invalid(messages[0], field=None if name == "__all__" else name)
    return Invalid(error.messages[0])


def differences(before: Mapping[str, Any], row: models.Model, names: Collection[str]) -> Changes:
    """Return what changed, JSON-safe, in the order of `names`."""
    return {name: {"from": plain(before[name]), "to": plain(getattr(row, name))} for name in names}


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, models.IntegerChoices | models.TextChoices):
        return value.value
    return value
