"""The attacker's table: whoever owns the tables lifts the guards, and the check names what was done, to which event."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.people.services.erasure import erase_user
from events.models import Event, FrozenPerson, SealCheck, SealCheckpoint, SealLog, SealTile
from events.seals import verify
from events.seals.services import seal_now
from sims.inventory.services.registration import register_batch
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

Sealed = Callable[..., list[int]]
Tamper = Callable[..., None]


def check(workspace_id: int | None = None) -> SealCheck:
    found = verify.begin(workspace_id=workspace_id)
    while verify.step(found):
        pass
    return found


def named(found: SealCheck) -> list[tuple[str, int]]:
    return [(finding["kind"], finding["event_id"]) for finding in found.findings]


def test_what_is_right_is_right(sealed: Sealed, cast: Cast) -> None:
    sealed(300)
    sealed(5, workspace=cast.bolt)
    sealed(300)
    found = check()
    assert (found.checked, found.found, found.findings) == (605, 0, [])
    assert check(cast.bolt.pk).checked == 5


def test_a_changed_row(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    ids = sealed(700)
    tamper("UPDATE events_event SET actor_ref = 999 WHERE id = %s", parameters=[ids[333]])
    found = check()
    assert named(found) == [("changed", ids[333])]
    text = found.findings[0]["text"]
    assert f"Event {ids[333]} (place 333 of workspace {cast.acme.pk}) was changed between 20" in text


@pytest.mark.parametrize(
    "change",
    [
        "timestamp = '2020-01-01 00:00:00+00'",
        "description = 'x'",
        "detail = '{\"a\": 1}'",
        "ip = '192.0.2.8'",
        "user_agent = 'other'",
        "iccid = '8988303000000000009'",
        "actor_id = NULL",
        "old_state = 7",
        "severity = 2",
        "surface = 5",
        "request_id = '00000000000000000000000000000001'",
        "device_name = 'other'",
        "external_id = 5",
    ],
)
def test_a_change_of_any_column(change: str, sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(3)
    tamper(f"UPDATE events_event SET {change} WHERE id = {ids[1]}")
    assert named(check()) == [("changed", ids[1])]


def test_a_removed_row(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(20)
    tamper("DELETE FROM events_event WHERE id = %s", parameters=[ids[7]])
    assert named(check()) == [("removed", ids[7])]


def test_a_removed_row_under_a_receipt_that_is_gone_again(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    """With the guards standing neither such a receipt nor its removal passes (`test_guards`)."""
    ids = sealed(20)
    tamper(
        "INSERT INTO events_retentionreceipt (workspace_id, cutoff, opened, removed)"
        f" VALUES ({cast.acme.pk}, '2999-01-01 00:00:00', '2026-01-01 00:00:00', 0)",
        f"DELETE FROM events_event WHERE id = {ids[7]}",
        "DELETE FROM events_retentionreceipt",
    )
    assert named(check()) == [("removed", ids[7])]


def test_a_row_that_is_written_into_the_past(sealed: Sealed, tamper: Tamper) -> None:
    (free,) = sealed(1, seal=False)
    tamper(f"DELETE FROM events_event WHERE id = {free}")  # makes room for an id
    ids = sealed(20)
    tamper(f"DELETE FROM events_event WHERE id = {ids[4]}")
    columns = ", ".join(f'"{field.column}"' for field in Event._meta.concrete_fields if field.column != "id")
    tamper(f"INSERT INTO events_event (id, {columns}) SELECT {free}, {columns} FROM events_event WHERE id = {ids[9]}")
    assert sorted(named(check())) == [("added", free), ("removed", ids[4])]


def test_a_row_before_the_first(sealed: Sealed, tamper: Tamper) -> None:
    sealed(3)
    columns = ", ".join(f'"{field.column}"' for field in Event._meta.fields if not field.primary_key)
    own = "OVERRIDING SYSTEM VALUE" if connection.vendor == "postgresql" else ""
    tamper(f"INSERT INTO events_event (id, {columns}) {own} SELECT -7, {columns} FROM events_event ORDER BY id LIMIT 1")
    assert named(check()) == [("added", -7)]


def test_each_log_is_checked_whole_however_long(
    sealed: Sealed, cast: Cast, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.seals.verify_logs.TILES", 1)
    counts = {cast.acme: 300, cast.bolt: 600, cast.umbra: 520}
    ids = [sealed(count, workspace=workspace, seal=False) for workspace, count in counts.items()]
    seal_now()
    found = check()
    assert (found.checked, found.found) == (sum(counts.values()), 0)
    tamper(*(f"DELETE FROM events_event WHERE id = {each[-1]}" for each in ids))
    assert sorted(named(check())) == [("removed", each[-1]) for each in ids]


def test_a_row_that_says_an_earlier_time(sealed: Sealed) -> None:
    ids = sealed(3)
    late = sealed(1, moment=datetime.now(UTC) - timedelta(days=40))
    found = check()
    assert named(found) == [("late", late[0])]
    assert f"Event {late[0]} (place {len(ids)} of workspace" in found.findings[0]["text"]


def test_rows_that_change_places(sealed: Sealed, tamper: Tamper) -> None:
    one, other = sealed(1)[0], sealed(1)[0]
    tamper(
        f"UPDATE events_event SET id = -1 WHERE id = {one}",
        f"UPDATE events_event SET id = {one} WHERE id = {other}",
        f"UPDATE events_event SET id = {other} WHERE id = -1",
    )
    assert sorted(named(check())) == [("moved", one), ("moved", other)]


def test_a_row_that_changes_the_workspace(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    ids = sealed(5)
    sealed(5, workspace=cast.umbra)
    tamper(f"UPDATE events_event SET workspace_id = {cast.umbra.pk} WHERE id = {ids[2]}")
    kinds = named(check())
    assert ("moved", ids[2]) in kinds
    assert {event_id for _kind, event_id in kinds} == {ids[2]}


def test_an_end_that_is_cut_off(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(20)
    tamper(f"DELETE FROM events_event WHERE id >= {ids[15]}")
    assert named(check()) == [("removed", event_id) for event_id in ids[15:]]


def test_a_log_that_is_emptied(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(3)
    tamper("DELETE FROM events_event")
    assert named(check()) == [("removed", event_id) for event_id in ids]


def _dump() -> dict[str, list[tuple[Any, ...]]]:
    tables = ("events_event", "events_seallog", "events_sealtile", "events_sealcheckpoint", "events_sealstate")
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            found[table] = [
                tuple(column.name if hasattr(column, "name") else column[0] for column in cursor.description)
            ]
            found[table] += cursor.fetchall()
        return found


def _restore(dump: dict[str, list[tuple[Any, ...]]]) -> None:
    json_columns = {"detail", "mail_to"}
    with connection.cursor() as cursor:
        for table in reversed(dump):
            cursor.execute(f"DELETE FROM {table}")
        for table, (names, *rows) in dump.items():
            marks = ", ".join(
                "%s::jsonb" if name in json_columns and connection.vendor == "postgresql" else "%s" for name in names
            )
            for row in rows:
                columns = ", ".join(f'"{name}"' for name in names)
                cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row))


def test_an_old_copy_of_the_database_that_is_restored(sealed: Sealed, cast: Cast) -> None:
    """Everything in the database fits together again; what left it does not."""
    from events.triggers import lifted

    sealed(10)
    dump = _dump()
    sealed(10)
    with lifted():
        _restore(dump)
    found = check()
    assert named(found) == [("removed", 0)]
    assert f"The places 10 to 19 of workspace {cast.acme.pk}, signed at 20" in found.findings[0]["text"]
    # Nothing is signed over the gap, not even when the log has grown past it.
    sealed(15, sim=cast.sims(1)[0])
    log = SealLog.objects.get(workspace=cast.acme)
    assert "no longer those of the checkpoint outside the database" in log.problem
    assert SealCheckpoint.objects.count() == 1
    assert [kind for kind, _id in named(check())] == ["changed"] * 10 + ["outside"]


def test_a_changed_row_whose_seals_were_all_made_anew(sealed: Sealed, outside: Path, tamper: Tamper) -> None:
    """Whoever owns the tables can make every hash anew, but not the signature, nor what lies outside."""
    ids = sealed(300)
    sealed(300)
    tamper(f"UPDATE events_event SET actor_ref = 999 WHERE id = {ids[33]}")
    _reseal()
    found = check()
    assert named(found)[0] == ("changed", ids[33])
    assert {kind for kind, _id in named(found)} == {"changed", "seal", "outside"}
    shutil.rmtree(outside)
    found = check()
    assert named(found) == [("seal", 0)]
    assert "one of the places 0 to 299 was changed, removed, added or moved between" in found.findings[0]["text"]


def _reseal() -> None:
    """Make the tiles of all logs anew from the rows as they are now."""
    from events.seals import leaves, merkle, trees
    from events.triggers import lifted

    with lifted():
        for log in SealLog.objects.all():
            SealTile.objects.filter(log=log).delete()
            rows = leaves.select("workspace_id = %s", [log.workspace_id])
            persons = leaves.read_persons(leaves.persons_named(rows))
            made = [
                trees.NewLeaf(row[leaves.ID], merkle.leaf_hash(leaves.leaf_of(row, persons, bytes(log.salt))))
                for row in rows
            ]
            trees.store(trees.grown(log.pk, 0, {}, made))


def test_a_seal_that_is_changed(sealed: Sealed, tamper: Tamper, outside: Path) -> None:
    ids = sealed(10)
    tile = SealTile.objects.get()
    hashes = bytearray(tile.hashes)
    hashes[32 * 4] ^= 1
    tamper("UPDATE events_sealtile SET hashes = %s", parameters=[bytes(hashes)])
    assert ("seal", ids[4]) in named(check())
    shutil.rmtree(outside)
    assert {kind for kind, _id in named(check())} == {"changed", "seal"}


def test_a_checkpoint_that_is_changed(sealed: Sealed, tamper: Tamper) -> None:
    sealed(10)
    tamper("UPDATE events_sealcheckpoint SET size = 9")
    assert named(check()) == [("checkpoint", 0)]


def test_a_person_who_is_renamed(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    sealed(3)
    tamper("UPDATE events_frozenperson SET name = 'Max Member', username = 'max.member@example.com'")
    found = check()
    assert named(found) == [("person", 0)]
    assert f"(user {cast.owner.pk}) was changed" in found.findings[0]["text"]


def test_a_person_who_is_renamed_and_committed_to_anew(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    ids = sealed(3)
    fake = FrozenPerson.remembered(user_id=cast.owner.pk, name="Max Member", username="max.member@example.com")
    tamper(
        "UPDATE events_frozenperson SET name = %s, username = %s, salt = %s, commitment = %s",
        parameters=[fake.name, fake.username, fake.salt, fake.commitment],
    )
    assert named(check()) == [("changed", event_id) for event_id in ids]


def test_a_person_who_is_made_to_look_erased(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    sealed(3)
    name = f"Erased user (User ID: {cast.owner.pk})"
    tamper(f"UPDATE events_frozenperson SET salt = NULL, name = 'Erased user', username = '{name}'")
    assert named(check()) == [("person", 0)]


def test_persons_who_are_removed(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(3)
    tamper("DELETE FROM events_frozenperson")
    assert named(check()) == [("person", event_id) for event_id in ids]


@pytest.mark.parametrize("change", ["planted", "removed", "of no event", "of an event that covers nothing"])
def test_the_list_of_what_events_cover(sealed: Sealed, cast: Cast, tamper: Tamper, change: str) -> None:
    """It leads to the log of each SIM and device; it is not sealed itself, and what it says follows from the events."""
    batch = cast.batch(count=3)
    with cast.acting(cast.owner):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
    covering = Event.objects.get(type=48).pk
    ids = sealed(2)
    assert check().findings == []
    add = "INSERT INTO events_eventobject (kind, object_id, event_id) VALUES "
    statement, event_id = {
        "planted": (f"{add}(1, 4711, {covering})", covering),
        "removed": (f"DELETE FROM events_eventobject WHERE object_id = {batch.sims.order_by('pk')[0].pk}", covering),
        "of no event": (f"{add}(2, 5, 4999)", 4999),
        "of an event that covers nothing": (f"{add}(1, 4711, {ids[0]})", ids[0]),
    }[change]
    tamper(statement)
    found = check()
    assert named(found) == [("objects", event_id)]
    more, fewer = (0, 1) if change == "removed" else (1, 0)
    assert (
        f"it names {more} that the event does not cover, and leaves out {fewer} that it does"
        in found.findings[0]["text"]
    )


def test_what_the_log_of_before_covered_is_known_by_no_event(sealed: Sealed, cast: Cast, tamper: Tamper) -> None:
    sealed(1)
    add = "INSERT INTO events_eventobject (kind, object_id, event_id) SELECT 1, 7, max(id) FROM events_event"
    tamper("UPDATE events_event SET type = 48", add)
    assert "objects" not in {kind for kind, _event in named(check())}


def test_a_sealer_that_was_moved_on_passes_by_nothing_unseen(sealed: Sealed, tamper: Tamper) -> None:
    """Who says that more is sealed than there is keeps what follows from getting a place; the check names it."""
    sealed(2)
    tamper("UPDATE events_sealstate SET sealed_id = sealed_id + 1000")
    assert check().findings == []
    late = sealed(2)
    assert named(check()) == [("added", pk) for pk in late]


def test_a_check_that_somebody_dated_ahead_keeps_no_other_one_away(sealed: Sealed) -> None:
    sealed(2)
    SealCheck.objects.create(started=timezone.now() + timedelta(days=400), finished=timezone.now(), position={})
    done = verify.go_on(seconds=60)
    assert done is not None
    assert (done.checked, done.found) == (2, 0)
    assert verify.go_on(seconds=60) is None, "the next one is due in a day"


def test_an_erased_person_leaves_every_seal_right(sealed: Sealed, cast: Cast) -> None:
    sealed(5)
    with cast.staffing():
        erase_user(user_id=cast.owner.pk)
    seal_now()
    person = FrozenPerson.objects.filter(user_id=cast.owner.pk).get()
    assert (person.salt, person.name) == (None, "Erased user")
    assert check().findings == []


def test_a_sealed_log_that_is_removed_whole(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(3)
    tamper("DELETE FROM events_sealcheckpoint", "DELETE FROM events_sealtile", "DELETE FROM events_seallog")
    assert named(check()) == [*(("added", event_id) for event_id in ids), ("outside", 0)]


def test_the_command_says_it_and_fails(sealed: Sealed, tamper: Tamper, capsys: pytest.CaptureFixture[str]) -> None:
    ids = sealed(3)
    call_command("verify_log")
    assert "The log is what was sealed." in capsys.readouterr().out
    tamper(f"DELETE FROM events_event WHERE id = {ids[0]}")
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_log")
    assert f"Event {ids[0]} (place 0 of workspace" in capsys.readouterr().out
    assert SealCheck.objects.first().found == 1  # type: ignore[union-attr]


def test_the_time_of_a_change_is_narrowed_by_the_last_good_check(sealed: Sealed, tamper: Tamper) -> None:
    ids = sealed(3)
    good = verify.go_on(seconds=60)
    assert good is not None
    assert (good.finished is None, good.found) == (False, 0)
    tamper(f"UPDATE events_event SET actor_ref = 9 WHERE id = {ids[0]}")
    SealCheck.objects.filter(pk=good.pk).update(started=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert "was changed between 2030-01-02 03:04:05 UTC and" in check().findings[0]["text"]


def test_a_check_goes_on_where_it_was_killed(sealed: Sealed, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.seals.verify_logs.TILES", 1)
    sealed(700)
    sealed(3, workspace=cast.bolt)
    steps = 0
    while SealCheck.objects.filter(finished__isnull=False).count() == 0:
        verify.go_on(seconds=0)
        steps += 1
    found = SealCheck.objects.get()
    assert (found.checked, found.found, found.step) == (703, 0, steps)
    assert steps > 5
    assert verify.go_on(seconds=1) is None  # the next one is due tomorrow
