"""The inventory as CSV files: what the filters of a list find, with the columns that the reader sees."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.filters import ListFilters
from kit.htmx import private, problem
from kit.paging import capped_count
from kit.tables import ListTable, chosen_view
from sims.device_filters import DeviceFilters
from sims.device_selectors import device_rows
from sims.device_tables import DeviceTable
from sims.filters import SimFilters
from sims.models import Device, Sim
from sims.selectors import sim_rows
from sims.states import DeviceStatus, SimStatus
from sims.tables import SimTable
from sims.views.results import Echo, safe_cells

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""

_SIM_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "iccid": lambda row: row["full_iccid"],
    "imsi": lambda row: row["imsi"],
    "msisdn": lambda row: row["msisdn"],
    "eid": lambda row: row["eid"],
    "status": lambda row: row["state"].label,
    "device": lambda row: row["device__name"],
    "tags": lambda row: row["device__tags"],
    "batch": lambda row: row["batch__bic"],
    "model": lambda row: row["batch__model__description"],
    "registered": lambda row: row["batch__registered_at"],
    "activated": lambda row: row["activation_date"],
    "updated": lambda row: row["last_updated"],
}
_DEVICE_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": lambda row: row["name"],
    "status": lambda row: DeviceStatus(row["status"]).label,
    "sim": lambda row: row["full_iccid"],
    "sim_status": lambda row: SimStatus(row["sim__status"]).label if row["sim__id"] else "",
    "imei": lambda row: row["imei"],
    "ip_address": lambda row: row["ip_address"],
    "tags": lambda row: ",".join(row["tags"]),
    "service_policy": lambda row: row["service_policy__name"],
    "coverage_policy": lambda row: row["coverage_policy__name"],
    "created": lambda row: row["created"],
    "last_updated": lambda row: row["last_updated"],
}


@dataclass(frozen=True)
class Export:
    """What a file is made of.

    Args:
        table: of the list; names and labels of its columns.
        values: the value of a row by the name of the column.
        fetch: reads a slice of what was found, as the list does.
    """

    table: type[ListTable]
    values: Mapping[str, Callable[[Any], Any]]
    fetch: Callable[[QuerySet[Any]], Sequence[Any]]


SIMS: Final = Export(SimTable, _SIM_VALUES, sim_rows)
DEVICES: Final = Export(DeviceTable, _DEVICE_VALUES, device_rows)


@require_safe
def sim_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The SIM inventory as it is filtered by the query string."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    found = SimFilters(request.GET, Sim.objects.of(workspace_id), request=request)
    return _file(request, f"sims-{workspace_id}", SIMS, found)


@require_safe
def device_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The devices as they are filtered by the query string."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    found = DeviceFilters(request.GET, Device.objects.of(workspace_id), request=request)
    return _file(request, f"devices-{workspace_id}", DEVICES, found)


def _file(request: WorkspacePageRequest, name: str, export: Export, filters: ListFilters) -> HttpResponseBase:
    if not filters.is_valid():
        return problem(request, " ".join(filters.mistakes.values()), 422)
    if capped_count(filters.qs, MOST_ROWS).more:
        message = _("More than %(most)s rows match. Narrow the filter, for example by state, and export in parts.")
        return problem(request, message % {"most": f"{MOST_ROWS:,}"}, 422)
    seen = chosen_view(export.table, request.user.preferences or {}).columns
    columns = [column for column in seen if column in export.values]
    response = StreamingHttpResponse(csv_lines(export, filters.qs, columns), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"'
    private(response)  # type: ignore[arg-type]  # it sets headers only
    return response


def csv_lines(export: Export, found: QuerySet[Any], columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the file, the newest object first; the id always leads."""
    writer = csv.writer(Echo())
    labels = [str(export.table.base_columns[column].verbose_name) for column in columns]
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    yield "\ufeff" + writer.writerow([_("ID"), *labels])
    newest_first = found.order_by("-pk")
    rows = export.fetch(newest_first[:CHUNK])
    while rows:
        for row in rows:
            yield writer.writerow(safe_cells([str(row["id"]), *(_cell(export.values[each](row)) for each in columns)]))
        last = rows[-1]["id"]
        rows = export.fetch(newest_first.filter(pk__lt=last)[:CHUNK]) if len(rows) == CHUNK else []


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
