"""Workspaces, on the wire organisations, over the API (`docs/api.md` section 7)."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.models import Workspace
from accounts.models.packages import CURRENCY_IDS
from accounts.tokens.bearer import ApiRequest, OrganisationId, own_organisation
from accounts.wire import STATES
from kit.api.document import Absent, Answer, Lookup, answers
from kit.api.responses import json_response, wire_time
from kit.mobile_networks import country_of

router = Router(tags=["Organisation"])


class OrganisationAnswer(Answer):
    """An organisation, flat; as recorded, three ids are numbers and the others strings."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["Example North"])
    organisation_type_id: str = Field(examples=["4"])
    organisation_status_id: str = Field(examples=["0"])
    organisation_class_id: int = Field(examples=[0])
    currency_id: int = Field(examples=[1])
    country_id: str | Absent = Field(None, examples=["405"])
    created: str = Field(examples=["2026-11-20T08:15:00.000+0000"])


@router.get("/my", summary="Get the workspace of the token", response=answers(OrganisationAnswer))
def my_organisation(request: ApiRequest) -> HttpResponse:
    """The flat form in which customers get it; what we have no value for is left out."""
    return json_response(organisation_wire(request.auth.workspace))


@router.get("/status", summary="List the states of organisations", response=answers(list[Lookup]))
def list_organisation_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(STATES)


@router.get("/{organisation_id}", summary="Get an organisation", response=answers(OrganisationAnswer, 404))
def get_organisation(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """The token's own organisation; every other one does not exist."""
    return json_response(organisation_wire(own_organisation(request, organisation_id)))


def organisation_wire(workspace: Workspace) -> dict[str, str | int]:
    """Return a workspace as `GET /organisation/my` shows it. Class 0 is "Commercial"."""
    made: dict[str, str | int] = {
        "id": workspace.pk,
        "name": workspace.name,
        "organisation_type_id": str(workspace.type),
        "organisation_status_id": str(workspace.status),
        "currency_id": CURRENCY_IDS.get(workspace.currency, 1),
        "organisation_class_id": 0,
        "created": wire_time(workspace.created),
    }
    country = country_of(workspace.country)
    if country is not None:
        made["country_id"] = str(country.id)
    return made
