"""Names and addresses of a person who is erased: found in texts and JSON, and replaced there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from kit.context import Person


class ErasedNames:
    """What a person was called.

    Args:
        names: names and e-mail addresses, in any order. A name of one word is left alone inside longer texts, where it
            may be any word; as a whole value it is found too.
        replacement: what stands in their place.
    """

    def __init__(self, names: Iterable[str], replacement: Person) -> None:
        known = sorted({name.strip() for name in names if name.strip()}, key=lambda name: (-len(name), name))
        self.addresses = [name for name in known if "@" in name]
        self.names = [name for name in known if "@" not in name]
        self.replacement = replacement
        self._whole = {name.casefold(): replacement.name for name in self.names} | {
            name.casefold(): replacement.username for name in self.addresses
        }
        self.telling = [*self.addresses, *(name for name in self.names if " " in name)]
        """The names that say who is meant wherever they stand: e-mail addresses, and names of several words."""
        parts = "|".join(re.escape(name) for name in self.telling)
        self._inside = re.compile(rf"(?<![\w.+-])(?:{parts})(?!\w)", re.IGNORECASE) if parts else None

    def replaced(self, value: Any) -> Any:
        """Return a text, or JSON, without the person.

        Keys of JSON are words of the portal: one is replaced only where it says who is meant, as an address does.
        """
        if isinstance(value, dict):
            return {self._inside_replaced(key): self.replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.replaced(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = self._whole.get(value.strip().casefold())
        if whole is not None:
            return whole
        return self._inside_replaced(value)

    def _inside_replaced(self, text: str) -> str:
        return self._inside.sub(lambda _found: self.replacement.username, text) if self._inside else text

    # untold: part of an erasure, which is 10027
    def erase_in(self, rows: models.QuerySet[Any, Any], fields: Sequence[str]) -> list[Any]:
        """Replace the person in columns of text or JSON, row by row: there are few. Returns the keys of what changed.

        Args:
            rows: where to look.
            fields: names of the columns. A text that becomes too long is cut.
        """
        wanted = [field for field in rows.model._meta.fields if field.name in fields]
        changed = []
        for row in self.found_in(rows, fields).select_for_update(of=("self",)):
            for field in wanted:
                new = self.replaced(getattr(row, field.name))
                setattr(row, field.name, new[: field.max_length] if isinstance(new, str) and field.max_length else new)
            row.save(update_fields=[field.name for field in wanted])
            changed.append(row.pk)
        return changed

    def found_in(self, rows: models.QuerySet[Any, Any], fields: Sequence[str]) -> models.QuerySet[Any, Any]:
        """Return the rows that hold a name which tells who is meant, in columns of text or JSON, in id order."""
        if not self.telling:
            return rows.none()
        as_text = {f"text_of_{name}": Cast(name, models.TextField()) for name in fields}
        found: models.QuerySet[Any, Any] = rows.alias(**as_text)
        return found.filter(reduce(or_, (self._in(name) for name in as_text))).order_by("pk")

    def _in(self, column: str) -> Q:
        """Return the condition that a column may hold a name; JSON may have it escaped."""
        spellings = {spelling for name in self.telling for spelling in (name, json.dumps(name)[1:-1])}
        return reduce(or_, (Q(**{f"{column}__icontains": spelling}) for spelling in sorted(spellings)))
