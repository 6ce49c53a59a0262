"""What each further call does, and the event it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import ApplicationToken, Membership, User
from accounts.permissions import Role
from events.models import Event
from sims.models import BlockedOperator, Device, ServicePolicy, Sim, Sms, UsageDay, UsageRecord
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.cast import Cast
from tests.log import last, types
from tests.usage.records import deliver, record

TELEKOM = 26201


class Version2:
    """The same program, calling version 2."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.program.call(method, f"/../v2{path}", body, **query)


@pytest.fixture
def owner2(owner: Program) -> Any:
    def call(method: str, path: str, body: Any = None, **query: Any) -> Any:
        import json

        return owner.client.generic(
            method,
            f"/api/v2{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers={"authorization": f"Bearer {owner.token}"},
            query_params=query or None,
        )

    return call


# --- application tokens ---


def test_application_tokens(cast: Cast, owner: Program) -> None:
    made = owner.post("/application_token", {"description": "ERP", "expiry_date": "2099-05-29", "ip": "127.0.0.0/8"})
    assert made.status_code == 200
    value = made.json()["application_token"]
    assert types(cast.acme)[-1] == 10030
    program = exchange(value)
    (shown,) = owner.get("/application_token").json()
    assert value not in str(shown)
    assert shown["ip"] == "127.0.0.0/8"
    assert shown["expiry_date"] == "2099-05-29T00:00:00.000+0000"
    assert shown["creator"]["username"] == cast.owner.email
    assert shown["status"] == {"id": 0, "description": "Activated"}

    assert owner.patch(f"/application_token/{shown['id']}", {"description": "ERP 2"}).status_code == 204
    assert last().description == "Application token 'ERP 2' changed"
    assert owner.patch(f"/application_token/{shown['id']}", {"status": {"id": 1.0}}).status_code == 204
    assert types(cast.acme)[-1] == 10031
    error(program.get("/sim"), 401, 1102, "InvalidToken")
    error(owner.patch(f"/application_token/{shown['id']}", {"status": {"id": 0}}), 422, 1406, "NotAllowed")


