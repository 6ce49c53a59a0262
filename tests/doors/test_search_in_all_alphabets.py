"""Search ignores case and composition in all alphabets, at every door and alike on both databases."""

# ruff: noqa: RUF001 - names in other alphabets are what this is about

from __future__ import annotations

import unicodedata

import pytest

from kit.folding import fold
from sims.devices.filters import DeviceFilters
from sims.devices.services.devices import NewDevice, create_devices
from sims.inventory.filters import SimFilters
from sims.models import Device, Sim
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.test_numbers import events_by, set_of

pytestmark = pytest.mark.sqlite_too("SQLite folds ASCII only")

NAMES = [
    ("Pumpe Ø ünï", ["ÜNÏ", "ø", "PUMPE Ø", "u\u0308ni\u0308", "pumpe ø ÜNÏ"]),
    ("Cafe\u0301 7", ["Café", "CAFÉ", "cafe\u0301", "É 7"]),
    ("Насос 12", ["НАСОС", "насос", "асОС 1"]),
    ("Αντλία", ["ΑΝΤΛΊΑ", "αντλία"]),
    ("100%_Ø", ["100%_ø", "%_Ø"]),
]


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, all_ in NAMES for typed in all_])
def test_a_device_is_found(cast: Cast, name: str, typed: str) -> None:
    service, coverage = cast.policies()
    cast.device(name="Other", tags="other")
    new = NewDevice(name=name, service_policy_id=service.pk, coverage_policy_id=coverage.pk, tags=name)
    with cast.acting(cast.owner):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[new])
    assert Device.objects.get(pk=device.pk).name == unicodedata.normalize("NFC", name)
    sim = cast.sims(1)[0]
    Sim.objects.filter(pk=sim.pk).update(device=device)
    devices, sims = Device.objects.of(cast.acme.pk), Sim.objects.of(cast.acme.pk)
    for query in ({"q": typed}, {"name": typed}, {"tag": typed}, {"name": f"*{typed}*"}):
        assert list(set_of(DeviceFilters, cast, devices, **query).qs.values_list("pk", flat=True)) == [device.pk], query
    for query in ({"q": typed}, {"device_name": typed}):
        assert list(set_of(SimFilters, cast, sims, **query).qs.values_list("pk", flat=True)) == [sim.pk], query
    answer = sign_in(cast.owner).get("/endpoint", q=f"name:{typed}")
    assert [each["id"] for each in answer.json()] == [device.pk]
    assert len(events_by(cast, q=typed)) == 1
    assert len(events_by(cast, device=typed)) == 1


def test_signs_of_like_stay_literal(cast: Cast) -> None:
    cast.device(name="100x-Ø")
    found = set_of(DeviceFilters, cast, Device.objects.of(cast.acme.pk), q="100%_ø")
    assert not found.qs.exists()


def test_what_is_stored_decomposed_is_found_on_sqlite_and_folded_alike() -> None:
    assert fold("Cafe\u0301") == fold("CAFÉ") == "café"
    assert fold(None) is None
