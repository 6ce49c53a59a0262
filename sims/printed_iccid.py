"""ICCIDs as they are printed on cards: the 19 digits that are stored, and the Luhn digit that is computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, F, Func, Q
from django.db.models.lookups import EndsWith

from kit.filter_values import Wildcard


class PrintedIccid(Func):
    """The 20 digits of an ICCID column, computed by the database."""

    output_field = CharField()
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> Any:  # type: ignore[override]  # a fixed template
        """Return the column followed by its check digit; every second digit counts twice, from the last on."""
        column, parameters = compiler.compile(self.source_expressions[0])
        terms = []
        for place in range(1, 20):
            digit = f"CAST(substr({column}, {place}, 1) AS integer)"
            terms.append(f"CAST(substr('0246813579', {digit} + 1, 1) AS integer)" if place % 2 else digit)
        check = f"(10 - ({' + '.join(terms)}) % 10) % 10".replace("%", "%%")
        sql = f"CASE WHEN length({column}) = 19 THEN {column} || CAST({check} AS varchar(1)) ELSE {column} END"
        return sql, parameters  # a column has none


def printed_iccid(path: str, *, partial: Iterable[str] = (), patterns: Iterable[str] = ()) -> Q:
    """Return the condition that an ICCID holds some digits, or fits a pattern, stored or as printed.

    Only rows that fit but for the last digit have it computed.

    Args:
        path: to the column of 19 digits.
        partial: digits that occur anywhere.
        patterns: whole ICCIDs with `*` for any digits.
    """
    printed = PrintedIccid(F(path))
    found = Q()
    for value in partial:
        found |= Q(**{f"{path}__contains": value})
        found |= Q(**{f"{path}__endswith": value[:-1]}) & Q(EndsWith(printed, value))
    for pattern in patterns:
        found |= Q(**{f"{path}__wildcard": pattern})
        # With a star at the end the last digit is any, or the one before the star.
        base = pattern.rstrip("*")
        if base:
            found |= Q(**{f"{path}__wildcard": base[:-1] or "*"}) & Q(Wildcard(printed, base))
    return found
