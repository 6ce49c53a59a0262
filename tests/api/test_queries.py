"""How many queries each call takes: a constant, whatever the size of the list."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.context import acting_as
from sims.inventory.services.status import change_sim_status
from sims.models import Device, Sim
from sims.states import SimStatus
from tests.api.conftest import Program
from tests.cast import STANDING, Cast

LISTS = {
    # path: queries of a first page that is not full, with an application token
    "/sim": 3,  # token, operator, rows
    "/endpoint": 2,
    "/event": 3,  # token, rows, persons
    "/service_profile": 2,
    "/tariff_profile": 2,
}


def fill(cast: Cast, count: int) -> None:
    sims = cast.sims(count)
    service, coverage = cast.policies()
    devices = Device.objects.bulk_create(
        Device(workspace=cast.acme, name=f"D {n}", service_policy=service, coverage_policy=coverage)
        for n in range(count)
    )
    for sim, device in zip(sims, devices, strict=True):
        sim.device = device
    Sim.objects.bulk_update(sims, ["device"], batch_size=500)
    with acting_as(cast.token()):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.ACTIVATED)


def queries(program: Program, path: str, **query: object) -> tuple[int, int]:
    """Return the number of queries and of rows."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = program.get(path, **query)
    assert answer.status_code == 200, answer.content
    return len(captured), len(answer.json())


@pytest.mark.parametrize("path", LISTS)
def test_lists_take_a_constant_number(cast: Cast, erp: Program, path: str) -> None:
    fill(cast, 1)
    assert queries(erp, path)[0] == LISTS[path]
    fill(cast, 40)
    assert queries(erp, path)[0] == LISTS[path]
    # A full page is counted, whatever its number and order; a user's token takes one query more.
    full = {queries(erp, path, per_page=1, page=number, sort="-id")[0] for number in (1, 2, 99)}
    # The first total of a log looks at its newest event, too.
    assert max(full) <= LISTS[path] + (2 if path == "/event" else 1)


def test_two_thousand_sims_with_their_endpoints(cast: Cast, owner: Program) -> None:
    fill(cast, 2_000)
    assert queries(owner, "/sim", per_page=2_000) == (5, 2_000)
    answer = owner.get("/sim")
    assert all("endpoint" in sim for sim in answer.json())


def test_changing_one_sim(cast: Cast, owner: Program) -> None:
    first, second = cast.sims(2)
    owner.patch(f"/sim/{first.pk}", {"status": {"id": 1}})
    with CaptureQueriesContext(connection) as captured:
        assert owner.patch(f"/sim/{second.pk}", {"status": {"id": 1}}).status_code == 204
    # User and workspaces, and both again in the action; the SIM under lock; its change, and its tenure; the person in
    # the log, and the event. The rest are the savepoints of a test's own transaction.
    statements = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= STANDING + 7, statements
