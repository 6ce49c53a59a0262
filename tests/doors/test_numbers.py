"""Each number is read alike at every door: import, filters, search, `q` and usage."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.utils import timezone

from events.filters import EventFilters
from events.models import Event
from sims.devices.filters import DeviceFilters
from sims.devices.selectors import found_free
from sims.identifiers import iccid_with_luhn
from sims.inventory.filters import SimFilters
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.stock import read_sim_csv
from sims.models import Device, Sim
from sims.states import SimStatus
from sims.usage.records import read
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.usage.records import record

pytestmark = pytest.mark.sqlite_too("numbers are compared by both databases")


class Request:
    """What a filter set needs of a request."""

    def __init__(self, cast: Cast) -> None:
        self.workspace = cast.acme


def set_of(kind: Any, cast: Cast, rows: Any, **query: str) -> Any:
    return kind(QueryDict(urlencode(query)), rows, request=Request(cast))


def sims_by(cast: Cast, **query: str) -> list[int]:
    found = set_of(SimFilters, cast, Sim.objects.of(cast.acme.pk), **query)
    return list(found.qs.values_list("pk", flat=True))


def devices_by(cast: Cast, **query: str) -> list[int | None]:
    found = set_of(DeviceFilters, cast, Device.objects.of(cast.acme.pk), **query)
    return list(found.qs.values_list("sim__pk", flat=True))


def events_by(cast: Cast, **query: str) -> list[int]:
    found = set_of(EventFilters, cast, Event.objects.filter(workspace=cast.acme), **query)
    return list(found.qs.values_list("sim_id", flat=True).distinct())


def asked(cast: Cast, path: str, criterion: str) -> list[int]:
    answer = sign_in(cast.owner).get(path, q=criterion)
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()]


def imported(cast: Cast, typed: str, column: str) -> str:
    given = {"iccid": "8988303000000000011", "imsi": "901430000000011", column: typed}
    text = io.StringIO()
    csv.writer(text).writerows([list(given), list(given.values())])
    return str(getattr(read_sim_csv(text.getvalue().encode()).records[0], column))


def used(sim: Sim, typed: str) -> str | None:
    return read(record(sim, sms=1, sim={"iccid": typed}), timezone.now()).iccid


ICCIDS: list[Callable[[str], str]] = [
    lambda iccid: iccid,
    iccid_with_luhn,
    lambda iccid: " ".join(iccid[at : at + 4] for at in range(0, 19, 4)),
    lambda iccid: "–".join(iccid[at : at + 4] for at in range(0, 19, 4)),
    lambda iccid: f"\u200e{iccid_with_luhn(iccid)}\u200b",
    lambda iccid: f'="{iccid}"',
    lambda iccid: f"'{iccid}",
    lambda iccid: f"ICCID: {iccid}",
    lambda iccid: f"{iccid}F",
]


@pytest.mark.parametrize("written", ICCIDS)
def test_an_iccid(cast: Cast, written: Callable[[str], str]) -> None:
    sim, _other = cast.sims(2)
    free, _more = cast.sims(2)
    cast.device(sim=sim, status=1)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    typed = written(sim.iccid)
    assert imported(cast, typed, "iccid") == sim.iccid
    assert sims_by(cast, iccid=typed) == [sim.pk]
    assert sims_by(cast, q=typed) == [sim.pk]
    assert devices_by(cast, iccid=typed) == [sim.pk]
    assert devices_by(cast, q=typed) == [sim.pk]
    assert events_by(cast, sim=typed) == [sim.pk]
    assert events_by(cast, q=typed) == [sim.pk]
    assert [each.pk for each in found_free(cast.acme.pk, written(free.iccid), 5)] == [free.pk]
    assert asked(cast, "/sim", f"iccid:{typed}") == [sim.pk]
    assert used(sim, typed) == sim.iccid
    assert {each["sim"]["id"] for each in sign_in(cast.owner).get("/event", q=f"iccid:{typed}").json()} == {sim.pk}


@pytest.mark.parametrize(
    "typed",
    [
        "491512345678",
        "+491512345678",
        "00491512345678",
        "+49 151 2345678",
        "0049-151-2345678",
        "\u202a+491512345678\u202c",
    ],
)
def test_an_msisdn(cast: Cast, typed: str) -> None:
    sim, other = cast.sims(2)
    Sim.objects.filter(pk=sim.pk).update(msisdn="491512345678")
    Sim.objects.filter(pk=other.pk).update(msisdn="491512345679")
    assert imported(cast, typed, "msisdn") == "491512345678"
    assert sims_by(cast, msisdn=typed) == [sim.pk]
    assert sims_by(cast, q=typed) == [sim.pk]
    assert asked(cast, "/sim", f"msisdn:{typed}") == [sim.pk]
    assert [each.pk for each in found_free(cast.acme.pk, typed, 5)] == [sim.pk]


@pytest.mark.parametrize("typed", ["901-43-{}", "IMSI: 90143{}", "90143{}", "\u200b90143{}"])
def test_an_imsi(cast: Cast, typed: str) -> None:
    sim, _other = cast.sims(2)
    typed = typed.format(sim.imsi[5:])
    assert imported(cast, typed, "imsi") == sim.imsi
    assert sims_by(cast, imsi=typed) == [sim.pk]
    assert sims_by(cast, q=typed) == [sim.pk]
    assert asked(cast, "/sim", f"imsi:{typed}") == [sim.pk]


@pytest.mark.parametrize("stored", ["35209900176148", "352099001761481", "352099001761480", "3520990017614823"])
@pytest.mark.parametrize("typed", ["352099001761481", "35-209900-176148-1", "35209900176148", "3520990017614807"])
def test_an_imei_finds_the_device_whatever_follows_its_fourteen_digits(cast: Cast, stored: str, typed: str) -> None:
    sim, other = cast.sims(2)
    device = cast.device(sim=sim)
    cast.device(sim=other)
    Device.objects.filter(pk=device.pk).update(imei=stored)
    assert devices_by(cast, imei=typed) == [sim.pk]
    assert devices_by(cast, q=typed) == [sim.pk]
    assert asked(cast, "/endpoint", f"imei:{typed}") == [device.pk]


def lists(cast: Cast, report: Any) -> dict[str, list[str]]:
    return {group.key: list(group.values) for group in (report.found, *report.rest)}


def test_a_list_tells_what_was_found_and_why_the_rest_was_not(cast: Cast) -> None:
    first, second, gone = cast.sims(3)
    foreign = cast.sims(1, workspace=cast.umbra)[0]
    Sim.objects.filter(pk=gone.pk).update(status=SimStatus.DELETED)
    pasted = f"ICCID\n{first.iccid}\n{iccid_with_luhn(second.iccid)}\n{gone.iccid}\n{foreign.iccid}\n8988303\u0041\n"
    found = set_of(SimFilters, cast, Sim.objects.of(cast.acme.pk), **{"iccid": pasted})
    assert set(found.qs.values_list("pk", flat=True)) == {first.pk, second.pk}
    (report,) = found.reports
    assert lists(cast, report) == {
        "found": [first.iccid, iccid_with_luhn(second.iccid)],
        "hidden": [gone.iccid],
        "absent": [foreign.iccid],
        "bad": ["8988303A"],
    }
    assert report.text.startswith("ICCID: 2 of 5 found; 1 is not in this workspace")


@pytest.mark.parametrize("between", [" ", "\n", ",", ";", "\t", "\r\n", "  \n "])
def test_any_separator_parts_numbers(cast: Cast, between: str) -> None:
    sims = cast.sims(3)
    assert set(sims_by(cast, iccid=between.join(sim.iccid for sim in sims[:2]))) == {sims[0].pk, sims[1].pk}
    for sim in sims[:2]:
        cast.device(sim=sim)
    assert set(devices_by(cast, iccid=between.join(sim.iccid for sim in sims[:2]))) == {each.pk for each in sims[:2]}


def test_the_list_of_a_log(cast: Cast) -> None:
    sim, quiet = cast.sims(2)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    pasted = f"{sim.iccid} {quiet.iccid}\n{sim.imsi}\n99x"
    found = set_of(EventFilters, cast, Event.objects.filter(workspace=cast.acme), **{"sim": pasted})
    assert found.qs.count() == 1
    (report,) = found.reports
    assert lists(cast, report) == {"found": [sim.iccid, sim.imsi], "absent": [quiet.iccid], "bad": ["99x"]}
