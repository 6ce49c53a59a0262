"""SIMs and their batches over the API (`docs/api.md` section 4)."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field, model_validator

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.action import action
from kit.api.criteria import parse_query, parse_sort
from kit.api.document import Lookup, answers, done
from kit.api.errors import Code, WireError, bad_request, invalid_reference, problem_of
from kit.api.lists import Limits, ListQuery, deep, page_response, read_page
from kit.api.responses import json_response, no_content
from kit.api.types import Body, PathId, Reference
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.outcomes import Outcome
from sims import wire
from sims.answers import BatchAnswer, RegistrationAnswer, SimAnswer
from sims.criteria import SIM_SORT, sim_fields
from sims.inventory.services.registration import find_batch, register_batch
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import SimStatus

router = Router(tags=["SIMs"])
batches = Router(tags=["SIM batches"])

LIMITS: Final = Limits(default=2_000, most=2_500)
KIND: Final = "SIM"
MOST_AT_ONCE: Final = 2_000
STAFF_ONLY: Final = frozenset(
    {"id", "iccid", "iccid_with_luhn", "eid", "imsi", "msisdn", "model", "production_date", "activation_date"}
    | {"issuer_org", "reseller_org", "customer_org", "endpoint"}
)
"""Keys of a SIM that a customer can't change; sent back unchanged by clients, they are refused and not swallowed."""


class SimPatch(Body):
    """A change of a SIM: customers may change its status only (`docs/rules.md` section 1)."""

    wire_name = "SIM"
    invalid_status = 400

    status: Reference = Field(description="1 Activated, 2 Suspended, 4 Factory Test.")

    @model_validator(mode="before")
    @classmethod
    def _only_status(cls, value: Any) -> Any:
        refused = STAFF_ONLY & set(value) if isinstance(value, dict) else frozenset()
        if refused:
            raise WireError(400, Code.NOT_ALLOWED, f"SIM - {min(refused)} cannot be changed, only status.")
        return value


class BatchRegistration(Body):
    """How the SIMs of a batch are registered."""

    wire_name = "SIM batch"

    sim_status: Reference = Field(
        Reference(id=0), description="0 Issued, 1 Activated, 4 Factory Test.", examples=[{"id": 1}]
    )


def _sims(workspace_id: int) -> QuerySet[Sim]:
    return Sim.objects.of(workspace_id).exclude(status=SimStatus.DELETED)


