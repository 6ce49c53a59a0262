"""Lists of filter values: how they are typed, pasted, uploaded, kept and matched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Lookup, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from kit.delimited import FileRefused, read_list, text_of
from kit.models import SavedFilter

# Limits of the published product (`docs/rules.md` section 13).
MAX_ROWS = 10_000
MAX_CHARS = 100
MAX_BYTES = 400 * 1024

PARTIAL_LIMIT = 50
"""Up to so many values match in part; longer lists match whole values, as an index can."""
URL_LIMIT = 600
"""Characters of one filter in a URL; longer lists are kept and the URL carries their token."""
MAX_STARS = 6
TOKEN_PREFIX = "list:"  # noqa: S105  (the mark before a token, no secret)

KEEPERS: list[Callable[[], set[str]]] = []
"""Ask for the tokens of lists that something still needs, however old they are; whoever keeps addresses adds itself."""

# A value in double quotes may hold separators and doubled quotes; otherwise a value ends at a separator.
_VALUE = re.compile(r'[ ]*"((?:[^"\r\n]|"")*)"[ ]*(?=[,;\t\r\n]|$)|([^,;\t\r\n]+)')


def parse_values(text: str) -> list[str]:
    """Split typed or pasted text into values: one a line, or between commas, semicolons or tabs.

    Spaces around a value are dropped, and so are empty and repeated values; the order stays.
    """
    found: dict[str, None] = {}
    for match in _VALUE.finditer(text.removeprefix("\ufeff")):
        quoted, plain = match.groups()
        value = (quoted.replace('""', '"') if quoted is not None else plain).strip()
        if value:
            found.setdefault(value)
    return list(found)


def format_values(values: Iterable[str]) -> str:
    """Write values so that `parse_values` gives them back: with commas, quoted where needed."""

    def quoted(value: str) -> str:
        if value.startswith('"') or any(mark in value for mark in ",;\t"):
            return '"' + value.replace('"', '""') + '"'
        return value

    return ",".join(quoted(value) for value in values)


def check_values(values: list[str]) -> list[str]:
    """Refuse what is too much: more than 10,000 rows, a row of more than 100 characters, a NUL."""
    if len(values) > MAX_ROWS:
        raise ValidationError(
            _("The list has %(count)s rows; at most %(max)s are possible.")
            % {"count": f"{len(values):,}", "max": f"{MAX_ROWS:,}"}
        )
    for row, value in enumerate(values, start=1):
        if len(value) > MAX_CHARS:
            raise ValidationError(
                _("Row %(row)s has %(count)s characters; at most %(max)s are possible: “%(value)s…”.")
                % {"row": row, "count": len(value), "max": MAX_CHARS, "value": value[:30]}
            )
        if "\x00" in value:
            raise ValidationError(_("Row %(row)s holds a NUL character.") % {"row": row})
    return values


def read_upload(upload: UploadedFile[Any], *, header: Iterable[str] = ()) -> list[str]:
    """Read the values of a CSV or TXT file of at most 400 KB.

    Of a table the column counts whose heading is in `header`, else its first; a single row counts whole.
    """
    if (upload.size or 0) > MAX_BYTES:
        raise ValidationError(_("The file “%(name)s” is larger than 400 KB.") % {"name": upload.name})
    try:
        return check_values(read_list(text_of(upload.read()), headings=tuple(header)))
    except FileRefused as error:
        raise ValidationError(
            _("“%(name)s” cannot be read. %(reason)s") % {"name": upload.name, "reason": error.message}
        ) from error


def keep_list(workspace_id: int, field: str, values: list[str]) -> str:
    """Keep a long list and return its token. The same list of the same workspace is kept once.

    Args:
        workspace_id: 0 for pages of the staff, which belong to no workspace.
    """
    digest = salted_hmac("kit.filter_values", json.dumps([workspace_id, field, values])).hexdigest()[:24]
    SavedFilter.objects.get_or_create(
        token=digest, defaults={"workspace_id": workspace_id, "field": field, "values": values}
    )
    return digest


def kept_list(workspace_id: int, field: str, token: str) -> list[str]:
    """Read a kept list. Raises ValidationError when this workspace has none of that token for that field."""
    kept = SavedFilter.objects.filter(token=token, workspace_id=workspace_id, field=field).first()
    if kept is None:
        raise ValidationError(_("The list “%(token)s” does not exist in this workspace.") % {"token": token})
    return [str(value) for value in kept.values]


@Field.register_lookup
class Wildcard(Lookup):
    """`field__wildcard="89*7"`: a whole match regardless of case in which `*` stands for any characters."""

    lookup_name = "wildcard"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        pattern = like_pattern(str(self.rhs))
        if connection.vendor == "postgresql":
            return f"{left}::text ILIKE %s", (*parameters, pattern)
        return f"{left} LIKE %s ESCAPE '\\'", (*parameters, pattern)


def like_pattern(text: str) -> str:
    """Turn `*` into LIKE's `%` and take LIKE's own signs literally."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return re.sub(r"\*+", "%", text)


@dataclass(frozen=True)
class Values:
    """What a text filter asks for: any of these.

    Attributes:
        exact: values that match whole.
        partial: values that match anywhere.
        patterns: values with `*`, which match whole.
        typed: all of them as they were typed.
        bad: those that can't be read, each with the reason.
        stored_as: what the others are looked for as, by what was typed; without those with `*`.
    """

    exact: tuple[Any, ...] = ()
    partial: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    bad: tuple[tuple[str, str], ...] = ()
    stored_as: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.exact or self.partial or self.patterns)

    def q(self, field: str, *, ignore_case: bool = False) -> Q:
        """The condition on a field path.

        Args:
            ignore_case: whether whole values match regardless of case too; that cannot use a plain index.
        """
        condition = Q()
        if self.exact and ignore_case and len(self.exact) <= PARTIAL_LIMIT:
            for value in self.exact:
                condition |= Q(**{f"{field}__iexact": value})
        elif self.exact:
            condition |= Q(**{f"{field}__in": list(self.exact)})
        for value in self.partial:
            condition |= Q(**{f"{field}__icontains": value})
        for value in self.patterns:
            condition |= Q(**{f"{field}__wildcard": value})
        return condition
