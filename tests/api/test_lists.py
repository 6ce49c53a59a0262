"""Paging, `q` and `sort` of the lists: `docs/api.md` section 0."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.api import _FIELDS as EVENT_FIELDS
from sims.criteria import ENDPOINT_FIELDS, SIM_SORT, sim_fields
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim
from sims.states import SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("lists are paged, sorted and searched by SQL")

LISTS = ("/sim", "/endpoint", "/event")


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()]


def headers(answer: Any) -> tuple[str, ...]:
    names = ("X-Count-Per-Page", "X-Current-Page", "X-Total-Count", "X-Total-Pages", "X-Sort")
    return tuple(answer[name] for name in names)


def links(answer: Any) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer["Link"])}


def test_pages_and_their_headers(cast: Cast, owner: Program) -> None:
    all_ids = [sim.pk for sim in cast.sims(5)]
    first = owner.get("/sim", per_page=2)
    assert ids(first) == all_ids[:2]
    assert headers(first) == ("2", "1", "5", "3", "id")
    assert set(links(first)) == {"first", "next", "last"}

    second = owner.client.get(links(first)["next"], headers={"authorization": f"Bearer {owner.token}"})
    assert ids(second) == all_ids[2:4]
    assert set(links(second)) == {"first", "prev", "next", "last"}
    assert ids(owner.get("/sim", per_page=2, page=3)) == all_ids[4:]
    beyond = owner.get("/sim", per_page=2, page=99)
    assert (ids(beyond), beyond["X-Current-Page"]) == (all_ids[4:], "3")
    before = owner.get("/sim", per_page=2, page=-1)
    assert (ids(before), before["X-Current-Page"]) == (all_ids[:2], "1")


def test_links_keep_filter_and_order(cast: Cast, owner: Program) -> None:
    cast.sims(3)
    found = links(owner.get("/sim", per_page=1, q="status:0", sort="-iccid"))
    assert "q=status%3A0" in found["next"]
    assert "sort=-iccid" in found["next"]
    assert found["next"].startswith("http://testserver/api/v1/sim?page=2&per_page=1")


@pytest.mark.parametrize(
    ("path", "default", "most"), [("/sim", "2000", "2500"), ("/endpoint", "1000", "2500"), ("/event", "100", "1000")]
)
def test_defaults_and_clipping(cast: Cast, owner: Program, path: str, default: str, most: str) -> None:
    for asked, given_ in ((None, default), (0, default), (-5, default), (99_999_999, most), (7, "7")):
        query = {} if asked is None else {"per_page": asked}
        assert owner.get(path, **query)["X-Count-Per-Page"] == given_


def test_an_empty_list_has_one_page(cast: Cast, owner: Program) -> None:
    answer = owner.get("/endpoint", page=4)
    assert answer.json() == []
    assert headers(answer) == ("1000", "1", "0", "1", "id")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["page", "per_page"])
def test_a_page_that_is_no_number_is_400(cast: Cast, owner: Program, path: str, name: str) -> None:
    body = error(owner.get(path, **{name: "x"}), 400, 1000, "BadRequest")
    assert body["message"] == f'Cannot parse parameter {name} as Integer: For input string: "x"'


def test_sim_criteria(cast: Cast, owner: Program) -> None:
    first, second, third = cast.sims(3)
    Sim.objects.filter(pk=second.pk).update(status=SimStatus.ACTIVATED, msisdn="491512345678", eid="8" * 32)
    device = cast.device(sim=third)
    everything = [first.pk, second.pk, third.pk]
    cases: dict[str, list[int]] = {
        "": everything,
        f"id:{first.pk}": [first.pk],
        f"id:{first.pk}.0": [first.pk],
        "status:1": [second.pk],
        "status:1,msisdn:*5678": [second.pk],
        "status:0,msisdn:*5678": [],
        "endpoint:null": [first.pk, second.pk],
        f"endpoint:{device.pk}": [third.pk],
        f"iccid:{first.iccid}": [first.pk],
        f"iccid_with_luhn:{iccid_with_luhn(first.iccid)}": [first.pk],
        f"iccid:*{first.iccid[-6:]}": [first.pk],
        f"iccid:{first.iccid[4:]}": [first.pk],
        f"imsi:{second.imsi}": [second.pk],
        "eid:88888": [second.pk],
        "msisdn:null": [first.pk, third.pk],
        f"customer_org:{cast.acme.pk}": everything,
        f"customer_org:{cast.umbra.pk}": [],
        f"issuer_org:{cast.operator.pk}": everything,
        f"model:{cast.model.pk}": everything,
        "satellite_capable:false": everything,
        "satellite_capable:true": [],
        f"production_date:{first.production_date:%Y-%m-%d}": everything,
        "production_date:2001-01-01": [],
        " status : 1 , msisdn : 4915* ": [second.pk],
    }
    for query, expected in cases.items():
        assert ids(owner.get("/sim", q=query)) == expected, query


def test_a_wrong_check_digit_finds_nothing(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1)
    right = iccid_with_luhn(sim.iccid)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert ids(owner.get("/sim", q=f"iccid_with_luhn:{wrong}")) == []


def test_endpoint_criteria(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.SUSPENDED)
    first = cast.device(name="Pump 100%", tags="wet,north", imei="35209900176148", ip_address="10.1.2.3")
    second = cast.device(name="Meter", status=1, sim=sim)
    cases: dict[str, list[int]] = {
        "name:pump": [first.pk],
        "name:100%": [first.pk],
        "name:_": [],
        "name:p*": [first.pk],
        "name:*eter": [second.pk],
        "status:1": [second.pk],
        "tags:north": [first.pk],
        "tags:null": [second.pk],
        "imei:352*": [first.pk],
        "imei:null": [second.pk],
        "ip_address:10.1.2.3": [first.pk],
        "ip_address:10.1.*": [first.pk],
        "ip_address:*.3": [first.pk],
        "ip_address:10.2.*": [],
        "ip_address:null": [second.pk],
        "sim_status:2": [second.pk],
        "sim_status:null": [first.pk],
        f"created:{first.created:%Y-%m-%d}": [first.pk, second.pk],
        f"last_updated:{first.created:%Y-%m-%dT%H:%M:%SZ},name:pump": [first.pk],
    }
    for query, expected in cases.items():
        assert ids(owner.get("/endpoint", q=query)) == expected, query


BAD = (
    "x",
    "status",
    "status:",
    ":1",
    "nothing:1",
    "status:abc",
    "status:1,",
    ",",
    "status:1,,status:1",
    "id:99999999999999999999",
    "status:1.5",
    "status:true",
    "satellite_capable:maybe",
    "production_date:yesterday",
    "production_date:9999-12-31",
    "production_date:0001-01-01T00:00:00+14:00",
    "iccid:" + "*1" * 20,
    "msisdn:" + "1" * 5000,
    "iccid:\x00",
    ",".join(["status:1"] * 60),
)


@pytest.mark.parametrize("query", BAD)
def test_bad_criteria_are_1301(cast: Cast, owner: Program, query: str) -> None:
    body = error(owner.get("/sim", q=query), 422, 1301, "InvalidQueryCriteria")
    assert body["message"].startswith("Search criteria")


@pytest.mark.parametrize(("path", "status"), [("/sim", 422), ("/endpoint", 422), ("/event", 400)])
@pytest.mark.parametrize("sort", ["x", "--id", "id;", "id,", "-", "id desc", "device__name", "\x00"])
def test_bad_orders_are_1302(cast: Cast, owner: Program, path: str, status: int, sort: str) -> None:
    body = error(owner.get(path, sort=sort), status, 1302, "InvalidSortCriteria")
    assert body["message"].startswith("Sort criteria")


def test_orders(cast: Cast, owner: Program) -> None:
    first, second, third = cast.device(name="b"), cast.device(name="a"), cast.device(name="b")
    assert ids(owner.get("/endpoint", sort="name")) == [second.pk, first.pk, third.pk]
    assert ids(owner.get("/endpoint", sort="+name,-id")) == [second.pk, third.pk, first.pk]
    answer = owner.get("/endpoint", sort="-name")
    assert ids(answer) == [first.pk, third.pk, second.pk]
    assert answer["X-Sort"] == "-name"
    assert ids(owner.get("/endpoint", sort="-name", per_page=1, page=3)) == [second.pk]
    # An unescaped plus arrives as a space.
    plus = owner.client.get("/api/v1/endpoint?sort=+name", headers={"authorization": f"Bearer {owner.token}"})
    assert ids(plus)[0] == second.pk


def test_every_order_works(cast: Cast, owner: Program) -> None:
    cast.device(sim=cast.sims(1)[0])
    for name in SIM_SORT:
        for sort in (name, f"-{name}"):
            assert len(owner.get("/sim", sort=sort).json()) == 1
            assert len(owner.get("/sim", sort=sort, per_page=1, page=2).json()) == 1


FIELD_NAMES = sorted({*sim_fields(1, 1), *ENDPOINT_FIELDS, *EVENT_FIELDS, "organisation", "nothing"})
VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z"),
    st.dates().map(str),
    st.sampled_from(["null", "true", "*", "**", "1|2|3", "|", "%7C", "10.*", "::*", "\\", "%_"]),
    st.from_regex(r"89[0-9]{17,18}", fullmatch=True),
)
CRITERIA = st.lists(st.tuples(st.sampled_from(FIELD_NAMES), VALUES).map(":".join), max_size=4).map(",".join)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.one_of(CRITERIA, st.text(max_size=60)), sort=st.one_of(st.just(""), st.text(max_size=12)))
def test_no_query_breaks_anything(cast: Cast, owner: Program, query: str, sort: str) -> None:
    if not Device.objects.exists():
        cast.device(sim=cast.sims(1)[0], tags="a", ip_address="10.0.0.1")
    query, sort = (text.encode("utf-8", "replace").decode() for text in (query, sort))
    for path in LISTS:
        answer = owner.get(path, q=query, sort=sort)
        assert answer.status_code in (200, 400, 422), (path, query, sort, answer.content)
        if answer.status_code != 200:
            assert answer.json()["error_code"] in (1301, 1302)
