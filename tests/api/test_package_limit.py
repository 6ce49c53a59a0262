"""The package's limit of activated SIMs by the API: 1406 with the sentence that people read in the portal."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import PlatformPackage
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import Program, sign_in
from tests.cast import Cast

TEXT = "The package Plus EUR allows 2 activated SIMs"


@pytest.fixture
def full(cast: Cast) -> Program:
    """A program in Acme, whose package has room for two activated SIMs and is full."""
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=2)
    cast.sims(2, status=SimStatus.ACTIVATED)
    return sign_in(cast.owner)


def refused(answer: Any, *statuses: int) -> None:
    """Check that an answer is the refusal."""
    assert answer.status_code in statuses, answer.content
    body = answer.json()
    assert (body["error_code"], body["error_token"]) == (1406, "NotAllowed")
    assert TEXT in body["message"]


def test_a_sim(cast: Cast, full: Program) -> None:
    (sim,) = cast.sims(status=SimStatus.SUSPENDED)
    refused(full.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 400)
    sim.refresh_from_db()
    assert sim.status == SimStatus.SUSPENDED


def test_a_batch(cast: Cast, full: Program) -> None:
    batch = cast.batch(count=3)
    refused(full.patch(f"/sim_batch/bic/{batch.bic}", {"sim_status": {"id": 1}}), 422)
    assert not Sim.objects.filter(batch=batch, workspace=cast.acme).exists()
    assert full.patch(f"/sim_batch/bic/{batch.bic}", {"sim_status": {"id": 0}}).status_code == 200


def test_an_endpoint_with_its_sim(cast: Cast, full: Program) -> None:
    (sim,) = cast.sims()
    service, coverage = cast.policies()
    body = {
        "name": "Well",
        "status": {"id": 0},
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage.pk},
        "sim": {"id": sim.pk, "status": {"id": 1}},
    }
    answer = full.post("/endpoint", body)
    assert answer.status_code in (400, 409, 422)
    assert TEXT in answer.content.decode()
    assert "1406" in answer.content.decode()
    assert not Device.objects.filter(name="Well").exists()


def test_enabling_an_endpoint_activates_its_sim(cast: Cast, full: Program) -> None:
    (sim,) = cast.sims(status=SimStatus.SUSPENDED)
    device = cast.device(sim=sim, status=DeviceStatus.DISABLED)
    body = {"status": {"id": 0}, "sim": {"id": sim.pk, "status": {"id": 1}}}
    answer = full.patch(f"/endpoint/{device.pk}", body)
    assert answer.status_code in (400, 409, 422), answer.content
    assert TEXT in answer.content.decode()
    sim.refresh_from_db()
    device.refresh_from_db()
    assert (sim.status, device.status) == (SimStatus.SUSPENDED, DeviceStatus.DISABLED)
