"""Which rows a bulk action means: the ticked ones of a page, or everything that a filter finds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from kit.errors import Invalid
from kit.filters import ListFilters, whole_number

MAX_IDS = 10_000


@dataclass(frozen=True)
class Selection:
    """What a person selected, as it was posted.

    Attributes:
        ids: ticked rows; empty when the selection is a filter.
        query: query string of the filter; None when the selection is ticked rows.
        seen: how many rows the page said would match; None for ticked rows.
        moment: when the page said so, aware.
    """

    ids: tuple[int, ...] = ()
    query: str | None = None
    seen: int | None = None
    moment: dt.datetime | None = None

    @classmethod
    def from_post(cls, data: QueryDict) -> Selection:
        """Read `scope`, `ids`, `filter`, `seen` and `moment`. Raises Invalid when they make no selection."""
        try:
            if data.get("scope") == "filter":
                moment = parse_datetime(data.get("moment", ""))
                if moment is None or moment.tzinfo is None:
                    raise ValueError("moment")
                return cls(query=data.get("filter", ""), seen=whole_number(data.get("seen", "")), moment=moment)
            ids = tuple(sorted({whole_number(text) for text in data.getlist("ids")}))
        except ValueError as error:
            raise Invalid(_("The selection could not be read. Select the rows again."), code="selection") from error
        if not 0 < len(ids) <= MAX_IDS:
            raise Invalid(_("Select at least one row."), code="selection")
        return cls(ids=ids)

    def narrow(self, queryset: QuerySet[Any], *, filters: type[ListFilters], request: HttpRequest) -> QuerySet[Any]:
        """The selected rows of a queryset that is already restricted to what the person may see.

        A filter is evaluated again, now. Raises Invalid when it cannot be read as the page read it: acting on
        more than was shown is the one mistake that must not happen.
        """
        if self.query is None:
            return queryset.filter(pk__in=self.ids)
        asked = filters(QueryDict(self.query), queryset, request=request)
        if not asked.is_valid() or asked.unknown:
            raise Invalid(_("The filter could not be read. Open the list again."), code="selection")
        return asked.qs

    def ids_in(self, queryset: QuerySet[Any], *, filters: type[ListFilters], request: HttpRequest) -> list[int]:
        """The ids of the selected rows, in order."""
        found = self.narrow(queryset, filters=filters, request=request)
        return list(found.order_by("pk").values_list("pk", flat=True))

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """Return the names and values with which a dialog posts the same selection again."""
        if self.query is None:
            return [("scope", "ids"), *(("ids", str(row_id)) for row_id in self.ids)]
        moment = self.moment.isoformat() if self.moment else ""
        return [("scope", "filter"), ("filter", self.query), ("seen", str(self.seen)), ("moment", moment)]
