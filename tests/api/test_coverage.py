"""What a tariff profile lets its endpoints use, and that it takes effect on usage and connectivity."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import DataPlan
from kit.errors import NotFound
from sims.models import CoverageBlockedOperator, CoverageExcludedZone, CoveragePolicy, UsageRecord
from sims.policies.services import coverage
from sims.states import SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast
from tests.log import last, types
from tests.usage.records import deliver, record

TELEKOM, KPN, ATT = 26201, 20408, 310410


def operator(network_id: int) -> dict[str, Any]:
    mcc, mnc = str(network_id)[:3], str(network_id)[3:]
    return {"id": 553, "name": "as the sender calls it", "mnc": mnc, "country": {"id": 74, "mcc": mcc}}


@pytest.fixture
def policy(cast: Cast) -> CoveragePolicy:
    return cast.policies()[1]


def test_coverage_lists_zones_countries_and_networks(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    zones = owner.get(f"/tariff_profile/{policy.pk}/coverage").json()
    assert [zone["ratezone"]["name"] for zone in zones][:2] == ["Europe", "North America and Caribbean"]
    assert all(zone["selected"] for zone in zones)
    assert zones[0]["ratezone"]["id"] == cast.plan.pk * 10 + 2
    germany = next(country for country in zones[0]["country"] if country.get("iso_code") == "de")
    assert {"id": TELEKOM, "name": "Telekom", "blocked": False} in germany["operator"]
    listed = {each["id"] for zone in zones for country in zone["country"] for each in country["operator"]}
    assert listed == {each["id"] for each in owner.get("/operator").json()}


def test_a_blocked_network_refuses_usage(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    path = f"/tariff_profile/{policy.pk}/operator_blocklist"
    early = record(sim, mb="1", operator=operator(TELEKOM))
    assert owner.call("PUT", f"{path}/{TELEKOM}", version=2).status_code == 204
    assert last().type == 10009
    assert last().detail["changes"] == {"operator_blocklist": {"from": [], "to": ["Telekom"]}}
    listed = owner.call("GET", path, version=2).json()
    assert listed == [{"id": TELEKOM, "name": "Telekom", "country": {"id": 405, "name": "Germany"}}]
    error(owner.call("PUT", f"{path}/{TELEKOM}", version=2), 409, 1405, "Duplicated")

    report = deliver(
        record(sim, mb="1", operator=operator(TELEKOM)),
        record(sim, mb="1", operator={"id": TELEKOM}),
        record(sim, mb="1", operator=operator(KPN)),
        record(sim, mb="1"),
        early,
    )
    assert (report.accepted, [each["index"] for each in report.rejected]) == (3, [0, 1])
    assert "blocked by the coverage policy" in report.rejected[0]["error"]
    # What was counted before is a duplicate, and no refusal.
    assert deliver(early).duplicates == 1

    assert owner.call("DELETE", f"{path}/{TELEKOM}", version=2).status_code == 204
    assert owner.call("DELETE", f"{path}/{TELEKOM}", version=2).status_code == 404
    assert deliver(record(sim, mb="1", operator=operator(TELEKOM))).accepted == 1
    assert UsageRecord.objects.count() == 4


def test_the_devices_own_list_refuses_usage_too(cast: Cast, owner: Program) -> None:
    mine, other = cast.sims(2, status=SimStatus.ACTIVATED)
    device = cast.device(sim=mine)
    cast.device(sim=other)
    owner.call("PUT", f"/endpoint/{device.pk}/operator_blacklist/{TELEKOM}")
    report = deliver(*(record(sim, mb="1", operator=operator(TELEKOM)) for sim in (mine, other)))
    assert (report.accepted, report.rejected[0]["index"]) == (1, 0)
    assert "blocked on the device" in report.rejected[0]["error"]


def test_a_zone_that_is_not_selected_refuses_usage(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    path = f"/tariff_profile/{policy.pk}/ratezone_selection"
    america = cast.plan.pk * 10 + 3
    assert owner.delete(f"{path}/{america}").status_code == 204
    assert last().detail["changes"] == {"excluded_zones": {"from": [], "to": ["North America and Caribbean"]}}
    report = deliver(*(record(sim, mb="1", operator=operator(each)) for each in (ATT, KPN)))
    assert (report.accepted, report.rejected[0]["index"]) == (1, 0)
    zones = owner.get(f"/tariff_profile/{policy.pk}/coverage").json()
    assert [zone["selected"] for zone in zones] == [True, False, True, True, True, True, True]
    before = types()
    assert owner.delete(f"{path}/{america}.0").status_code == 204
    assert types() == before
    assert owner.call("PUT", f"{path}/{america}").status_code == 204
    assert deliver(record(sim, mb="1", operator=operator(ATT))).accepted == 1
    # The plan's own id, which inclusive volumes name, is all of it.
    assert owner.delete(f"{path}/{cast.plan.pk}").status_code == 204
    assert CoverageExcludedZone.objects.count() == 7
    assert deliver(record(sim, mb="1", operator=operator(KPN))).accepted == 0


def test_another_data_plan_drops_the_selection(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    other = DataPlan.objects.create(name="Regional", included_mb=50)
    cast.acme.data_plans.add(other)
    owner.delete(f"/tariff_profile/{policy.pk}/ratezone_selection/{cast.plan.pk * 10 + 3}")
    owner.delete(f"/tariff_profile/{policy.pk}/inclusive_volume/{cast.plan.pk}")
    assert owner.patch(f"/tariff_profile/{policy.pk}", {"tariff": {"id": other.pk}}).status_code == 204
    changes = last().detail["changes"]
    assert set(changes) == {"data_plan", "excluded_zones", "uses_allowance"}
    assert not CoverageExcludedZone.objects.exists()
    policy.refresh_from_db()
    assert policy.uses_allowance


def test_the_allowance(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    path = f"/tariff_profile/{policy.pk}/inclusive_volume"
    assert [each["id"] for each in owner.get(path).json()] == [cast.plan.pk]
    error(owner.call("PUT", f"{path}/{cast.plan.pk}"), 409, 1405, "Duplicated")
    assert owner.delete(f"{path}/{cast.plan.pk}").status_code == 204
    assert last().detail["changes"] == {"uses_allowance": {"from": True, "to": False}}
    assert owner.get(path).json() == []
    error(owner.delete(f"{path}/{cast.plan.pk}"), 404, 1401, "InvalidReference")
    assert owner.call("PUT", f"{path}/{cast.plan.pk}").status_code == 204
    assert len(owner.get(path).json()) == 1


@pytest.mark.parametrize(("field", "named"), [(None, "Tariff profile"), ("inclusive_volume", "Inclusive volume")])
def test_what_is_not_found_is_named_by_its_own_id(
    cast: Cast,
    owner: Program,
    policy: CoveragePolicy,
    monkeypatch: pytest.MonkeyPatch,
    field: str | None,
    named: str,
) -> None:
    plan = DataPlan.objects.create(pk=policy.pk + 70, name="Regional", included_mb=50)
    CoveragePolicy.objects.filter(pk=policy.pk).update(data_plan=plan)

    def gone(**_asked: Any) -> None:
        raise NotFound("deleted at the same moment", field=field)

    monkeypatch.setattr(coverage, "use_allowance", gone)
    answer = owner.call("PUT", f"/tariff_profile/{policy.pk}/inclusive_volume/{plan.pk}")
    error(answer, 404, 1401, "InvalidReference")
    wrong = plan.pk if field else policy.pk
    assert f"{named} with Id '{wrong}' not found" in answer.json()["message"]


def test_who_may(cast: Cast, owner: Program, observer: Program, outsider: Program, policy: CoveragePolicy) -> None:
    zone = cast.plan.pk * 10 + 2
    v1, v2 = f"/tariff_profile/{policy.pk}", f"/tariff_profile/{policy.pk}/operator_blocklist"
    for method, path, version in (
        ("PUT", f"{v1}/ratezone_selection/{zone}", 1),
        ("DELETE", f"{v1}/ratezone_selection/{zone}", 1),
        ("PUT", f"{v1}/inclusive_volume/{cast.plan.pk}", 1),
        ("DELETE", f"{v1}/inclusive_volume/{cast.plan.pk}", 1),
        ("PUT", f"{v2}/{TELEKOM}", 2),
        ("DELETE", f"{v2}/{TELEKOM}", 2),
    ):
        error(observer.call(method, path, version=version), 403, 1104, "Forbidden")
        error(outsider.call(method, path, version=version), 404, 1401, "InvalidReference")
    for path, version in ((f"{v1}/coverage", 1), (v2, 2)):
        assert observer.call("GET", path, version=version).status_code == 200
        error(outsider.call("GET", path, version=version), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{v1}/ratezone_selection/987654"), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{v1}/inclusive_volume/987654"), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{v2}/1", version=2), 404, 1401, "InvalidReference")
    assert not CoverageBlockedOperator.objects.exists()


@pytest.mark.usefixtures("whole_portal")
def test_the_policy_page_says_what_is_left_out(cast: Cast, owner: Program, policy: CoveragePolicy) -> None:
    owner.delete(f"/tariff_profile/{policy.pk}/ratezone_selection/{cast.plan.pk * 10 + 6}")
    owner.delete(f"/tariff_profile/{policy.pk}/inclusive_volume/{cast.plan.pk}")
    owner.call("PUT", f"/tariff_profile/{policy.pk}/operator_blocklist/{TELEKOM}", version=2)
    page = cast.client(cast.owner).get(reverse("sims:policy_list", args=[cast.acme.pk])).content.decode()
    for text in ("Not in Africa.", "Not on Telekom.", "Without the included volume, as recorded for billing."):
        assert text in page
