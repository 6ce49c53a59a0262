"""Log and tables compared: what somebody changes behind the log's back is named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from accounts.models import ApplicationToken, Membership, User, Workspace
from accounts.permissions import Role
from accounts.tokens.services import create_application_token
from events.models import Event, ReplayCheck, RetentionReceipt
from events.replay import checks, compare
from events.replay.compare import PIECES, Difference
from events.replay.one_object import replay_of_one
from events.replay.selectors import replay_problems, tables_agree
from events.triggers import lifted
from kit.clock import iso_moment
from kit.context import SCHEDULE, acting_as
from sims.inventory.services.assignment import SimChoice, assign_sims
from sims.models import CoveragePolicy, Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.replay.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("JSON is searched by other functions there")]


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def differences(*workspaces: Workspace) -> list[Difference]:
    found: list[Difference] = []
    for workspace in workspaces:
        check = checks.begin(workspace_id=workspace.pk)
        while check.finished is None:
            found += checks.step(check).differences
    return found


def untold(workspace: Workspace) -> int:
    check = checks.begin(workspace_id=workspace.pk)
    while check.finished is None:
        assert checks.step(check).differences == []
    return check.untold


def behind_its_back(model: type[models.Model], pk: int, **values: Any) -> None:
    """Change a row as somebody at the database would."""
    model._base_manager.filter(pk=pk).update(**values)


SIM_CHANGES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"status": SimStatus.SUSPENDED}, "status", "Activated", "Suspended"),
    ({"device_id": None}, "device", "{device}", "on no device"),
]
DEVICE_CHANGES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"name": "Other"}, "name", "Pump", "Other"),
    ({"status": DeviceStatus.DISABLED}, "status", "Enabled", "Disabled"),
    ({"tags": "north,west"}, "tags", "north,east", "north,west"),
    ({"imei": "356938035643809"}, "imei", "490154203237518", "356938035643809"),
    ({"imei_lock": True}, "imei_lock", "False", "True"),
    ({"ip_address": None}, "ip_address", "10.0.0.7", "none"),
]


def furnished(world: World) -> tuple[Sim, Device]:
    sim = world.sims(2, status=SimStatus.ACTIVATED)[0]
    (device,) = world.devices("Pump", tags="north,east", imei="490154203237518", ip_address="10.0.0.7")
    with world.acting():
        assign_sims(workspace_id=world.home.pk, choices={device.pk: SimChoice(sim.pk)})
    return sim, device


def test_nothing_differs_as_long_as_services_write(world: World) -> None:
    furnished(world)
    assert differences(world.home, world.away, world.cast.operator) == []
    assert untold(world.home) == 0


@pytest.mark.parametrize(("values", "field", "log", "table"), SIM_CHANGES)
def test_a_sim_changed_behind_the_logs_back(
    world: World, values: dict[str, Any], field: str, log: str, table: str
) -> None:
    sim, device = furnished(world)
    behind_its_back(Sim, sim.pk, **values)
    (found,) = differences(world.home, world.away, world.cast.operator)
    assert (found.kind, found.id, found.name, found.field) == ("sim", sim.pk, sim.iccid, field)
    assert (found.log, found.table) == (log.format(device=device.pk), table)
    told = Event.objects.of(world.home.pk).filter(sim_id=sim.pk, type={"status": 8, "device": 51}[field]).get()
    assert found.event_id == told.pk
    assert f"by event {told.pk}" in found.sentence


@pytest.mark.parametrize(("values", "field", "log", "table"), DEVICE_CHANGES)
def test_a_device_changed_behind_the_logs_back(
    world: World, values: dict[str, Any], field: str, log: str, table: str
) -> None:
    _sim, device = furnished(world)
    behind_its_back(Device, device.pk, **values)
    (found,) = differences(world.home)
    assert (found.kind, found.id, found.field, found.log, found.table) == ("device", device.pk, field, log, table)
    assert found.event_id == Event.objects.get(type=10002, device_id=device.pk).pk


def test_a_policy_given_behind_the_logs_back(world: World) -> None:
    _sim, device = furnished(world)
    other = CoveragePolicy.objects.create(workspace=world.home, name="Other", data_plan=world.cast.plan)
    behind_its_back(Device, device.pk, coverage_policy=other)
    (found,) = differences(world.home)
    assert (found.field, found.log, found.table) == ("coverage_policy", str(world.coverage.pk), str(other.pk))


def test_a_sim_moved_behind_the_logs_back_is_missed_here_and_unknown_there(world: World) -> None:
    sim, _device = furnished(world)
    behind_its_back(Sim, sim.pk, workspace=world.away, device=None)
    home, away = differences(world.home, world.away, world.cast.operator)
    assert (home.workspace_id, home.field, home.table) == (world.home.pk, "presence", f"in workspace {world.away.pk}")
    assert (away.workspace_id, away.field, away.event_id) == (world.away.pk, "presence", None)
    assert "no event tells of it" in away.sentence


def test_stock_taken_or_made_behind_the_logs_back(world: World) -> None:
    batch = world.stock(2)
    first, second = batch.sims.order_by("pk")
    behind_its_back(Sim, first.pk, status=SimStatus.ACTIVATED)
    Sim.objects.filter(pk=second.pk).delete()
    made = Sim.objects.create(iccid="8988309999999999999", imsi="901559999999999", batch=batch)
    found = {each.id: each for each in differences(world.cast.operator)}
    assert (found[first.pk].field, found[first.pk].log, found[first.pk].table) == ("status", "Issued", "Activated")
    assert (found[second.pk].field, found[second.pk].table) == ("presence", "not there")
    assert found[made.pk].event_id is None
    assert len(found) == 3


def test_devices_made_and_removed_behind_the_logs_back(world: World) -> None:
    sim, device = furnished(world)
    made = Device.objects.create(
        workspace=world.home, name="Smuggled", service_policy=world.service, coverage_policy=world.coverage
    )
    Sim.objects.update(device=None)
    gone = device.pk
    device.delete()
    found = {(each.kind, each.id): each for each in differences(world.home)}
    assert found["device", made.pk].event_id is None
    assert found["device", gone].table == "not there"
    assert set(found) == {("device", made.pk), ("device", gone), ("sim", sim.pk)}


def test_roles_tokens_and_superadmins_given_behind_the_logs_back(world: World) -> None:
    with world.acting():
        token = create_application_token(workspace_id=world.home.pk, role=Role.USER, description="ERP").token
        ended = create_application_token(workspace_id=world.home.pk, description="Old").token
    member = Membership.objects.get(workspace=world.home, user=world.member)
    behind_its_back(Membership, member.pk, role=Role.ADMINISTRATOR)
    behind_its_back(Workspace, world.home.pk, super_admin=world.member)
    behind_its_back(ApplicationToken, token.pk, role=Role.ADMINISTRATOR)
    behind_its_back(ApplicationToken, ended.pk, status=ApplicationToken.Status.REVOKED)
    stranger = User.objects.get(pk=world.cast.outsider.pk)
    Membership.objects.create(workspace=world.home, user=stranger, role=Role.USER)
    Membership.objects.filter(workspace=world.home, user=world.owner).delete()
    found = {(each.kind, each.id, each.field): (each.log, each.table) for each in differences(world.home)}
    assert found == {
        ("member", world.member.pk, "role"): ("User", "Administrator"),
        ("member", world.member.pk, "super_admin"): ("False", "True"),
        ("member", world.owner.pk, "role"): ("Administrator", "no member"),
        ("member", stranger.pk, "presence"): ("not told", "there"),
        ("token", token.pk, "role"): ("User", "Administrator"),
        ("token", ended.pk, "revoked"): ("False", "True"),
    }


def test_what_older_versions_wrote_is_counted_and_never_guessed(world: World, forged: Callable[..., None]) -> None:
    batch = world.cast.batch(world.home, count=2, registered=True)
    detail = {"sim_batch": {"id": batch.pk, "batch_size": 2}}
    forged(workspace_id=world.home.pk, type=48, detail=detail)
    old = world.cast.device(workspace=world.home, name="Old", status=DeviceStatus.DISABLED)
    forged(workspace_id=world.home.pk, type=10002, device_id=old.pk, device_name="Old")
    moved = world.cast.sims(1, workspace=world.home)[0]
    transfer = {"sims": [{"id": moved.pk, "iccid": moved.iccid}], "target": {"id": world.home.pk}}
    forged(workspace_id=world.home.pk, type=69, detail=transfer)
    # Two SIMs, four values of the device, the state of the SIM that came.
    assert untold(world.home) == 2 + 4 + 1
    behind_its_back(Device, old.pk, name="Changed")
    assert [(each.field, each.log) for each in differences(world.home)] == [("name", "Old")]


def test_a_log_whose_beginning_has_expired_tells_less(world: World) -> None:
    world.cast.device(workspace=world.home)
    assert [each.field for each in differences(world.home)] == ["presence"]
    with lifted():
        RetentionReceipt.objects.create(workspace=world.home, cutoff=world.home.created, removed=3)
    assert untold(world.home) == 1


def test_it_goes_in_pieces_and_a_longer_log_takes_no_more_queries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert differences(world.home) == []
        return len(captured)

    world.sims(2, status=SimStatus.ACTIVATED)
    world.devices("One")
    few = queries()
    world.sims(40, status=SimStatus.ACTIVATED)
    world.devices(*(f"Device {number}" for number in range(40)))
    assert queries() == few
    monkeypatch.setattr(compare, "CHUNK", 7)
    pieces = 0
    check = checks.begin(workspace_id=world.home.pk)
    while check.finished is None:
        assert checks.step(check).differences == []
        pieces += 1
    assert pieces == 1 + 42 // 7 + 1 + 41 // 7 + 3
    assert check.objects_compared >= 42 + 41


# --- the command ---


def run(*args: str) -> str:
    out = StringIO()
    call_command("replay_log", *args, stdout=out)
    return out.getvalue()


def test_the_command_says_that_all_is_well_or_what_is_not(world: World) -> None:
    sim, _device = furnished(world)
    said = run("--workspace", str(world.home.pk))
    assert "The tables hold what the log says." in said
    behind_its_back(Sim, sim.pk, status=SimStatus.DELETED)
    out = StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("replay_log", "--workspace", str(world.home.pk), stdout=out)
    assert f"SIM {sim.iccid} (ID {sim.pk}, workspace {world.home.pk}), status: Activated by event" in out.getvalue()
    assert ReplayCheck.objects.count() == 0, "one workspace alone is no check of all"


def test_an_event_that_does_not_fit_is_noted(world: World, forged: Callable[..., None]) -> None:
    sim, _device = furnished(world)
    forged(workspace_id=world.home.pk, type=9, sim_id=sim.pk, old_state=0, new_state=1)
    assert "says that status of sim" in run("--workspace", str(world.home.pk))


def test_up_to_a_moment_it_counts_and_compares_nothing(world: World) -> None:
    furnished(world)
    before = iso_moment(Event.objects.of(world.home.pk).order_by("timestamp")[0].timestamp)
    assert ": 0 SIMs, 0 devices" in run("--workspace", str(world.home.pk), "--until", before)
    Sim.objects.update(status=SimStatus.DELETED)
    said = run("--workspace", str(world.home.pk), "--until", "2999-01-01")
    assert f"Workspace {world.home.pk}: 2 SIMs (Activated 2), 1 devices (Enabled 1), 2 members" in said
    assert "Nothing was compared" in said
    with pytest.raises(CommandError, match="ISO 8601"):
        run("--until", "yesterday")
    with pytest.raises(CommandError, match="no workspace"):
        run("--workspace", "999999")


# --- each night ---


def night() -> ReplayCheck:
    with acting_as(SCHEDULE):
        check = checks.go_on(seconds=60)
    assert check is not None
    assert check.finished is not None
    ReplayCheck.objects.filter(pk=check.pk).update(started=check.started - 2 * checks.EVERY)
    return check


def staff_events(cast: Cast) -> list[int]:
    of = Event.objects.of(cast.operator.pk).filter(type__in=[10087, 10088])
    return list(of.order_by("id").values_list("type", flat=True))


@pytest.fixture
def only(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Compare home alone: what else is there was made without events."""
    everything = checks._workspaces
    monkeypatch.setattr(checks, "_workspaces", lambda check: everything(check).filter(pk=world.home.pk))
    return world


