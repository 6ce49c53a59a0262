"""Coverage of a `tariff_profile`: rate zones, blocked networks and the allowance (`docs/api.md` section 6).

No shape of these is published. A data plan has a rate zone for each part of the world, with an id made of the plan's id
and the first digit of its country codes; the plan's own id, which inclusive volumes name, means all of its zones.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import Absent, Answer, NamedRef, answers, done
from kit.api.errors import Code, WireError, invalid_reference
from kit.api.responses import json_response, no_content
from kit.api.types import PathId
from kit.errors import Conflict, NotFound
from kit.mobile_networks import ZONES, Country, networks, zone_of
from sims.models import CoverageBlockedOperator, CoverageExcludedZone, CoveragePolicy
from sims.policies.api.answers import BlockedOperatorAnswer, blocked_operator_object
from sims.policies.api.profiles import TARIFF, coverage_policy
from sims.policies.services import coverage as services

router = Router(tags=["Tariff profiles"])
version_2 = Router(tags=["Tariff profiles"])

RATE_ZONE: Final = "Ratezone"
INCLUSIVE_VOLUME: Final = "Inclusive volume"


class CoveredOperator(Answer):
    """A mobile network of a rate zone."""

    id: int = Field(examples=[26201])
    name: str = Field(examples=["Telekom"])
    blocked: bool = Field(description="Whether the profile keeps its endpoints off it.")


class CoveredCountry(Answer):
    """A country of a rate zone."""

    id: int = Field(examples=[405])
    name: str = Field(examples=["Germany"])
    iso_code: str | Absent = Field(None, examples=["de"])
    operator: list[CoveredOperator]


class CoverageAnswer(Answer):
    """A rate zone of the profile's data plan."""

    ratezone: NamedRef
    selected: bool = Field(description="Whether endpoints of the profile may use it.")
    country: list[CoveredCountry]


@router.get(
    "/{profile_id}/coverage",
    summary="Get the coverage of a tariff profile",
    response=answers(list[CoverageAnswer], 403, 404),
)
def get_coverage(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """The rate zones of its data plan with their countries and networks: which are selected, and which are blocked."""
    policy = _readable(request, profile_id)
    excluded = set(CoverageExcludedZone.objects.filter(policy=policy).values_list("zone", flat=True))
    blocked = set(_blocked_ids(policy))
    return json_response(
        [
            {
                "ratezone": {"id": zone_id(policy.data_plan_id, zone), "name": name},
                "selected": zone not in excluded,
                "country": [_country(country, ids, blocked) for country, ids in _countries_of(zone)],
            }
            for zone, name in ZONES.items()
        ]
    )


def zone_id(plan_id: int, zone: int) -> int:
    """Return the id of a rate zone of a data plan."""
    return plan_id * 10 + zone


@functools.cache
def _countries_of(zone: int) -> list[tuple[Country, list[int]]]:
    found: dict[Country, list[int]] = {}
    for network in networks().values():
        if zone_of(network.id) == zone:
            found.setdefault(network.country, []).append(network.id)
    return sorted(found.items(), key=lambda each: each[0].name)


def _country(country: Country, ids: list[int], blocked: set[int]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": country.id, "name": country.name}
    if country.iso_code:
        made["iso_code"] = country.iso_code
    known = networks()
    made["operator"] = [{"id": each, "name": known[each].name, "blocked": each in blocked} for each in ids]
    return made


def _readable(request: ApiRequest, profile_id: int) -> CoveragePolicy:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.INVENTORY_READ)
    return coverage_policy(workspace_id, profile_id)


def _blocked_ids(policy: CoveragePolicy) -> list[int]:
    rows = CoverageBlockedOperator.objects.filter(policy=policy).order_by("operator_id")
    return list(rows.values_list("operator_id", flat=True))


# --- rate zones ---


@router.put("/{profile_id}/ratezone_selection/{ratezone_id}", summary="Select a rate zone", response=done(403, 404))
def put_rate_zone(request: ApiRequest, profile_id: PathId, ratezone_id: PathId) -> HttpResponse:
    """Let the endpoints of the profile use a rate zone of its data plan; one that is selected already stays so."""
    return _select(request, profile_id, ratezone_id, chosen=True)


@router.delete(
    "/{profile_id}/ratezone_selection/{ratezone_id}", summary="Deselect a rate zone", response=done(403, 404)
)
def delete_rate_zone(request: ApiRequest, profile_id: PathId, ratezone_id: PathId) -> HttpResponse:
    """Keep the endpoints of the profile out of a rate zone: usage there is refused from now on."""
    return _select(request, profile_id, ratezone_id, chosen=False)


def _select(request: ApiRequest, profile_id: int, ratezone_id: int, *, chosen: bool) -> HttpResponse:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.POLICY_UPDATE)
    plan_id = coverage_policy(workspace_id, profile_id).data_plan_id
    zones = [zone for zone in ZONES if ratezone_id in (plan_id, zone_id(plan_id, zone))]
    if not zones:
        raise invalid_reference(RATE_ZONE, ratezone_id)
    services.choose_zones(workspace_id=workspace_id, policy_id=profile_id, zones=zones, chosen=chosen)
    return no_content()


