"""Ids of others, and of what is deleted, among one's own: every action on many is given both, at every door.

Ticked ids reach the services as they were posted, so that one that is not there is refused by name. So each service has
to write what it has locked in the workspace of the actor, and nothing else.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from events.models import Event
from sims.bulk.actions import SPECS
from sims.models import Device, ServicePolicy, Sim
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast

HTMX = {"HX-Request": "true"}
TAGS = "north,roof"


def answers(cast: Cast, path: str) -> dict[str, Any]:
    """Return what the dialogs that ask further questions are answered."""
    service = ServicePolicy.objects.get_or_create(workspace=cast.acme, name="Leaked")[0].pk
    coverage = cast.policies()[1].pk
    note = {"note": "leaked"}
    answered: dict[str, dict[str, Any]] = {
        "devices/tags": {"add": "leaked", "remove": ""},
        "devices/note": note,
        "sims/note": note,
        "devices/policies": {"service_policy": service, "coverage_policy": coverage},
        "sims/devices": {"pattern": "Leaked {iccid}", "service_policy": service, "coverage_policy": coverage},
    }
    return answered.get(path, {})


ALL_OR_NOTHING = {"sims/transfer", "sims/register"}
"""Actions with a way of their own, which refuse everything when they refuse one."""

FROM_THE_LOG = {"sims/reverse", "devices/reverse", "devices/reverse-creation"}
"""Actions whose objects nobody ticks: `tests/events/reverse` has their services given ids of others."""

pytestmark = pytest.mark.django_db


class Others:
    """SIMs and devices that no action of Acme's may touch: a stranger's, and Acme's own deleted ones."""

    def __init__(self, cast: Cast) -> None:
        self.sims, self.devices = [], []
        for status in (SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.SUSPENDED):
            sim, spare = cast.sims(2, status=status, workspace=cast.umbra)
            self.sims += [sim, spare]
            self.devices.append(cast.device(workspace=cast.umbra, sim=sim, tags=TAGS))
        self.devices.append(cast.device(workspace=cast.umbra, status=DeviceStatus.DISABLED, tags=TAGS))
        self.sims += cast.sims(1, status=SimStatus.DELETED)
        self.devices.append(cast.device(status=DeviceStatus.DELETED, tags=TAGS))

    def rows(self) -> list[Any]:
        """Everything that stands in their rows now."""
        return [
            *Sim.objects.filter(pk__in=[sim.pk for sim in self.sims]).order_by("pk").values(),
            *Device.objects.filter(pk__in=[device.pk for device in self.devices]).order_by("pk").values(),
        ]

    def unchanged_since(self, before: list[Any]) -> None:
        assert self.rows() == before
        ids = {"sim_id__in": [sim.pk for sim in self.sims]}, {"device_id__in": [each.pk for each in self.devices]}
        assert not any(Event.objects.filter(**each).exists() for each in ids)


def own(cast: Cast, noun: str) -> list[int]:
    """Objects of Acme's in every state, like those of the others: what is written for one must not hit its likes."""
    states = (SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.SUSPENDED)
    if noun == "sims":
        return [sim.pk for status in states for sim in cast.sims(1, status=status)]
    sims = [cast.sims(1, status=status)[0] for status in states]
    devices = [cast.device(sim=sim, tags=TAGS) for sim in sims]
    spare = [cast.device(status=DeviceStatus.DISABLED, tags=TAGS) for _ in range(2)]
    return [device.pk for device in [*devices, *spare]]


@pytest.mark.parametrize("path", sorted(SPECS.keys() - FROM_THE_LOG))
def test_a_bulk_action_writes_its_own_rows_alone(cast: Cast, path: str) -> None:
    noun, action = path.split("/")
    others, client = Others(cast), cast.client(cast.owner)
    theirs = others.sims if noun == "sims" else others.devices
    before = others.rows()
    base = f"/w/{cast.acme.pk}/{noun}/bulk/{action}/"
    data: dict[str, Any] = {"scope": "ids", "ids": [*own(cast, noun), *(each.pk for each in theirs)]}
    answer = client.post(f"{base}preview/", data, headers=HTMX)
    if (plan := re.search(r'name="plan" value="([^"]+)"', answer.content.decode())) is not None:
        typed = re.search(r'data-confirm="([^"]+)"|Type <[^>]+>([^<]+)<', answer.content.decode())
        sent = {"plan": html.unescape(plan[1]), **answers(cast, path), "target": str(cast.bolt.pk)}
        for confirm in ("", *(found for found in (typed.groups() if typed else ()) if found), *map(str, range(1, 10))):
            client.post(f"{base}run/", {**sent, "confirm": confirm}, headers=HTMX)
    others.unchanged_since(before)
    assert path in ALL_OR_NOTHING or Event.objects.filter(workspace=cast.acme).exists(), "it was not carried out at all"


@pytest.mark.parametrize(
    ("method", "path", "version", "body"),
    [
        ("DELETE", "/sim/multi", 1, lambda sims, devices, to: [{"id": pk} for pk in sims]),
        ("DELETE", "/endpoint/multi", 2, lambda sims, devices, to: [{"id": pk} for pk in devices]),
        ("DELETE", "/endpoint/multi?delete_sims=true", 2, lambda sims, devices, to: [{"id": pk} for pk in devices]),
        (
            "PATCH",
            "/endpoint/multi",
            2,
            lambda sims, devices, to: [{"id": pk, "tags": "leaked", "status": {"id": 1}} for pk in devices],
        ),
        (
            "POST",
            "/sim/migration/workspace",
            1,
            lambda sims, devices, to: {"sims": [{"id": pk} for pk in sims], "target_workspace": {"id": to}},
        ),
    ],
)
@pytest.mark.parametrize("mixed", [True, False], ids=["among own ones", "alone"])
def test_a_call_on_many_writes_its_own_rows_alone(
    cast: Cast, method: str, path: str, version: int, body: Any, mixed: bool
) -> None:
    others = Others(cast)
    before = others.rows()
    sims, devices = [sim.pk for sim in others.sims], [device.pk for device in others.devices]
    if mixed:
        sims, devices = [*own(cast, "sims"), *sims], [*own(cast, "devices"), *devices]
    answer = sign_in(cast.owner).call(method, path, body(sims, devices, cast.bolt.pk), version=version)
    assert answer.status_code < 500
    others.unchanged_since(before)