@router.get("", summary="List SIMs", response=answers(list[SimAnswer], 403, 422))
def list_sims(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """All SIMs of the workspace but deleted ones, each with its endpoint. A constant number of queries."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.INVENTORY_READ)
    owners = wire.owners_of(workspace)
    order = parse_sort(query.sort, SIM_SORT)
    condition = parse_query(query.q, sim_fields(workspace.pk, owners.operator["id"] if owners.operator else None))
    sims = _sims(workspace.pk).filter(condition)
    page, rows = read_page(
        query,
        LIMITS,
        fetch=lambda offset, limit: list(deep(sims.order_by(*order.columns), offset, limit).values(*wire.SIM_FIELDS)),
        count=sims.count,
    )
    return page_response(request, page, wire.sim_objects(rows, owners), sort=order.header)


@router.get("/status", summary="List the states of SIMs", response=answers(list[Lookup]))
def list_sim_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(list(wire.SIM_STATES.values()))


@router.delete("/multi", summary="Delete SIMs", response=done(403, 404, 422))
def delete_sims(request: ApiRequest, body: list[Reference]) -> HttpResponse:
    """Delete SIMs that are on no endpoint: all, or none when one of them can't go."""
    if not 1 <= len(body) <= MOST_AT_ONCE:
        raise bad_request(f"Send 1 to {MOST_AT_ONCE} SIMs.")
    with action():
        outcome = change_sim_status(
            workspace_id=request.auth.workspace.pk, sim_ids=[each.id for each in body], to=SimStatus.DELETED
        )
        _raise_if_refused(outcome, status=400)
    return no_content()


@router.get("/{sim_id}", summary="Get a SIM", response=answers(SimAnswer, 403, 404))
def get_sim(request: ApiRequest, sim_id: PathId) -> HttpResponse:
    """One SIM with its endpoint."""
    workspace = request.auth.workspace
    authorise(workspace.pk, Permission.INVENTORY_READ)
    rows = list(_sims(workspace.pk).filter(pk=sim_id).values(*wire.SIM_FIELDS))
    if not rows:
        raise invalid_reference(KIND, sim_id)
    return json_response(wire.sim_objects(rows, wire.owners_of(workspace))[0])


@router.patch("/{sim_id}", summary="Change the status of a SIM", response=done(403, 404))
def patch_sim(request: ApiRequest, sim_id: PathId, body: SimPatch) -> HttpResponse:
    """Activate, suspend or test a SIM. A state that already holds answers 204 and writes nothing."""
    if body.status.id == SimStatus.DELETED:
        raise WireError(400, Code.NOT_ALLOWED, "SIM - status 3 (Deleted) is reached by DELETE only.")
    _change(request.auth.workspace.pk, sim_id, body.status.id)
    return no_content()


@router.delete("/{sim_id}", summary="Delete a SIM", response=done(403, 404, 409))
def delete_sim(request: ApiRequest, sim_id: PathId) -> HttpResponse:
    """Delete a SIM that is on no endpoint."""
    workspace_id = request.auth.workspace.pk
    outcome = change_sim_status(workspace_id=workspace_id, sim_ids=[sim_id], to=SimStatus.DELETED)
    _raise_if_refused(outcome, status=409)
    return no_content()


def _change(workspace_id: int, sim_id: int, status: int) -> None:
    try:
        outcome = change_sim_status(workspace_id=workspace_id, sim_ids=[sim_id], to=status)
    except Invalid as error:
        # Published for this call: 204 and 400.
        if not _sims(workspace_id).filter(pk=sim_id).exists():
            raise invalid_reference(KIND, sim_id) from error
        raise WireError(400, Code.NOT_ALLOWED, error.message) from error
    _raise_if_refused(outcome, status=400)


def _raise_if_refused(outcome: Outcome, *, status: int) -> None:
    """Answer for the first SIM that was refused. Raises WireError: 404, or the status that the call is known by."""
    if not outcome.refused:
        return
    refusal = outcome.refused[0]
    if refusal.code == "not_found":
        raise invalid_reference(KIND, refusal.id)
    raise WireError(status, Code.NOT_ALLOWED, f"SIM {refusal.label}: {refusal.reason}")


@batches.get("/bic/{bic}", summary="Check a batch by its BIC", response=answers(BatchAnswer, 403, 404, 422))
def get_batch(request: ApiRequest, bic: str) -> HttpResponse:
    """A batch that this workspace may register; 400 registered before, 404 unknown, 422 holds SIMs of others."""
    try:
        batch = find_batch(workspace_id=request.auth.workspace.pk, bic=bic)
    except NotFound as error:
        raise WireError(404, Code.NOT_FOUND, error.message) from error
    except Conflict as error:
        raise WireError(400, Code.NOT_ALLOWED, error.message) from error
    except Invalid as error:
        status = 400 if error.code == "invalid_bic" else 422
        raise WireError(status, problem_of(error).code, error.message) from error
    return json_response(wire.batch_object(batch))


@batches.patch("/bic/{bic}", summary="Register a batch by its BIC", response=answers(RegistrationAnswer, 403, 422))
def patch_batch(request: ApiRequest, bic: str, body: BatchRegistration) -> HttpResponse:
    """Register all SIMs of a batch. Whatever is wrong with the batch is 422, as recorded."""
    try:
        done = register_batch(workspace_id=request.auth.workspace.pk, bic=bic, status=body.sim_status.id)
    except (NotFound, Conflict, Invalid) as error:
        raise _refused_registration(error) from error
    return json_response({"sim": [{"id": sim.id, "iccid": sim.iccid} for sim in done.sims]})


def _refused_registration(error: DomainError) -> WireError:
    problem = problem_of(error)
    return WireError(422, problem.code, problem.message)