# --- the allowance ---


@router.put(
    "/{profile_id}/inclusive_volume/{inclusive_volume_id}",
    summary="Use an inclusive volume",
    response=done(403, 404, 409),
)
def put_inclusive_volume(request: ApiRequest, profile_id: PathId, inclusive_volume_id: PathId) -> HttpResponse:
    """Let the SIMs of the profile take part in what its data plan includes; 409 when they do already.

    It is recorded for billing. The portal computes nothing from it: no costs, and not what is left of the volume.
    """
    return _use(request, profile_id, inclusive_volume_id, uses=True)


@router.delete(
    "/{profile_id}/inclusive_volume/{inclusive_volume_id}",
    summary="Stop using an inclusive volume",
    response=done(403, 404),
)
def delete_inclusive_volume(request: ApiRequest, profile_id: PathId, inclusive_volume_id: PathId) -> HttpResponse:
    """Take the SIMs of the profile out of what its data plan includes; recorded for billing, as above."""
    return _use(request, profile_id, inclusive_volume_id, uses=False)


def _use(request: ApiRequest, profile_id: int, volume_id: int, *, uses: bool) -> HttpResponse:
    workspace_id = request.auth.workspace.pk
    authorise(workspace_id, Permission.POLICY_UPDATE)
    plan = coverage_policy(workspace_id, profile_id).data_plan
    if volume_id != plan.pk or not plan.included_mb:
        raise invalid_reference(INCLUSIVE_VOLUME, volume_id)
    try:
        services.use_allowance(workspace_id=workspace_id, policy_id=profile_id, uses=uses)
    except NotFound as error:
        if error.field:
            raise invalid_reference(INCLUSIVE_VOLUME, volume_id) from error
        raise invalid_reference(TARIFF, profile_id) from error
    except Conflict as error:
        raise WireError(409, Code.DUPLICATED, error.message) from error
    return no_content()


# --- blocked networks, version 2 ---


@version_2.get(
    "/{profile_id}/operator_blocklist",
    summary="List the networks a tariff profile keeps endpoints off",
    response=answers(list[BlockedOperatorAnswer], 403, 404),
)
def list_blocked_operators(request: ApiRequest, profile_id: PathId) -> HttpResponse:
    """The profile's list; endpoints have lists of their own beside it."""
    policy = _readable(request, profile_id)
    return json_response([blocked_operator_object(operator_id) for operator_id in _blocked_ids(policy)])


@version_2.put(
    "/{profile_id}/operator_blocklist/{operator_id}",
    summary="Keep the endpoints of a tariff profile off a network",
    response=done(403, 404, 409),
)
def put_blocked_operator(request: ApiRequest, profile_id: PathId, operator_id: PathId) -> HttpResponse:
    """Usage there is refused from now on; 409 when the network is blocked already."""
    try:
        services.block_policy_operator(
            workspace_id=request.auth.workspace.pk, policy_id=profile_id, operator_id=operator_id
        )
    except NotFound as error:
        raise _unknown(error, profile_id, operator_id) from error
    return no_content()


@version_2.delete(
    "/{profile_id}/operator_blocklist/{operator_id}",
    summary="Let the endpoints of a tariff profile use a network again",
    response=done(403, 404),
)
def delete_blocked_operator(request: ApiRequest, profile_id: PathId, operator_id: PathId) -> HttpResponse:
    """404 when the network is not blocked in this profile."""
    try:
        services.allow_policy_operator(
            workspace_id=request.auth.workspace.pk, policy_id=profile_id, operator_id=operator_id
        )
    except NotFound as error:
        raise _unknown(error, profile_id, operator_id) from error
    return no_content()


def _unknown(error: NotFound, profile_id: int, operator_id: int) -> WireError:
    if error.field == "operator":
        return invalid_reference("Operator", operator_id)
    return invalid_reference(TARIFF, profile_id)
