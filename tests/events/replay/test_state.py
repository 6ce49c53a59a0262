"""The fold: what events say is so, each field with the event that made it so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from events.replay.state import Replay, folded
from events.replay.states import UNTOLD, Known, Row

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOME, AWAY = 7, 8


def row(id_: int, type_: int, **values: Any) -> Row:
    empty = dict.fromkeys(Row._fields)
    return Row(**{**empty, "workspace_id": HOME, **values, "id": id_, "type": type_, "moment": moment(id_)})


def moment(id_: int) -> datetime:
    return NOON + timedelta(minutes=id_)


def known(value: object, id_: int, log: int = HOME) -> Known:
    return Known(value, id_, moment(id_), log)


REGISTERED = row(1, 48, detail={"sim_batch": {"id": 3}, "covers": {"sim": [11, 12], "batch": [3]}})
CREATED = row(
    2,
    10002,
    device_id=5,
    device_name="Pump",
    device_tags="north",
    device_imei="490154203237518",
    detail={"status": 1, "service_policy": 31, "coverage_policy": 47, "imei_lock": False},
)


def test_each_field_knows_the_event_that_made_it_so() -> None:
    replay = folded(
        [
            REGISTERED,
            CREATED,
            row(3, 8, sim_id=11, old_state=0, new_state=1),
            row(4, 51, sim_id=11, device_id=5, device_name="Pump"),
            row(5, 42, sim_id=11, device_id=5, old_state=1, new_state=0),
        ]
    )
    sim, device = replay.sims[11], replay.devices[5]
    assert (sim.status, sim.workspace, sim.device) == (known(1, 3), known(HOME, 1), known(5, 4))
    assert (device.status, device.sim, device.name) == (known(0, 5), known(11, 4), known("Pump", 2))
    assert (device.service_policy, device.coverage_policy) == (known(31, 2), known(47, 2))
    assert replay.sims[12].status == known(0, 1)
    assert (replay.breaks, replay.events, replay.last_id) == ([], 5, 5)


def test_a_device_is_changed_and_deleted() -> None:
    changes = {
        "name": {"from": "Pump", "to": "Pump {{1}}"},
        "service_policy": {"from": 31, "to": 32},
        "imei": {"from": "490154203237518", "to": ""},
        "ip_address": {"from": None, "to": "10.0.0.7"},
    }
    replay = folded(
        [
            CREATED,
            row(3, 10003, device_id=5, device_name="Pump {1}", detail={"changes": changes}),
            row(4, 10011, detail={"added": ["east", "a{{b"], "removed": ["north"], "covers": {"device": [5, 6]}}),
            row(5, 10004, device_id=5, old_state=1, new_state=2),
        ]
    )
    device = replay.devices[5]
    assert device.name == known("Pump {1}", 3)
    assert (device.imei.value, device.ip_address.value) == ("", "10.0.0.7")
    assert device.tags == known("east,a{b", 4)
    assert (device.status, device.service_policy, device.coverage_policy) == (
        known(2, 5),
        known(None, 5),
        known(None, 5),
    )
    assert replay.devices[6].tags == UNTOLD, "nobody has told with which tags it began"
    assert replay.breaks == []


def test_a_transfer_says_in_which_state_a_sim_arrives_and_the_target_begins_with_it() -> None:
    detail = {
        "sims": [{"id": 11, "iccid": "…", "status": {"id": 2}}],
        "target": {"id": AWAY},
        "covers": {"sim": [11]},
    }
    source = folded([REGISTERED, row(2, 8, sim_id=11, old_state=0, new_state=1), row(5, 69, sim_id=11, detail=detail)])
    assert source.sims[11].workspace == known(AWAY, 5)
    target = folded([row(6, 69, sim_id=11, workspace_id=AWAY, detail=detail)])
    assert (target.sims[11].status, target.sims[11].workspace) == (known(2, 6, AWAY), known(AWAY, 6, AWAY))
    assert target.sims[11].device == known(None, 6, AWAY)


def test_what_logs_of_older_versions_do_not_tell_is_not_guessed() -> None:
    replay = folded(
        [
            row(2, 10002, device_id=5, device_name="Pump", device_tags="north"),
            row(3, 69, detail={"sims": [{"id": 11, "iccid": "…"}], "target": {"id": HOME}}),
        ]
    )
    assert replay.sims[11].status == UNTOLD
    assert replay.sims[11].workspace == known(HOME, 3)
    device = replay.devices[5]
    assert (device.name.value, device.tags.value) == ("Pump", "north")
    assert (device.status, device.service_policy, device.imei_lock) == (UNTOLD, UNTOLD, UNTOLD)


def test_later_events_teach_what_the_beginning_would_have_told() -> None:
    replay = folded(
        [
            row(7, 9, sim_id=11, device_id=5, device_name="Old name", old_state=1, new_state=2),
            row(8, 43, sim_id=11, device_id=5, device_name="Pump", device_tags="a", old_state=0, new_state=1),
        ]
    )
    assert replay.sims[11].device == known(5, 7)
    assert replay.sims[11].workspace == known(HOME, 7)
    device = replay.devices[5]
    assert device.name == known("Pump", 8), "event 7 was written without the device's lock"
    assert (device.tags, device.sim, device.status) == (known("a", 8), known(11, 8), known(1, 8))
    assert device.created == UNTOLD


def test_an_event_that_does_not_fit_those_before_it_is_a_break() -> None:
    replay = folded(
        [
            REGISTERED,
            CREATED,
            row(3, 9, sim_id=11, old_state=1, new_state=2),
            row(4, 10003, device_id=5, detail={"changes": {"name": {"from": "Other", "to": "New"}}}),
        ]
    )
    assert [(each.kind, each.id, each.field, each.event_id, each.says) for each in replay.breaks] == [
        ("sim", 11, "status", 3, 1),
        ("device", 5, "name", 4, "Other"),
    ]
    assert replay.sims[11].status == known(2, 3)


def test_members_tokens_and_orders() -> None:
    token = {"id": 9, "description": "ERP {{a}}", "role": "Administrator"}
    replay = folded(
        [
            row(1, 17, subject=1),
            row(2, 10025, subject=2, detail={"role": "User"}),
            row(3, 10024, subject=2, detail={"role": {"from": "User", "to": "Observer"}}),
            row(4, 10024, subject=1, detail={"role": {"from": "SuperAdmin", "to": "Administrator"}}),
            row(5, 10024, subject=2, detail={"role": {"from": "Observer", "to": "SuperAdmin"}}),
            row(6, 10025, subject=3, detail={"role": "User"}),
            row(7, 10026, subject=3, detail={"role": "User"}),
            row(8, 10030, detail={"application_token": token}),
            row(9, 10085, detail={"application_token": {**token, "role": "User"}, "changes": {"role": {}}}),
            row(10, 10031, detail={"application_token": {**token, "role": "User"}}),
            row(11, 38, detail={"id": 4, "location": "…"}),
            row(12, 39, detail={"id": 4, "status": {"id": 1}}),
        ]
    )
    assert replay.members[1].role == known("Administrator", 4)
    assert replay.members[1].super_admin == known(False, 4)
    assert (replay.members[2].role, replay.members[2].super_admin) == (known("Observer", 3), known(True, 5))
    assert replay.members[3].role == known(None, 7)
    assert replay.tokens[9].description == known("ERP {a}", 8)
    assert (replay.tokens[9].role, replay.tokens[9].revoked) == (known("User", 9), known(True, 10))
    assert replay.orders[4].status == known(1, 12)


def test_shapes_that_nobody_writes_raise_nothing() -> None:
    replay = Replay()
    for number, type_id in enumerate((48, 69, 10060, 10002, 10003, 10011, 10024, 10025, 10030, 38, 39), 1):
        shapes: list[Any] = [None, [], "x", {"sims": 3, "covers": [], "changes": [], "role": 5, "id": "x"}]
        for detail in shapes:
            replay.take(row(number, type_id, device_id=5, subject=2, detail=detail))
    assert replay.sims == {}
    assert replay.events == 44
