"""The pages of the past: what the log says was true then, with the event that made it so, and of nobody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import DataPlan, Membership, User, Workspace
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.workspaces.services.company import set_mfa_required, update_company
from accounts.workspaces.services.workspaces import create_workspace
from events.models import Event
from sims.devices.services.devices import NewDevice, create_devices, delete_devices, update_devices
from sims.inventory.services.allotment import assign_batch
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Sim, SimBatch
from sims.policies.services.policies import update_service_policy
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import last

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def at(cast: Cast, number: int, user: Any = None) -> Any:
    """Let somebody act on a day."""
    return cast.acting(user or cast.owner, moment=day(number))


def page(cast: Cast, path: str, number: float | None, *, user: Any = None, workspace: Any = None) -> str:
    """Open a page as it was half a day after the actions of a day."""
    client = cast.client(user or cast.observer)
    url = f"/w/{(workspace or cast.acme).pk}/{path}"
    if number is not None:
        url += f"?at={quote((DAY + timedelta(days=number + 0.5)).isoformat())}"
    answer = client.get(url, follow=True)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def value(text: str, label: str) -> str:
    """Return what a page shows beside a label, without the tags."""
    found = re.search(rf"<dt>{re.escape(label)}</dt><dd>(.*?)</dd>", text, re.DOTALL)
    assert found, label
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1])).strip()


def registered(cast: Cast, number: int) -> Any:
    batch = cast.batch(count=2)
    with at(cast, number):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
    return batch.sims.order_by("pk")[0]


def test_a_sim_from_its_registration_to_its_end(cast: Cast) -> None:
    sim = registered(cast, 1)
    device = cast.device(name="Pump")
    with at(cast, 2):
        assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim.pk, SimStatus.ACTIVATED)})
    assigned = Event.objects.filter(type=51).latest("pk")
    with at(cast, 3):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "Valve"}})
    with at(cast, 4):
        release_sims(workspace_id=cast.acme.pk, device_ids=[device.pk], suspend=True)
    with at(cast, 5):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.DELETED)
    path = f"sims/{sim.pk}/"
    assert "not in this workspace then" in page(cast, path, 0)
    assert value(page(cast, path, 1), "State").startswith("Issued since")
    then = page(cast, path, 2)
    assert value(then, "State").startswith("Activated since 2026-03-03 12:00:00 UTC, event")
    assert f'?at={quote(day(1).isoformat().replace("+00:00", "Z"))}" rel="prev"' in then, "the batch is a step too"
    assert value(then, "Device").startswith("Pump since")
    assert f'href="/w/{cast.acme.pk}/events/{assigned.pk}/">event {assigned.pk}</a>' in then
    assert f"/events/then/devices/{device.pk}/?at=" in then
    assert "As it was on 4 March 2026, 00:00 (UTC)" in then
    assert f'<a href="/w/{cast.acme.pk}/sims/{sim.pk}/">Back to today</a>' in then
    assert value(page(cast, path, 3), "Device").startswith("Valve since"), "as it was called then"
    later = page(cast, path, 4)
    assert value(later, "State").startswith("Suspended")
    assert value(later, "Device").startswith("– since")
    assert value(page(cast, path, 5), "State").startswith("Deleted")


def test_a_device_from_its_creation_to_its_end(cast: Cast) -> None:
    service, coverage = cast.policies()
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    new = NewDevice(
        name="Pump", service_policy_id=service.pk, coverage_policy_id=coverage.pk, tags="a,b", imei="490154203237518"
    )
    with at(cast, 1):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[new])
    with at(cast, 2):
        update_service_policy(workspace_id=cast.acme.pk, policy_id=service.pk, values={"name": "Renamed"})
        update_devices(
            workspace_id=cast.acme.pk, changes={device.pk: {"name": "Valve", "tags": "b", "ip_address": "10.0.0.9"}}
        )
        assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim.pk)})
    with at(cast, 3):
        release_sims(workspace_id=cast.acme.pk, device_ids=[device.pk])
        delete_devices(workspace_id=cast.acme.pk, device_ids=[device.pk])
    path = f"devices/{device.pk}/"
    assert "did not exist then" in page(cast, path, 0)
    first = page(cast, path, 1)
    assert value(first, "Name").startswith("Pump since")
    assert value(first, "State").startswith("Enabled")
    assert value(first, "Created").startswith("2026-03-02 12:00:00 UTC event")
    assert value(first, "Tags").startswith("a, b")
    assert value(first, "IMEI").startswith("490154203237518")
    assert value(first, "Service policy").startswith(f"Renamed (ID {service.pk})"), "only today’s name is known"
    second = page(cast, path, 2)
    assert value(second, "Name").startswith("Valve")
    assert value(second, "Tags").startswith("b since")
    assert value(second, "IP address").startswith("10.0.0.9")
    assert value(second, "SIM").startswith(sim.iccid)
    third = page(cast, path, 3)
    assert value(third, "State").startswith("Deleted")
    assert value(third, "Service policy").startswith("–")
    assert value(third, "SIM").startswith("–")


def test_what_no_event_has_told_is_not_guessed(cast: Cast) -> None:
    device = cast.device(name="Pump", status=DeviceStatus.ENABLED)
    with at(cast, 1):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"imei_lock": False, "ip_address": "10.0.0.9"}})
    then = page(cast, f"devices/{device.pk}/", 1)
    assert value(then, "State") == "not told by the log"
    assert value(then, "Created") == "not told by the log"
    assert value(then, "IP address").startswith("10.0.0.9")
    silent = cast.device()
    assert "tells nothing of it" in page(cast, f"devices/{silent.pk}/", 1)


def test_a_sim_that_left_shows_its_old_part_only(cast: Cast) -> None:
    sim = registered(cast, 1)
    with at(cast, 2):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], dry_run=False)
    with at(cast, 3):
        change_sim_status(workspace_id=cast.bolt.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    path = f"sims/{sim.pk}/"
    assert value(page(cast, path, 1), "State").startswith("Issued")
    left = page(cast, path, 3)
    assert "not in this workspace any more" in left
    assert "Activated" not in left.split("<main", 1)[1]
    client = cast.client(cast.observer)
    assert client.get(f"/w/{cast.acme.pk}/{path}").status_code == 404, "today it is somebody else’s"
    there = page(cast, path, 1, user=cast.owner, workspace=cast.bolt)
    assert "not in this workspace then" in there
    assert value(page(cast, path, 3, user=cast.owner, workspace=cast.bolt), "State").startswith("Activated")


def test_a_sim_that_staff_put_into_the_inventory_names_no_event_of_theirs(cast: Cast) -> None:
    batch = cast.batch(count=1)
    Sim.objects.filter(batch=batch).update(workspace=None)
    SimBatch.objects.filter(pk=batch.pk).update(workspace=None)
    with cast.staffing(moment=day(1)):
        assign_batch(batch_id=batch.pk, workspace_id=cast.acme.pk)
    sim = batch.sims.get()
    path = f"sims/{sim.pk}/"
    assert "not in this workspace then" in page(cast, path, 0)
    then = page(cast, path, 1)
    assert value(then, "State").startswith("Issued since 2026-03-02 12:00:00 UTC, by the operator")
    assert f"/events/{last().pk}/" not in then
    assert re.search(r"Issued</span></dt><dd class=\"num\">1<", page(cast, "settings/", 1))


def test_the_steps_lead_from_change_to_change(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    for number, to in enumerate((SimStatus.SUSPENDED, SimStatus.ACTIVATED, SimStatus.SUSPENDED), start=1):
        with at(cast, number):
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=to)
    client = cast.client(cast.observer)
    url = f"/w/{cast.acme.pk}/events/then/sims/{sim.pk}/"
    states, seen = [], url
    while seen:
        text = client.get(seen).content.decode()
        states.append(value(text, "State").split()[0])
        found = re.search(r'href="([^"]+)" rel="prev"', text)
        seen = found[1] if found else ""
    assert states == ["Suspended", "Activated", "Suspended"]
    first = client.get(f"{url}?at={quote(day(1).isoformat())}").content.decode()
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert value(client.get(following).content.decode(), "State").startswith("Activated")


def test_the_users_of_a_workspace(cast: Cast) -> None:
    with cast.staffing(moment=day(1)):
        late = User.objects.create_user("late@example.com", "correct horse battery", name="Lara Late")
        add_member(workspace_id=cast.acme.pk, user_id=late.pk, role="User")
    with at(cast, 2):
        change_role(workspace_id=cast.acme.pk, user_id=late.pk, role="Observer")
    with at(cast, 3):
        remove_member(workspace_id=cast.acme.pk, user_id=late.pk)
    path = "settings/users/"
    assert "tells of nobody" in page(cast, path, 0)
    first = page(cast, path, 1)
    assert "Lara Late" in first
    assert re.search(r"<bdi>User</bdi>", first)
    assert re.search(r"<bdi>Observer</bdi>", page(cast, path, 2))
    assert "Lara Late" not in page(cast, path, 3)


def test_the_workspace_itself(cast: Cast) -> None:
    with cast.staffing(moment=day(1)):
        made = create_workspace(name="Fresh {Ltd}", package_id=cast.umbra.package_id)
    with cast.staffing(moment=day(2)):
        set_package(workspace_id=made.pk, package_id=cast.acme.package_id)
        update_company(workspace_id=made.pk, changes={"name": "Older", "city": "Köln"})
        set_mfa_required(workspace_id=made.pk, required=True)
        set_mfa_required(workspace_id=made.pk, required=False)
        set_data_plans(workspace_id=made.pk, data_plan_ids=[cast.plan.pk])
    with cast.staffing(moment=day(3)):
        set_data_plans(workspace_id=made.pk, data_plan_ids=[DataPlan.objects.create(name="Regional").pk])
        token = create_application_token(workspace_id=made.pk, description="ERP").token
    with cast.staffing(moment=day(4)):
        revoke_application_token(workspace_id=made.pk, token_id=token.pk)
    join(cast, made)
    path = "settings/"
    first = page(cast, path, 1, user=cast.owner, workspace=made)
    assert value(first, "Name").startswith("Fresh {Ltd} since")
    assert value(first, "Platform package").startswith("Standard EUR")
    assert value(first, "Second factor") == "not told by the log"
    second = page(cast, path, 2, user=cast.owner, workspace=made)
    assert value(second, "Name").startswith("Older")
    assert value(second, "City").startswith("Köln")
    assert value(second, "Platform package").startswith("Plus EUR")
    assert value(second, "Second factor").startswith("optional")
    assert value(second, "Data plan").startswith("Global Basic")
    assert "Global Basic" not in page(cast, path, 3, user=cast.owner, workspace=made)
    assert "ERP" in page(cast, path, 3, user=cast.owner, workspace=made)
    assert "ERP" not in page(cast, path, 4, user=cast.owner, workspace=made)


def join(cast: Cast, workspace: Workspace) -> None:
    Membership.objects.create(user=cast.owner, workspace=workspace, role="Administrator")


def test_how_many_there_were_in_each_state(cast: Cast) -> None:
    registered(cast, 1)
    sim = Sim.objects.of(cast.acme.pk).earliest("pk")
    with at(cast, 2):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    assert re.search(r"Issued</span></dt><dd class=\"num\">2<", page(cast, "settings/", 1))
    second = page(cast, "settings/", 2)
    assert re.search(r"Activated</span></dt><dd class=\"num\">1<", second)
    assert re.search(r"Issued</span></dt><dd class=\"num\">1<", second)


def test_too_many_events_are_not_read(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(cast, 1):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="User")
    monkeypatch.setattr("events.then.facts.MOST_FOLDED", 1)
    assert "Too many events for a page" in page(cast, "settings/users/", 1)


@pytest.mark.parametrize("path", ["sims/{sim}/", "devices/{device}/", "settings/users/", "settings/"])
def test_a_bad_moment_is_said_and_now_is_shown(cast: Cast, path: str) -> None:
    (sim,) = cast.sims(1)
    device = cast.device(sim=sim)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    url = f"/w/{cast.acme.pk}/{path.format(sim=sim.pk, device=device.pk)}"
    answer = cast.client(cast.observer).get(f"{url}?at=yesterday", follow=True)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“yesterday” is no moment like" in text
    assert "This is how it is now." in text


def test_nobody_reads_the_past_of_another_workspace(cast: Cast) -> None:
    sim = registered(cast, 1)
    device = cast.device(sim=sim)
    with at(cast, 2):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    client = cast.client(cast.outsider)
    for what in (f"sims/{sim.pk}/", f"devices/{device.pk}/"):
        for workspace in (cast.acme, cast.umbra):
            for path in (f"events/then/{what}", f"{what}"):
                answer = client.get(f"/w/{workspace.pk}/{path}?at=2026-04-01T00:00Z", follow=True)
                assert answer.status_code == 404, (workspace, path)
    for path in ("events/then/", "events/then/users/"):
        assert client.get(f"/w/{cast.acme.pk}/{path}").status_code == 404


def test_the_pages_of_today_lead_there(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    device = cast.device()
    client = cast.client(cast.owner)
    for path, then in (
        (f"sims/{sim.pk}/", f"sims/{sim.pk}/"),
        (f"devices/{device.pk}/", f"devices/{device.pk}/"),
        ("settings/users/", "users/"),
        ("settings/", ""),
    ):
        text = client.get(f"/w/{cast.acme.pk}/{path}").content.decode()
        assert f'href="/w/{cast.acme.pk}/events/then/{then}"' in text, path


def test_the_event_leads_to_how_its_objects_were(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    with at(cast, 1):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.SUSPENDED)
    text = cast.client(cast.observer).get(f"/w/{cast.acme.pk}/events/{last().pk}/").content.decode()
    (url,) = re.findall(rf'href="(/w/{cast.acme.pk}/events/then/sims/{sim.pk}/\?at=[^"]+)"', text)
    assert value(cast.client(cast.observer).get(url).content.decode(), "State").startswith("Suspended")


def test_queries_do_not_grow_with_the_log(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    client, counts = cast.client(cast.observer), []
    for count in (1, 10):
        for number in range(count):
            with at(cast, count + number):
                change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.SUSPENDED)
                change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
                update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": f"Pump {count} {number}"}})
        made = []
        for path in (f"sims/{sim.pk}/", f"devices/{device.pk}/", "", "users/"):
            client.get(f"/w/{cast.acme.pk}/events/then/{path}")
            with CaptureQueriesContext(connection) as captured:
                client.get(f"/w/{cast.acme.pk}/events/then/{path}")
            made.append(len(captured))
        counts.append(made)
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 30


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_an_id_that_no_row_can_have_is_not_there(cast: Cast, number: int) -> None:
    client = cast.client(cast.observer)
    for what in ("sims", "devices"):
        assert client.get(f"/w/{cast.acme.pk}/events/then/{what}/{number}/").status_code == 404