def test_drift_is_told_once_and_so_is_its_end(only: World) -> None:
    sim, device = furnished(only)
    assert night().found == 0
    assert (staff_events(only.cast), replay_problems(), tables_agree()) == ([], [], True)
    behind_its_back(Sim, sim.pk, status=SimStatus.SUSPENDED)
    assert night().found == 1
    assert staff_events(only.cast) == [10087]
    (problem,) = replay_problems()
    assert problem[1] == "bad"
    assert sim.iccid in problem[0]
    assert not tables_agree()
    night()
    assert staff_events(only.cast) == [10087], "the same drift is told once"
    behind_its_back(Device, device.pk, name="Other")
    night()
    assert staff_events(only.cast) == [10087, 10087]
    told: Any = Event.objects.filter(type=10087).order_by("id").last()
    assert [text.partition(" (")[0] for text in told.detail["new"]] == ["Device Other"]
    behind_its_back(Sim, sim.pk, status=SimStatus.ACTIVATED)
    behind_its_back(Device, device.pk, name="Pump")
    night()
    assert staff_events(only.cast) == [10087, 10087, 10088]
    assert tables_agree()


def test_a_check_goes_on_where_it_stood_and_waits_a_day(only: World) -> None:
    furnished(only)
    with acting_as(SCHEDULE):
        first = checks.go_on(seconds=0)
        assert first is not None
        assert first.finished is None
        for _ in range(len(PIECES) - 1):
            assert checks.go_on(seconds=0) is not None
        assert checks.go_on(seconds=0) is None, "a day has to go by"
    check = ReplayCheck.objects.get()
    assert check.step == len(PIECES)
    assert check.finished is not None
    assert check.objects_compared == 2 + 1 + 2


def test_a_piece_that_another_worker_has_done_counts_once(only: World, monkeypatch: pytest.MonkeyPatch) -> None:
    furnished(only)
    step = checks.step

    def overtaken(check: ReplayCheck) -> Any:
        ReplayCheck.objects.filter(pk=check.pk).update(step=99)
        return step(check)

    monkeypatch.setattr(checks, "step", overtaken)
    with acting_as(SCHEDULE):
        assert checks.go_on(seconds=60) is None
    assert ReplayCheck.objects.get().objects_compared == 0


def test_the_replay_of_a_single_sim_serves_its_page(world: World) -> None:
    sim, device = furnished(world)
    told = replay_of_one("sim", world.home.pk, sim.pk).sims[sim.pk]
    event = Event.objects.get(type=51, sim_id=sim.pk)
    assert (told.device.value, told.device.event_id, told.device.moment) == (device.pk, event.pk, event.timestamp)