def test_application_tokens_are_refused(cast: Cast, owner: Program, observer: Program) -> None:
    error(owner.post("/application_token", {"expiry_date": "soon"}), 422, 1400, "InputValidationFailed")
    error(owner.post("/application_token", {"expiry_date": "2001-01-01"}), 422, 1400, "InputValidationFailed")
    error(owner.post("/application_token", {"ip": "here"}), 422, 1400, "InputValidationFailed")
    token, _value = make_token(cast, cast.acme, by=cast.owner)
    foreign = ApplicationToken.objects.create(workspace=cast.umbra, digest="x", role="User")
    error(observer.patch(f"/application_token/{token.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")
    for id_ in (foreign.pk, 987654):
        error(owner.patch(f"/application_token/{id_}", {"status": {"id": 1}}), 404, 1401, "InvalidReference")


# --- events ---


def test_events_of_users_and_organisations(cast: Cast, owner: Program, erp: Program) -> None:
    (sim,) = cast.sims(1)
    member = sign_in(cast.member)
    member.patch(f"/sim/{sim.pk}", {"status": {"id": 1}})
    for path in (f"/user/{cast.member.pk}/event", f"/user/{cast.member.pk}.0/event"):
        assert 8 in [each["event_type"]["id"] for each in owner.get(path).json()]
    assert [each["id"] for each in member.get("/user/my/event").json()] == [
        each["id"] for each in owner.get(f"/user/{cast.member.pk}/event").json()
    ]
    error(member.get(f"/user/{cast.owner.pk}/event"), 403, 1104, "Forbidden")
    error(erp.get("/user/my/event"), 403, 1104, "Forbidden")
    assert owner.get(f"/user/{cast.outsider.pk}/event").json() == owner.get("/user/987654/event").json() == []

    everything = owner.get("/event").json()
    assert owner.get("/organisation/my/event").json() == everything
    assert owner.get(f"/organisation/{cast.acme.pk}/event").json() == everything
    for id_ in (cast.bolt.pk, cast.umbra.pk, 987654):
        error(owner.get(f"/organisation/{id_}/event"), 404, 1201, "NotFound")


# --- SIMs ---


def test_deleting_sims(cast: Cast, owner: Program) -> None:
    first, second, third = cast.sims(3)
    cast.device(sim=third)
    body = [{"id": each.pk} for each in (first, second, third)]
    error(owner.call("DELETE", "/sim/multi", body), 400, 1406, "NotAllowed")
    assert Sim.objects.filter(status=SimStatus.DELETED).count() == 0
    assert owner.call("DELETE", "/sim/multi", body[:2]).status_code == 204
    assert types(cast.acme)[-2:] == [10, 10]
    error(owner.call("DELETE", "/sim/multi", body[:1]), 404, 1401, "InvalidReference")


def test_migration(cast: Cast, owner: Program, erp: Program) -> None:
    first, second = cast.sims(2, status=SimStatus.ACTIVATED)
    device = cast.device(sim=second)
    body: dict[str, Any] = {"sims": [{"id": first.pk}], "target_workspace": {"id": cast.bolt.pk}}
    error(erp.post("/sim/migration/workspace", body), 403, 1104, "Forbidden")
    preview = owner.post("/sim/migration/workspace", body).json()
    assert preview["dry_run"] is True
    assert preview["sims"][0]["source_workspace"] == {"id": cast.acme.pk, "name": "Acme"}
    assert Sim.objects.get(pk=first.pk).workspace == cast.acme

    refused = owner.post("/sim/migration/workspace", {**body, "sims": [{"id": second.pk}], "dry_run": False})
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["error_code"] == 1502
    assert refused.json()["errors"][0]["sims"] == [{"id": second.pk, "iccid": second.iccid}]

    done = owner.post(
        "/sim/migration/workspace",
        {
            "iccids": [first.iccid, second.iccid],
            "target_workspace": {"id": cast.bolt.pk},
            "dry_run": False,
            "auto_detach_devices": True,
            "allowed_sim_statuses": [{"id": 1}],
        },
    )
    assert done.json()["sim_count"] == 2
    assert set(Sim.objects.values_list("workspace_id", "status")) == {(cast.bolt.pk, SimStatus.SUSPENDED)}
    assert Device.objects.get(pk=device.pk).status == DeviceStatus.DISABLED
    assert types(cast.bolt)[-1] == types(cast.acme)[-1] == 69


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"iccids": ["8988303000000000001"]}, 400),
        ({"sims": None}, 400),
        ({"sims": None, "iccids": ["12"]}, 400),
        ({"sims": [{"id": 1}] * 501}, 400),
        ({"sims": None, "iccid_range": {"start": "8988303000000000002", "end": "8988303000000000001"}}, 400),
        ({"sims": [{"id": 987654}]}, 404),
        ({"target_workspace": {"id": 987654}}, 404),
        ({"allowed_sim_statuses": [{"id": 9}]}, 400),
    ],
)
def test_migration_is_refused(cast: Cast, owner: Program, change: dict[str, Any], status: int) -> None:
    (sim,) = cast.sims(1)
    body = {"sims": [{"id": sim.pk}], "target_workspace": {"id": cast.bolt.pk}, **change}
    body = {key: value for key, value in body.items() if value is not None}
    assert owner.post("/sim/migration/workspace", body).status_code == status


