"""The users of a workspace as a CSV file, for reviews of who may do what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.people.filters import PeopleFilters
from accounts.people.selectors import ACCESS_STATES, SECURITY, people_of, people_rows
from accounts.people.services.exports import record_export
from accounts.people.tables import PeopleTable
from accounts.permissions import Permission, Role, authorise
from accounts.requests import WorkspacePageRequest
from kit.exports import Export, export_file

_ACCESS: Final = dict(ACCESS_STATES)
_SECURITY: Final = dict(SECURITY)
_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": lambda row: row["shown_name"],
    "email": lambda row: row["shown_email"],
    "created": lambda row: row["shown_created"],
    "role": lambda row: Role(row["held_role"]).label,
    "access": lambda row: _ACCESS.get(row["access"], row["access"]),
    "security": lambda row: _SECURITY.get(row["security"], row["security"]),
    "last_seen": lambda row: row["last_seen"],
}
PEOPLE: Final = Export(
    "users",
    PeopleTable,
    _VALUES,
    people_rows,
    frozenset({"created", "last_seen"}),
    # Names are chosen by those who bear them: the address says who it is.
    always=frozenset({"email"}),
)


@require_POST
def user_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The users as they are filtered (`filter`: its query string), as a CSV file. Writes event 10130."""
    authorise(workspace_id, Permission.USER_MANAGE)
    found = PeopleFilters(QueryDict(request.POST.get("filter", "")), people_of(request.workspace), request=request)
    record = partial(record_export, workspace_id=workspace_id)
    return export_file(request, PEOPLE, found, workspace_id=workspace_id, record=record)
