"""Who may do what: roles, and workspaces that do not exist for each other."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership, User, Workspace
from accounts.permissions import Role
from events.models import Event
from kit.api.errors import FORBIDDEN_TEXT
from sims.models import Device, Sim, SimBatch
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.cast import Cast

CANARY = "CANARY-B"


def writes(sim_id: int, device_id: int, bic: str) -> list[tuple[str, str, Any]]:
    """Return every call that changes something."""
    return [
        ("PATCH", f"/sim/{sim_id}", {"status": {"id": 1}}),
        ("DELETE", f"/sim/{sim_id}", None),
        ("PATCH", f"/sim_batch/bic/{bic}", {"sim_status": {"id": 1}}),
        ("POST", "/endpoint", "CREATION"),
        ("PATCH", f"/endpoint/{device_id}", {"name": "x"}),
        ("DELETE", f"/endpoint/{device_id}", None),
        ("PATCH", f"/endpoint/{device_id}/connectivity", {"location": None}),
    ]


READS = (
    "/sim",
    "/sim/status",
    "/endpoint",
    "/endpoint/status",
    "/event",
    "/event/type",
    "/service_profile",
    "/tariff_profile",
    "/organisation/my",
)


def creation(cast: Cast, workspace: Workspace | None = None) -> dict[str, Any]:
    service, coverage = cast.policies(workspace)
    return {
        "name": "New",
        "status": {"id": 0},
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage.pk},
    }


def test_an_observer_reads_all_and_changes_nothing(cast: Cast, observer: Program) -> None:
    (sim,) = cast.sims(1)
    device, batch = cast.device(), cast.batch()
    for path in (*READS, f"/sim/{sim.pk}", f"/endpoint/{device.pk}", f"/sim/{sim.pk}/event"):
        assert observer.get(path).status_code == 200, path
    before = Event.objects.count()
    for method, path, body in writes(sim.pk, device.pk, batch.bic):
        answer = observer.call(method, path, creation(cast) if body == "CREATION" else body)
        assert error(answer, 403, 1104, "Forbidden")["message"] == FORBIDDEN_TEXT, path
    assert Event.objects.count() == before


def test_an_observers_token_changes_nothing_either(cast: Cast) -> None:
    _token, value = make_token(cast, cast.acme, by=cast.observer)
    program = exchange(value)
    (sim,) = cast.sims(1)
    error(program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")
    assert program.get(f"/sim/{sim.pk}").status_code == 200


def test_a_user_may_change_sims_and_devices(cast: Cast) -> None:
    program = sign_in(cast.member)
    (sim,) = cast.sims(1)
    assert program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}).status_code == 204
    assert program.post("/endpoint", creation(cast)).status_code == 201


def test_a_suspended_workspace_can_be_read_only(cast: Cast, owner: Program, erp: Program) -> None:
    (sim,) = cast.sims(1)
    Workspace.objects.filter(pk=cast.acme.pk).update(status=Workspace.Status.SUSPENDED)
    for program in (owner, erp):
        assert program.get("/sim").status_code == 200
        error(program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")


def test_what_ends_an_account_ends_its_tokens(cast: Cast, owner: Program) -> None:
    Membership.objects.filter(user=cast.owner, workspace=cast.acme).delete()
    error(owner.get("/sim"), 401, 1102, "InvalidToken")
    member = sign_in(cast.member)
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)
    error(member.get("/sim"), 401, 1102, "InvalidToken")


def test_a_token_opens_one_workspace_even_for_a_member_of_several(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, workspace=cast.bolt)
    error(owner.get(f"/sim/{sim.pk}"), 404, 1401, "InvalidReference")
    error(owner.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 404, 1401, "InvalidReference")
    assert owner.get("/sim").json() == []


def _comparable(answer: Any, *, foreign: int, unknown: int) -> tuple[int, str, dict[str, str]]:
    text = answer.content.decode().replace(f"'{foreign}'", "'N'").replace(f"'{unknown}'", "'N'")
    kept = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Content-Length")}
    kept = {name: value.replace(f"/{foreign}/", "/N/").replace(f"/{unknown}/", "/N/") for name, value in kept.items()}
    return answer.status_code, text, kept


@pytest.mark.parametrize("who", ["user", "application"])
def test_foreign_and_unknown_ids_look_the_same(cast: Cast, who: str) -> None:
    program = sign_in(cast.owner) if who == "user" else exchange(make_token(cast, cast.acme, by=cast.owner)[1])
    (sim,) = cast.sims(1, workspace=cast.umbra)
    Sim.objects.filter(pk=sim.pk).update(msisdn="491510000099")
    device = cast.device(workspace=cast.umbra, sim=sim, name=CANARY, tags=CANARY)
    batch = cast.batch(cast.umbra)
    state = _everything(cast.umbra)
    unknown = 987_654

    for template, foreign in (("/sim/{}", sim.pk), ("/endpoint/{}", device.pk)):
        for method, path, body in (
            ("GET", template, None),
            ("PATCH", template, {"status": {"id": 1}}),
            ("DELETE", template, None),
            ("GET", f"{template}/event", None),
            *([("PATCH", f"{template}/connectivity", {"location": None})] if "endpoint" in template else []),
        ):
            answers = [program.call(method, path.format(id_), body) for id_ in (foreign, unknown)]
            first, second = (_comparable(each, foreign=foreign, unknown=unknown) for each in answers)
            assert first == second, (method, path)
            assert first[0] in (200, 404)
            assert CANARY not in first[1]
    own = cast.device()
    for key, foreign in (("sim", sim.pk), ("service_profile", cast.policies(cast.umbra)[0].pk)):
        answers = [program.patch(f"/endpoint/{own.pk}", {key: {"id": id_}}) for id_ in (foreign, unknown)]
        first, second = (_comparable(each, foreign=foreign, unknown=unknown) for each in answers)
        assert first == second
        assert first[0] == 422
    # That a batch is somebody else's is published; whose, or what is in it, is not told.
    answer = program.patch(f"/sim_batch/bic/{batch.bic}", {"sim_status": {"id": 1}})
    assert (answer.status_code, cast.umbra.name in answer.content.decode()) == (422, False)

    assert _everything(cast.umbra) == state


def _everything(workspace: Workspace) -> list[Any]:
    return [
        list(Sim.objects.of(workspace.pk).values()),
        list(Device.objects.of(workspace.pk).values()),
        list(Event.objects.of(workspace.pk).values_list("pk", flat=True)),
        list(SimBatch.objects.of(workspace.pk).values()),
    ]


def test_no_filter_reaches_over(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, workspace=cast.umbra)
    device = cast.device(workspace=cast.umbra, sim=sim, name=CANARY, tags=CANARY)
    sign_in(cast.outsider).patch(f"/sim/{sim.pk}", {"status": {"id": 1}})
    for path, query in (
        ("/sim", f"id:{sim.pk}"),
        ("/sim", f"iccid:{sim.iccid}"),
        ("/sim", f"endpoint:{device.pk}"),
        ("/sim", f"customer_org:{cast.umbra.pk}"),
        ("/endpoint", f"name:{CANARY}"),
        ("/endpoint", f"tags:{CANARY}"),
        ("/endpoint", "sim_status:1"),
        ("/event", f"iccid:{sim.iccid}"),
        ("/event", f"endpoint:{device.pk}"),
        ("/event", f"organisation:{cast.umbra.pk}"),
        ("/event", f"tags:{CANARY}"),
        ("/event", f"user:{cast.outsider.pk}"),
    ):
        answer = owner.get(path, q=query)
        assert answer.json() == [], query
        assert answer["X-Total-Count"] == "0"


def test_the_role_of_a_token_holds_at_its_creators(cast: Cast) -> None:
    token, _value = make_token(cast, cast.acme, by=cast.member)
    assert token.role == Role.USER
