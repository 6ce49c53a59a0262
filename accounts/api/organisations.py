"""Workspaces, on the wire organisations, over the API (`api_contract.md` section 7)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from django.http import HttpResponse
from ninja import Router
from pydantic import BeforeValidator, Field

from accounts.api.bearer import ApiRequest
from accounts.models import Currency, Workspace
from accounts.permissions import Permission, authorise
from kit.api.document import Absent, Answer, Lookup, answers
from kit.api.errors import Code, WireError, bad_request
from kit.api.responses import json_response, wire_time
from kit.api.types import long_of
from kit.mobile_networks import country_of

router = Router(tags=["Organisation"])

STATES: Final = [{"id": 0, "description": "Enabled"}, {"id": 1, "description": "Suspended"}]
_CURRENCY_IDS: Final = {Currency.EUR.value: 1, Currency.USD.value: 2}
_SYMBOLS: Final = {Currency.EUR.value: "€", Currency.USD.value: "$"}


def _organisation_id(value: object) -> int:
    """Take an id, or `my` as 0."""
    if value == "my":
        return 0
    found = long_of(value)
    if found is None:
        raise bad_request(f'Cannot parse parameter id as Long: For input string: "{value}"')
    return found


OrganisationId = Annotated[
    int,
    BeforeValidator(_organisation_id, json_schema_input_type=int | str),
    Field(description="The token's own organisation, by its id or as `my`.", examples=["my"]),
]


class OrganisationAnswer(Answer):
    """An organisation, flat, with its numbers as strings."""

    id: str = Field(examples=["12"])
    name: str = Field(examples=["Example North"])
    organisation_type_id: str = Field(examples=["4"])
    organisation_status_id: str = Field(examples=["0"])
    organisation_class_id: str = Field(examples=["0"])
    currency_id: str = Field(examples=["1"])
    country_id: str | Absent = Field(None, examples=["405"])
    created: str = Field(examples=["2026-11-20T08:15:00.000+0000"])


@router.get("/my", summary="Get the workspace of the token", response=answers(OrganisationAnswer))
def my_organisation(request: ApiRequest) -> HttpResponse:
    """The flat form in which customers get it, numbers as strings; what we have no value for is left out."""
    return json_response(organisation_wire(request.auth.workspace))


@router.get("/status", summary="List the states of organisations", response=answers(list[Lookup]))
def list_organisation_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(STATES)


@router.get("/{organisation_id}", summary="Get an organisation", response=answers(OrganisationAnswer, 404))
def get_organisation(request: ApiRequest, organisation_id: OrganisationId) -> HttpResponse:
    """The token's own organisation; every other one does not exist."""
    return json_response(organisation_wire(own_organisation(request, organisation_id)))


def own_organisation(request: ApiRequest, organisation_id: int, *, permission: Permission | None = None) -> Workspace:
    """Return the workspace of the token when its id, or `my`, was asked for.

    Args:
        request: authenticated.
        organisation_id: as in the path, 0 for `my`.
        permission: a right needed in it.

    Raises:
        WireError: 404, another organisation: whether it exists stays untold.
        Forbidden: the right is missing.
    """
    workspace = request.auth.workspace
    if organisation_id not in (0, workspace.pk):
        raise WireError(404, Code.NOT_FOUND, f"Organisation with id {organisation_id} not found")
    if permission is not None:
        authorise(workspace.pk, permission)
    return workspace


def organisation_wire(workspace: Workspace) -> dict[str, str]:
    """Return a workspace as `GET /organisation/my` shows it. Class 0 is "Commercial"."""
    made = {
        "id": str(workspace.pk),
        "name": workspace.name,
        "organisation_type_id": str(workspace.type),
        "organisation_status_id": str(workspace.status),
        "currency_id": str(_CURRENCY_IDS.get(workspace.currency, 1)),
        "organisation_class_id": "0",
        "created": wire_time(workspace.created),
    }
    country = country_of(workspace.country)
    if country is not None:
        made["country_id"] = str(country.id)
    return made


class CurrencyAnswer(Answer):
    """A currency."""

    id: int = Field(examples=[1])
    code: str = Field(examples=["EUR"])
    symbol: str = Field(examples=["€"])


def currency_wire(currency: str) -> dict[str, Any]:
    """Return a currency with its published id."""
    return {"id": _CURRENCY_IDS.get(currency, 1), "code": currency, "symbol": _SYMBOLS.get(currency, currency)}
