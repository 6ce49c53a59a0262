"""Mobile networks and countries, as lookups (`docs/api.md` section 0, list pattern)."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpResponse
from ninja import Router

from accounts.tokens.bearer import ApiRequest
from kit.api.document import answers
from kit.api.errors import Code, WireError
from kit.api.responses import json_response
from kit.api.types import PathId
from kit.mobile_networks import Country, Network, countries, networks
from sims.policies.api.answers import CountryAnswer, OperatorAnswer

router = Router(tags=["Networks"])


@router.get("/operator", summary="List mobile networks", response=answers(list[OperatorAnswer]))
def list_operators(request: ApiRequest) -> HttpResponse:
    """All networks of the world, by id."""
    return json_response(_operators())


@router.get("/operator/{operator_id}", summary="Get a mobile network", response=answers(OperatorAnswer, 404))
def get_operator(request: ApiRequest, operator_id: PathId) -> HttpResponse:
    """One network."""
    network = networks().get(operator_id)
    if network is None:
        raise WireError(404, Code.NOT_FOUND, f"Operator with id {operator_id} not found")
    return json_response(_operator(network))


@router.get("/country", summary="List countries", response=answers(list[CountryAnswer]))
def list_countries(request: ApiRequest) -> HttpResponse:
    """All countries with mobile networks, by id."""
    return json_response([_country(country) for country in countries().values()])


@router.get("/country/{country_id}", summary="Get a country", response=answers(CountryAnswer, 404))
def get_country(request: ApiRequest, country_id: PathId) -> HttpResponse:
    """One country."""
    country = countries().get(country_id)
    if country is None:
        raise WireError(404, Code.NOT_FOUND, f"Country with id {country_id} not found")
    return json_response(_country(country))


@functools.cache
def _operators() -> list[dict[str, Any]]:
    return [_operator(network) for network in networks().values()]


def _operator(network: Network) -> dict[str, Any]:
    return {
        "id": network.id,
        "name": network.name,
        "country": _country(network.country),
        "mnc": [{"mnc": network.mnc}],
    }


def _country(country: Country) -> dict[str, Any]:
    made: dict[str, Any] = {"id": country.id, "name": country.name, "mcc": ",".join(country.mccs)}
    if country.iso_code:
        made["iso_code"] = country.iso_code
    return made
