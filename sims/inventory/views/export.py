"""The SIM inventory as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.exports import Export, export_file
from sims.exports import record_export
from sims.inventory.filters import SimFilters
from sims.inventory.selectors import sim_rows
from sims.inventory.tables import SimTable
from sims.models import Sim

_SIM_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "iccid": lambda row: row["full_iccid"],
    "imsi": lambda row: row["imsi"],
    "msisdn": lambda row: row["msisdn"],
    "eid": lambda row: row["eid"],
    "status": lambda row: row["state"].label,
    "test": lambda row: row["test"],
    "device": lambda row: row["device__name"],
    "tags": lambda row: row["device__tags"],
    "batch": lambda row: row["batch__bic"],
    "model": lambda row: row["batch__model__description"],
    "registered": lambda row: row["batch__registered_at"],
    "activated": lambda row: row["activation_date"],
    "charged": lambda row: _("yes") if row["charged"] else _("no"),
    "note": lambda row: row["note"],
    "updated": lambda row: row["last_updated"],
}


MOMENTS: Final = frozenset({"registered", "activated", "updated"})


@require_POST
def sim_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The SIM inventory as it is filtered (`filter`: its query string), as a CSV file. Writes event 10086."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    found = SimFilters(QueryDict(request.POST.get("filter", "")), Sim.objects.of(workspace_id), request=request)
    fetch = partial(sim_rows, workspace=request.workspace)
    export = Export("sims", SimTable, _SIM_VALUES, fetch, MOMENTS)
    record = partial(record_export, workspace_id=workspace_id, what="sims")
    return export_file(request, export, found, workspace_id=workspace_id, record=record)
