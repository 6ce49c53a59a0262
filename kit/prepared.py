"""Queries whose SQL is built once: of a query that every request runs, building it is nine tenths of the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

_PLACE: Final = -(2**61) - 1
"""Stands where the value of a call goes; no id of ours has it."""

_Made = tuple[str, tuple[Any, ...], list[tuple[int, list[Callable[..., Any]], Any]]]


class PreparedQuery:
    """A query with one value left open, run again and again.

    Args:
        build: returns the query for a value, with `values_list`. It may depend on nothing else.
    """

    def __init__(self, build: Callable[[int], QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._build = build
        self._made: dict[str, _Made] = {}

    def rows(self, value: int, *, using: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
        """Run the query for a value and return its rows, with values as the models have them."""
        connection = connections[using]
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._make(using)
        sql, parameters, converters = made
        with connection.cursor() as cursor:
            cursor.execute(sql, [value if each == _PLACE else each for each in parameters])
            found: list[tuple[Any, ...]] = cursor.fetchall()
        if not converters:
            return found
        rows = []
        for row in map(list, found):
            for column, convert, expression in converters:
                for each in convert:
                    row[column] = each(row[column], expression, connection)
            rows.append(tuple(row))
        return rows

    def _make(self, using: str) -> _Made:
        compiler = self._build(_PLACE).using(using).query.get_compiler(using)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([selected[0] for selected in compiler.select])
        return sql, tuple(parameters), [(column, convert, of) for column, (convert, of) in converters.items()]


class Columns(Generic[M]):
    """The columns of a model among those of a prepared query, and back from them to an instance.

    Args:
        model: whose.
        path: the lookup that leads to the model, "" for the query's own.
    """

    def __init__(self, model: type[M], path: str = "") -> None:
        self.model = model
        self._attributes = [field.attname for field in model._meta.concrete_fields]
        self.lookups = [f"{path}__{name}" if path else name for name in self._attributes]

    def instance(self, values: Sequence[Any], *, using: str = DEFAULT_DB_ALIAS) -> M:
        """Return the instance that a row's values, in the order of `lookups`, are of."""
        return self.model.from_db(using, self._attributes, values)
