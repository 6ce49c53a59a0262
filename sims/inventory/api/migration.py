"""SIMs to another workspace over the API (`docs/api.md` section 4, `docs/rules.md` section 7)."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from kit.api.document import answers
from kit.api.errors import Code, WireError, bad_request
from kit.api.responses import json_response
from kit.api.types import Body, BodyId, Flag, Reference, WireText
from kit.context import Actor
from kit.errors import Conflict, Invalid, NotFound
from sims.answers import MigrationAnswer, MigrationRefused
from sims.identifiers import iccid_with_luhn, normalise_iccid
from sims.inventory.services.transfer import MOST, Transfer, TransferRefused, transfer_sims
from sims.models import Sim
from sims.signals import SimRow
from sims.states import SIM_WIRE_NAMES, SimStatus
from sims.wire import SIM_STATES

router = Router(tags=["SIMs"])

_WAYS: Final = ("sims", "iccids", "iccid_range")


class IccidRange(Body):
    """All SIMs of the caller from one ICCID to another, both included."""

    start: WireText = Field(examples=["8988303000000000001"])
    end: WireText = Field(examples=["8988303000000000025"])


class WorkspaceReference(Body):
    """The workspace that receives."""

    id: BodyId


class Migration(Body):
    """Which SIMs go where: one of `sims`, `iccids` and `iccid_range`."""

    wire_name = "Migration"
    invalid_status = 400
    invalid_text = "The migration cannot be read."

    target_workspace: WorkspaceReference
    sims: list[Reference] | None = None
    iccids: list[WireText] | None = Field(None, description="19 digits each.")
    iccid_range: IccidRange | None = None
    allowed_sim_statuses: list[Reference] | None = Field(None, description="Move only SIMs in these states.")
    dry_run: Flag = Field(True, description="Only tell what would happen.")
    auto_detach_devices: Flag = Field(False, description="Release SIMs from their devices.")


@router.post(
    "/migration/workspace",
    summary="Move SIMs to another workspace",
    response={**answers(MigrationAnswer, 403, 404), 409: MigrationRefused},
)
def post_migration(request: ApiRequest, body: Migration) -> HttpResponse:
    """All SIMs or none, with a user's token. A dry run, which is the default, refuses what the real one would."""
    actor = authorise(request.auth.workspace.pk, Permission.SIM_TRANSFER)
    allowed = _statuses(body)
    try:
        ids = _ids(body, actor)
        transfer = transfer_sims(
            target_id=body.target_workspace.id,
            sim_ids=ids,
            auto_detach=body.auto_detach_devices,
            allowed_statuses=allowed,
            dry_run=body.dry_run,
        )
        if transfer.problems:
            raise TransferRefused(transfer.problems)
    except TransferRefused as refused:
        return _refused(refused)
    except NotFound as error:
        raise WireError(404, Code.NOT_FOUND, error.message) from error
    except Invalid as error:
        raise bad_request(error.message) from error
    except Conflict as error:
        return json_response({"status_code": 409, "message": error.message, "errors": []}, status=409)
    return json_response(_answer(transfer, body, allowed))


def _statuses(body: Migration) -> list[int] | None:
    if body.allowed_sim_statuses is None:
        return None
    found = [each.id for each in body.allowed_sim_statuses]
    for status in found:
        if status not in SIM_WIRE_NAMES:
            raise bad_request(f"SIM status with Id '{status}' not found.")
    return found


def _ids(body: Migration, actor: Actor) -> list[int]:
    """Return the ids of the SIMs asked for.

    Raises:
        WireError: 400, none or several ways to name them, more than 500, or a range backwards.
        Invalid: an ICCID is none.
        NotFound: an ICCID is on no SIM that the actor reaches.
    """
    given = [name for name in _WAYS if getattr(body, name) is not None]
    if len(given) != 1:
        raise bad_request("Send exactly one of sims, iccids and iccid_range.")
    mine = Sim.objects.filter(workspace_id__in=actor.open_workspaces).exclude(status=SimStatus.DELETED)
    if body.sims is not None:
        ids = [each.id for each in body.sims]
    elif body.iccids is not None:
        _limit(len(body.iccids))
        iccids = [normalise_iccid(each) for each in body.iccids]
        found = dict(mine.filter(iccid__in=iccids).values_list("iccid", "pk"))
        missing = [iccid for iccid in iccids if iccid not in found]
        if missing:
            raise NotFound(f"SIM with ICCID {missing[0]} not found")
        ids = list(found.values())
    else:
        ids = _range(body.iccid_range, mine) if body.iccid_range is not None else []
    _limit(len(ids))
    return ids


def _range(asked: IccidRange, mine: Any) -> list[int]:
    start, end = normalise_iccid(asked.start), normalise_iccid(asked.end)
    if end < start:
        raise bad_request("iccid_range - end is before start.")
    ids = list(mine.filter(iccid__gte=start, iccid__lte=end).order_by("iccid").values_list("pk", flat=True)[: MOST + 1])
    if not ids:
        raise NotFound(f"No SIM with an ICCID from {start} to {end} found")
    return ids


def _limit(count: int) -> None:
    if not 1 <= count <= MOST:
        raise bad_request(f"A migration takes 1 to {MOST} SIMs.")


def _refused(refused: TransferRefused) -> HttpResponse:
    wanted = {sim_id for problem in refused.problems for sim_id in problem.sim_ids}
    iccids = dict(Sim.objects.filter(pk__in=wanted).values_list("pk", "iccid"))
    errors = [
        {
            "error_code": problem.code,
            "message": problem.message,
            "sims": [{"id": sim_id, "iccid": iccids[sim_id]} for sim_id in problem.sim_ids],
        }
        for problem in refused.problems
    ]
    return json_response({"status_code": 409, "message": refused.message, "errors": errors}, status=409)


def _answer(transfer: Transfer, body: Migration, allowed: list[int] | None) -> dict[str, Any]:
    made: dict[str, Any] = {"sim_count": len(transfer.sims), "dry_run": body.dry_run}
    if allowed is not None:
        made["allowed_sim_statuses"] = [SIM_STATES[SimStatus(status)] for status in allowed]
    made["target_workspace"] = {"id": transfer.target.pk, "name": transfer.target.name}
    made["auto_detach_devices"] = body.auto_detach_devices
    made["sims"] = [_sim(sim, transfer) for sim in transfer.sims]
    return made


def _sim(sim: SimRow, transfer: Transfer) -> dict[str, Any]:
    source_id = transfer.sources[sim.id]
    made: dict[str, Any] = {"id": sim.id, "iccid": sim.iccid, "iccid_with_luhn": iccid_with_luhn(sim.iccid)}
    if sim.device_id is not None:
        made["endpoint"] = {"id": sim.device_id, "name": sim.device_name}
    made["status"] = SIM_STATES[SimStatus(sim.status)]
    made["source_workspace"] = {"id": source_id, "name": transfer.source_names[source_id]}
    return made