def test_usage(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    UsageDay.objects.create(
        sim_id=sim.pk, workspace_id=cast.acme.pk, day=datetime.now(UTC).date(), data_total=1_500_000, data_rx=500_000,
        data_tx=1_000_000, sms_total=2, sms_mt=2,
    )  # fmt: skip
    for path in (f"/sim/{sim.pk}/stats", f"/endpoint/{device.pk}/stats", "/organisation/my/stats"):
        stats = owner.get(path).json()
        assert stats["current_month"]["data"]["volume"] == 1.5
        assert stats["current_month"]["sms"]["volume_rx"] == 2
        assert stats["last_month"]["data"]["volume"] == 0
    for path in (f"/sim/{sim.pk}/stats/daily", f"/endpoint/{device.pk}/stats/daily", "/organisation/my/stats/daily"):
        (day,) = owner.get(path).json()
        assert day["data"]["volume_tx"] == 1.0
    error(owner.get(f"/sim/{sim.pk}/stats/daily", start_date="never"), 400, 1000, "BadRequest")
    (foreign,) = cast.sims(1, workspace=cast.umbra)
    error(owner.get(f"/sim/{foreign.pk}/stats"), 404, 1401, "InvalidReference")


# --- endpoints ---


def test_the_blocklist_is_kept(cast: Cast, owner: Program, observer: Program) -> None:
    device = cast.device()
    path = f"/endpoint/{device.pk}/operator_blacklist"
    assert owner.call("PUT", f"{path}/{TELEKOM}").status_code == 204
    assert last().description == f"Network 'Telekom' blocked on device {device.name}"
    duplicate = error(owner.call("PUT", f"{path}/{TELEKOM}"), 409, 1405, "Duplicated")
    assert duplicate["message"] == (
        f"Operator with Id '{TELEKOM}' is already blacklisted on Endpoint with Id '{device.pk}'."
    )
    assert observer.get(path).json() == [{"id": TELEKOM, "name": "Telekom", "country": {"id": 405, "name": "Germany"}}]
    error(observer.delete(f"{path}/{TELEKOM}"), 403, 1104, "Forbidden")
    assert owner.delete(f"{path}/{TELEKOM}").status_code == 204
    assert last().description == f"Network 'Telekom' allowed on device {device.name}"
    error(owner.delete(f"{path}/{TELEKOM}"), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{path}/1"), 404, 1401, "InvalidReference")
    assert not BlockedOperator.objects.exists()
    foreign = cast.device(workspace=cast.umbra)
    for id_ in (foreign.pk, 987654):
        error(owner.call("PUT", f"/endpoint/{id_}/operator_blacklist/{TELEKOM}"), 404, 1401, "InvalidReference")
        error(owner.get(f"/endpoint/{id_}/operator_blacklist"), 404, 1401, "InvalidReference")


def test_sms_is_kept_and_counts(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.FACTORY_TEST)
    Sim.objects.filter(pk=sim.pk).update(factory_test_since=datetime(2020, 1, 1, tzinfo=UTC))
    device = cast.device(sim=sim)
    sent = owner.post(f"/endpoint/{device.pk}/sms", {"payload": "reboot", "source_address": "12345"})
    assert sent.status_code == 201, sent.content
    sms = owner.client.get(sent["Location"], headers={"authorization": f"Bearer {owner.token}"}).json()
    assert sms == sent.json()
    assert sms["status"] == {"id": 1, "description": "DELIVERY ATTEMPT PENDING"}
    assert owner.get(f"/endpoint/{device.pk}/sms").json() == [sms]
    assert (last().type, last().detail) == (10013, {"sms": {"id": sms["id"]}})
    assert "reboot" not in str(Event.objects.values())
    record = UsageRecord.objects.get()
    assert (record.sim_id, record.total, record.traffic_type) == (sim.pk, 1, 6)
    assert Sim.objects.get(pk=sim.pk).tested_sms == 1
    assert owner.get(f"/sim/{sim.pk}/stats").json()["current_month"]["sms"]["volume_rx"] == 1


def test_sms_is_refused(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.SUSPENDED)
    device = cast.device(sim=sim)
    path = f"/endpoint/{device.pk}/sms"
    error(owner.post(path, {"payload": "x"}), 409, 1406, "NotAllowed")
    error(owner.post(path, {"payload": ""}), 422, 1400, "InputValidationFailed")
    error(owner.post(path, {"payload": "x", "udh": "zz"}), 422, 1400, "InputValidationFailed")
    error(owner.post(path, {}), 422, 1400, "InputValidationFailed")
    Sim.objects.filter(pk=sim.pk).update(status=SimStatus.ACTIVATED)
    ServicePolicy.objects.update(sms_mt=False)
    error(owner.post(path, {"payload": "x"}), 409, 1406, "NotAllowed")
    assert not Sms.objects.exists()
    assert not UsageRecord.objects.exists()


def test_connectivity(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    path = f"/endpoint/{device.pk}/connectivity"
    assert owner.get(path).json() == {"status": {"description": "OFFLINE"}, "services": []}
    now = datetime.now(UTC)
    UsageRecord.objects.create(
        record_id="1", sim_id=sim.pk, workspace_id=cast.acme.pk, device_id=device.pk, traffic_type=5, total=1, rx=1,
        tx=0, started=now, ended=now, received=now, payload={},
    )  # fmt: skip
    assert owner.get(path).json()["status"] == {"description": "ONLINE"}
    Sim.objects.filter(pk=sim.pk).update(status=SimStatus.SUSPENDED)
    assert owner.get(path).json()["status"] == {"description": "OFFLINE"}
    unknown = owner.get("/endpoint/987654/connectivity_info")
    assert (unknown.status_code, unknown.json()["success"]) == (200, False)


def test_what_is_known_of_a_connection(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    path = f"/endpoint/{device.pk}/connectivity_info"
    assert owner.get(path).json() == {
        "success": False,
        "status": {"description": "OFFLINE"},
        "error": "No information from the network.",
    }
    operator = {"id": 4, "name": "ours", "mnc": "01", "country": {"id": 74, "name": "Germany", "mcc": "262"}}
    ended = datetime.now(UTC) - timedelta(hours=2)
    deliver(record(sim, sms=1, operator=operator, ended=ended))
    known = owner.get(path).json()
    assert known["success"] is True
    assert known["status"] == {"description": "ATTACHED"}
    assert known["operator"] == {"id": TELEKOM, "name": "Telekom", "country": {"id": 405, "name": "Germany"}}
    assert known["last_seen"].startswith(ended.isoformat(timespec="seconds")[:19])
    assert known["traffic_type"] == {"id": 6, "description": "SMS"}
    deliver(record(sim, mb="0.1", operator=operator))
    assert owner.get(path).json()["status"] == {"description": "ONLINE"}
    # A network that is kept from it lets it go.
    owner.call("PUT", f"/endpoint/{device.pk}/operator_blacklist/{TELEKOM}")
    assert owner.get(path).json()["status"] == {"description": "OFFLINE"}
    UsageRecord.objects.update(ended=datetime.now(UTC) - timedelta(days=2))
    owner.delete(f"/endpoint/{device.pk}/operator_blacklist/{TELEKOM}")
    assert owner.get(f"/endpoint/{device.pk}/connectivity").json()["status"] == {"description": "OFFLINE"}


def test_many_endpoints_at_once(cast: Cast, owner2: Any) -> None:
    service, coverage = cast.policies()
    first, second = cast.sims(2)
    common = {
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage.pk},
        "status": {"id": 0},
    }
    new = [
        {"name": "A", "sim": {"id": first.pk, "activate": True}},
        {"name": "B", "sim": {"id": second.pk, "status": {"id": 1}}, "tags": "north"},
        {"name": "C"},
    ]
    made = owner2("POST", "/endpoint/multi", {**common, "endpoints": new})
    assert made.status_code == 201, made.content
    ids = [each["id"] for each in made.json()]
    assert types(cast.acme)[-7:] == [10002, 45, 51, 10002, 8, 51, 10002]
    assert Sim.objects.get(pk=second.pk).device_id == ids[1]

    # One that can't be keeps all others out.
    error(owner2("POST", "/endpoint/multi", {**common, "endpoints": new}), 422, 1400, "InputValidationFailed")
    assert Device.objects.count() == 3
    assert owner2("PATCH", "/endpoint/multi", [{"id": each, "status": {"id": 1}} for each in ids]).status_code == 204
    assert set(Device.objects.values_list("status", flat=True)) == {DeviceStatus.DISABLED}
    assert (
        owner2("PATCH", "/endpoint/multi", [{"id": ids[0], "name": "AA"}, {"id": ids[1], "imei": ""}]).status_code
        == 204
    )
    error(owner2("PATCH", "/endpoint/multi", [{"id": 987654, "name": "x"}]), 404, 1401, "InvalidReference")

    error(owner2("DELETE", "/endpoint/multi", [{"id": ids[0]}, {"id": 987654}]), 404, 1401, "InvalidReference")
    assert owner2("DELETE", "/endpoint/multi", [{"id": ids[0]}]).status_code == 204
    assert Sim.objects.get(pk=first.pk).status == SimStatus.SUSPENDED
    deleted = owner2("DELETE", "/endpoint/multi", [{"id": each} for each in ids[1:]], delete_sims="true")
    assert deleted.status_code == 204
    assert Sim.objects.get(pk=second.pk).status == SimStatus.DELETED
    assert not Device.objects.exclude(status=DeviceStatus.DELETED).exists()


# --- profiles, plans, lookups ---


def test_service_profiles(cast: Cast, owner: Program, observer: Program) -> None:
    made = owner.post("/service_profile", {"name": "Meters", "allowed_3g": False})
    assert made.status_code == 201
    profile = made.json()
    assert (profile["allowed_3g"], profile["allowed_4g"]) == (False, True)
    assert [each["description"] for each in profile["service"]] == ["Data", "MO-SMS", "MT-SMS"]
    path = f"/service_profile/{profile['id']}"
    assert owner.delete(f"{path}/service/32").status_code == 204
    assert [each["id"] for each in owner.get(path).json()["service"]] == [38, 6]
    error(owner.delete(f"{path}/service/32"), 409, 1406, "NotAllowed")
    assert owner.call("PUT", f"{path}/service/32").status_code == 204
    error(owner.call("PUT", f"{path}/service/32"), 409, 1405, "Duplicated")
    for not_offered, name in ((0, "USSD"), (3, "Voice")):
        body = error(owner.call("PUT", f"{path}/service/{not_offered}"), 422, 1406, "NotAllowed")
        assert name in body["message"]
    error(owner.call("PUT", f"{path}/service/1"), 404, 1401, "InvalidReference")
    patched = owner.patch(path, {"description": "All meters"})
    assert (patched.status_code, patched.json()["description"]) == (201, "All meters")
    error(owner.patch(path, {"apply_data_quota": True}), 422, 1400, "InputValidationFailed")
    error(owner.post("/service_profile", {"name": "meters"}), 422, 1400, "InputValidationFailed")
    error(observer.delete(path), 403, 1104, "Forbidden")
    assert owner.delete(path).status_code == 204
    assert types(cast.acme)[-1] == 10007
    cast.device()
    error(owner.delete(f"/service_profile/{cast.policies()[0].pk}"), 409, 1406, "NotAllowed")
    for id_ in (cast.policies(cast.umbra)[0].pk, 987654):
        for method in ("GET", "PATCH", "DELETE"):
            error(owner.call(method, f"/service_profile/{id_}", {}), 404, 1401, "InvalidReference")


def test_tariff_profiles(cast: Cast, owner: Program) -> None:
    made = owner.post("/tariff_profile", {"name": "Europe", "tariff": {"id": cast.plan.pk}})
    assert made.status_code == 201
    path = f"/tariff_profile/{made.json()['id']}"
    assert owner.patch(path, {"name": "EU"}).status_code == 204
    assert owner.get(path).json()["name"] == "EU"
    assert owner.get(f"{path}/inclusive_volume").json()[0]["volume"] == 100
    error(owner.patch(path, {"tariff": {"id": 987654}}), 422, 1400, "InputValidationFailed")
    assert owner.delete(path).status_code == 204
    assert types(cast.acme)[-3:] == [10008, 10009, 10010]


def test_plans_and_lookups(cast: Cast, owner: Program) -> None:
    plan = owner.get("/organisation/my/tariff_plan/active").json()
    assert plan["tariff_plan"]["name"] == "Plus EUR"
    assert plan["factory_test_mode_allowed"] is None
    assert owner.get(f"/organisation/{cast.acme.pk}/tariff_plan").json() == [plan]
    assert owner.get("/tariff_plan/active").status_code == 200
    assert [each["name"] for each in owner.get("/tariff").json()] == ["Global Basic"]
    assert owner.get("/organisation/my/inclusive_volume").json()[0]["volume"] == 100
    assert owner.get("/user/role").json()[0] == {"id": 1, "name": "Administrator"}
    assert owner.get("/user/status").json()[0]["id"] == 0
    assert owner.get("/organisation/status").json()[1] == {"id": 1, "description": "Suspended"}
    assert owner.get("/user/mfa/type").json()[0]["id"] == 0
    operators = {each["id"]: each for each in owner.get("/operator").json()}
    assert len(operators) > 2_000
    assert operators[TELEKOM]["country"]["iso_code"] == "de"
    assert owner.get(f"/operator/{TELEKOM}").json() == operators[TELEKOM]
    assert {each["id"] for each in owner.get("/country").json()} >= {405}
    error(owner.get("/operator/1"), 404, 1201, "NotFound")


# --- users ---


def test_users(cast: Cast, owner: Program, observer: Program) -> None:
    names = [each["name"] for each in owner.get("/user", sort="name").json()]
    assert names == ["Max Member", "Olaf Observer", "Olga Owner"]
    error(observer.get("/user"), 403, 1104, "Forbidden")
    error(observer.get(f"/user/{cast.owner.pk}"), 403, 1104, "Forbidden")
    assert observer.get("/user/my").json()["roles"] == [{"id": 3, "name": "Observer"}]
    assert owner.get(f"/user/{cast.member.email}").json()["id"] == cast.member.pk
    for id_ in (cast.outsider.pk, 987654):
        error(owner.get(f"/user/{id_}"), 404, 1401, "InvalidReference")
        error(owner.patch(f"/user/{id_}", {"name": "x"}), 404, 1401, "InvalidReference")
        error(owner.delete(f"/user/{id_}"), 404, 1401, "InvalidReference")
    rights = [each["name"] for each in observer.get("/user/my/role/permission").json()]
    assert "sim_update" not in rights
    assert "event_read" in rights


def test_changing_users(cast: Cast, owner: Program, observer: Program) -> None:
    path = f"/user/{cast.member.pk}"
    assert observer.patch("/user/my", {"name": "Olaf O"}).status_code == 204
    assert User.objects.get(pk=cast.observer.pk).name == "Olaf O"
    assert types(cast.acme)[-1] == 10075
    assert owner.patch(path, {"status": {"id": 2}}).status_code == 204
    assert last().description == "Account of {subject.username} suspended"
    assert owner.patch(path, {"status": {"id": 1}}).status_code == 204
    error(owner.patch(path, {"status": {"id": 0}}), 422, 1400, "InputValidationFailed")
    error(owner.patch(path, {"username": "no address"}), 422, 1400, "InputValidationFailed")
    error(owner.patch("/user/my", {"status": {"id": 2}}), 403, 1104, "Forbidden")
    # An account that others depend on is not one Administrator's to suspend.
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role=Role.USER)
    error(owner.patch(path, {"status": {"id": 2}}), 403, 1104, "Forbidden")
    assert owner.call("PUT", f"{path}/role/3").status_code == 204
    assert Membership.objects.get(user=cast.member, workspace=cast.acme).role == Role.OBSERVER
    error(owner.delete(f"{path}/role/3"), 409, 1406, "NotAllowed")
    assert owner.delete(f"{path}/role/1").status_code == 204
    error(owner.delete(f"{path}/role/9"), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{path}/role/9"), 404, 1401, "InvalidReference")
    assert owner.delete(path).status_code == 204
    assert types(cast.acme)[-2:] == [10024, 10026]


def test_workspaces_of_users(cast: Cast, owner: Program, owner2: Any, erp: Program) -> None:
    mine = owner2("GET", "/user/my/workspace").json()
    assert [(each["name"], each["default_workspace"]) for each in mine] == [("Acme", True), ("Bolt", False)]
    assert [each["id"] for each in owner2("GET", f"/user/{cast.member.pk}/workspace").json()] == [cast.acme.pk]
    assert owner2("PUT", f"/user/my/default_organisation/{cast.bolt.pk}").status_code == 200
    assert User.objects.get(pk=cast.owner.pk).default_workspace == cast.bolt
    error(owner2("PUT", f"/user/my/default_organisation/{cast.umbra.pk}"), 403, 1104, "Forbidden")
    path = f"/user/{cast.member.pk}/workspace/{cast.acme.pk}"
    assert owner2("PATCH", path, {"status": {"id": 1}}).status_code == 204
    error(owner2("PATCH", path, {"status": {"id": 2}}), 409, 1406, "NotAllowed")
    assert owner2("PUT", f"{path}/role/3").status_code == 204
    error(owner2("DELETE", f"{path}/role/3"), 409, 1406, "NotAllowed")
    assert owner2("DELETE", path).status_code == 204
    error(owner2("DELETE", path), 404, 1401, "InvalidReference")
    own = f"/user/{cast.owner.pk}/workspace/{cast.acme.pk}"
    error(owner2("DELETE", own), 400, 1000, "BadRequest")
    error(owner2("DELETE", f"/user/{cast.outsider.pk}/workspace/{cast.umbra.pk}"), 403, 1104, "Forbidden")


@pytest.mark.usefixtures("whole_portal")
def test_invitations(cast: Cast, owner: Program, owner2: Any, mailoutbox: list[Any]) -> None:
    made = owner2(
        "POST", "/user/invitation", {"username": "nina@example.com", "name": "Nina New", "roles": [{"id": 3}]}
    )
    assert made.status_code == 201, made.content
    assert made.json()["roles"] == [{"id": 3, "name": "Observer"}]
    assert types(cast.acme)[-1] == 36
    duplicate = owner.post("/user", {"username": "nina@example.com", "name": "Nina New"})
    assert duplicate.status_code == 409
    error(owner.post("/user", {"username": "nobody", "name": "N"}), 422, 1400, "InputValidationFailed")
    wrong = {"username": "n@example.com", "name": "N", "organisation": {"id": cast.umbra.pk}}
    error(owner.post("/user", wrong), 404, 1401, "InvalidReference")
