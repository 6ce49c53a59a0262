"""Notes on SIMs and devices: written, read, found, exported, told, gone back, and left behind by a transfer."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.people.services.erasure import erase_user
from events.models import Event
from events.replay.compare import compare_devices, compare_sims
from events.replay.reading import replay_of
from events.reverse.devices import reverse_devices
from events.reverse.sims import preview_reverse_sims, reverse_sims
from kit.errors import Invalid
from kit.text import several_lines
from sims.devices.selectors import device_rows
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.notes import change_device_notes
from sims.devices.views.export import DEVICES
from sims.inventory.selectors import sim_rows
from sims.inventory.services.notes import change_sim_notes, preview_sim_notes
from sims.inventory.services.registration import register_batch
from sims.inventory.services.transfer import transfer_sims
from sims.models import Device, Sim
from tests.cast import Cast
from tests.log import last, rows, types
from tests.sims.test_bulk import Desk, words

TEXT = "On the roof of pump house 12,\nkey at the gate"


def sim_notes(*sims: Sim) -> list[str]:
    """Return the notes on SIMs as they are stored."""
    held = dict(Sim.objects.values_list("pk", "note"))
    return [held[sim.pk] for sim in sims]


def test_a_note_is_written_on_one_sim_and_shown_with_its_writer(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    desk = Desk(cast, cast.member)
    desk.do("note", [sim.pk], note=f"  {TEXT}\r\n")
    sim.refresh_from_db()
    assert (sim.note, sim.noted_by_id) == (TEXT, cast.member.pk)
    assert rows(cast.acme) == [(10107, "Note on SIM added")]
    assert (last().sim_id, last().detail) == (sim.pk, {"note": {"from": None, "to": TEXT}})
    page = words(cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/"))
    assert "key at the gate" in page
    assert "Written by Max Member" in page


def test_the_dialog_of_one_begins_with_what_it_holds(cast: Cast) -> None:
    sim, other = cast.sims(2)
    device = cast.device(note="By the door")
    Sim.objects.filter(pk=sim.pk).update(note="Spare")
    desk = Desk(cast, cast.owner)
    assert ">\nSpare</textarea>" in desk.preview("note", [sim.pk]).content.decode()
    asked = words(desk.preview("note", [sim.pk, other.pk]))
    assert "Spare" not in asked
    assert "1 of them has a note, which is replaced. The log keeps it." in asked
    assert "By the door" in Desk(cast, cast.owner, "devices").preview("note", [device.pk]).content.decode()


def test_many_get_the_same_note_and_what_holds_leaves_no_event(cast: Cast) -> None:
    first, second, third = cast.sims(3)
    (foreign,) = cast.sims(1, workspace=cast.umbra)
    ids = [first.pk, second.pk, third.pk, foreign.pk]
    Sim.objects.filter(pk=third.pk).update(note="Spare")
    with cast.acting(cast.owner):
        shown = preview_sim_notes(workspace_id=cast.acme.pk, sim_ids=ids, note="Spare")
        outcome = change_sim_notes(workspace_id=cast.acme.pk, sim_ids=ids, note="Spare")
        for each in (shown, outcome):
            assert (each.changed, each.unchanged) == ([first.pk, second.pk], [third.pk])
            assert [refusal.code for refusal in each.refused] == ["not_found"]
        change_sim_notes(workspace_id=cast.acme.pk, sim_ids=[first.pk])
    assert sim_notes(first, second, third, foreign) == ["", "Spare", "Spare", ""]
    assert [text for _type, text in rows(cast.acme)] == ["Note on SIM added"] * 2 + ["Note on SIM removed"]


def test_a_note_on_a_device_is_a_property_of_it(cast: Cast) -> None:
    device = cast.device()
    desk = Desk(cast, cast.owner, "devices")
    assert "Changed the note on 1 device" in words(desk.do("note", [device.pk, cast.device(note=TEXT).pk], note=TEXT))
    device.refresh_from_db()
    assert (device.note, device.noted_by_id) == (TEXT, cast.owner.pk)
    assert last().detail == {"changes": {"note": {"from": "", "to": TEXT}}}
    page = words(cast.client(cast.observer).get(f"/w/{cast.acme.pk}/devices/{device.pk}/"))
    assert "key at the gate" in page
    assert "Written by Olga Owner" in page


def test_forms_of_a_device_have_it_too(cast: Cast) -> None:
    service, coverage = cast.policies()
    client, base = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/"
    form: dict[str, Any] = {"name": "Pump", "status": "0", "service_policy": service.pk, "coverage_policy": coverage.pk}
    client.post(f"{base}create/", {**form, "note": TEXT})
    device = Device.objects.get()
    assert (device.note, device.noted_by_id) == (TEXT, cast.owner.pk)
    assert last().detail["note"] == TEXT
    client.post(f"{base}{device.pk}/edit/", {**form, "note": ""})
    device.refresh_from_db()
    assert device.note == ""
    assert types() == [10002, 10003]
    too_long = client.post(f"{base}{device.pk}/edit/", {**form, "note": "x" * 1001})
    assert (too_long.status_code, "At most 1000 characters" in words(too_long)) == (422, True)


def test_the_lists_find_show_and_export_them(cast: Cast) -> None:
    first, second = cast.sims(2)
    Sim.objects.filter(pk=first.pk).update(note="Mounted on the ROOF")
    pump = cast.device(name="Pump one", note="roof access by ladder")
    cast.device(name="Pump two")
    client = cast.client(cast.owner)
    found = client.get(f"/w/{cast.acme.pk}/sims/?note=roof").content.decode()
    assert f'id="sim-{first.pk}"' in found
    assert f'id="sim-{second.pk}"' not in found
    devices = words(client.get(f"/w/{cast.acme.pk}/devices/?q=ladder"))
    assert "Pump one" in devices
    assert "Pump two" not in devices
    (row,) = device_rows(Device.objects.filter(pk=pump.pk))
    assert DEVICES.values["note"](row) == "roof access by ladder"
    (row,) = sim_rows(Sim.objects.filter(pk=first.pk), workspace=cast.acme)
    assert row["note"] == "Mounted on the ROOF"


def test_the_log_rebuilds_and_shows_them(cast: Cast) -> None:
    batch = cast.batch(count=2)
    service, coverage = cast.policies()
    with cast.acting(cast.owner):
        sim, _other = register_batch(workspace_id=cast.acme.pk, bic=batch.bic).sims
        change_sim_notes(workspace_id=cast.acme.pk, sim_ids=[sim.id], note="{Spare}")
        new = [NewDevice("Pump", service.pk, coverage.pk, note=TEXT), NewDevice("Lamp", service.pk, coverage.pk)]
        pump, lamp = create_devices(workspace_id=cast.acme.pk, devices=new)
        change_device_notes(workspace_id=cast.acme.pk, device_ids=[lamp.pk], note="{Lamp}")
    replay = replay_of(cast.acme.pk)
    assert replay.sims[sim.id].note.value == "{Spare}"
    assert [replay.devices[pk].note.value for pk in (pump.pk, lamp.pk)] == [TEXT, "{Lamp}"]
    assert compare_sims(cast.acme.pk, 0)[0].differences == []
    assert compare_devices(cast.acme.pk, 0)[0].differences == []
    Sim.objects.filter(pk=sim.id).update(note="Other")
    Device.objects.filter(pk=pump.pk).update(note="Other")
    assert [each.field for each in compare_sims(cast.acme.pk, 0)[0].differences] == ["note"]
    assert [each.field for each in compare_devices(cast.acme.pk, 0)[0].differences] == ["note"]
    then = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{sim.id}/?at=2100-01-01T00:00", follow=True))
    assert "{Spare}" in then


def test_they_go_back(cast: Cast) -> None:
    first, second = cast.sims(2)
    device = cast.device(note="Old")
    with cast.acting(cast.owner) as context:
        change_sim_notes(workspace_id=cast.acme.pk, sim_ids=[first.pk, second.pk], note="New")
        change_device_notes(workspace_id=cast.acme.pk, device_ids=[device.pk], note="New")
    Sim.objects.filter(pk=second.pk).update(note="Changed since")
    event = Event.objects.filter(type=10003).get()
    with cast.acting(cast.owner):
        target = f"request:{context.request_id}"
        ids = [first.pk, second.pk]
        for act in (preview_reverse_sims, reverse_sims):
            outcome = act(workspace_id=cast.acme.pk, sim_ids=ids, reverses=target)
            assert outcome.changed == [first.pk]
            assert [(each.id, each.code) for each in outcome.refused] == [(second.pk, "changed_since")]
        reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=f"event:{event.pk}")
    device.refresh_from_db()
    assert (device.note, sim_notes(first)) == ("Old", [""])


def test_a_transfer_leaves_it_behind(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    with cast.acting(cast.owner):
        change_sim_notes(workspace_id=cast.acme.pk, sim_ids=[sim.pk], note=TEXT)
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], auto_detach=False, dry_run=False)
    sim.refresh_from_db()
    assert (sim.workspace_id, sim.note, sim.noted_at, sim.noted_by_id) == (cast.bolt.pk, "", None, None)
    assert replay_of(cast.bolt.pk).sims[sim.pk].note.value == ""


def test_an_erased_person_is_not_named_in_them(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    device = cast.device()
    with cast.acting(cast.member):
        change_sim_notes(workspace_id=cast.acme.pk, sim_ids=[sim.pk], note=f"Ask {cast.member.name}")
        change_device_notes(workspace_id=cast.acme.pk, device_ids=[device.pk], note=f"Ask {cast.member.name}")
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    sim.refresh_from_db()
    device.refresh_from_db()
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/").content.decode()
    assert not any("Max Member" in text for text in (sim.note, device.note, page))


def test_an_observer_may_not(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    assert Desk(cast, cast.observer).preview("note", [sim.pk]).status_code == 403


@pytest.mark.parametrize(
    ("typed", "stored"), [("", ""), (" \n ", ""), ("a\r\nb\rc", "a\nb\nc"), ("a  \n\n b", "a\n\n b"), ("x\ty", "x y")]
)
def test_the_form_in_which_lines_are_stored(typed: str, stored: str) -> None:
    assert several_lines(typed, most=100, field="note") == stored


@pytest.mark.parametrize("typed", ["a\u202eb", "\x00", "x" * 101, "a\n\u200b"])
def test_what_cannot_be_seen_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        several_lines(typed, most=100, field="note")
    assert caught.value.field == "note"
