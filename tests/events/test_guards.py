"""The guards of the log: every way around them that needs no change of the tables is refused, every change is seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.people.services.erasure import erase_user
from events import triggers
from events.guard_checks import OVERDUE, guard_problems, guards_are_good, look_at_guards
from events.models import ErasureReceipt, Event, FrozenPerson, GuardCheck, RetentionReceipt
from events.trigger_state import missing_tables, trigger_problems
from sims.inventory.services.status import change_sim_status
from tests.cast import Cast
from tests.log import last

pytestmark = pytest.mark.sqlite_too("the triggers of the log have SQL for each database")

DAY = timedelta(days=1)
ERASED = "Erased user (User ID: 1)"


def _one_event(cast: Cast, **options: Any) -> Event:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.owner, **options):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    event: Event = last()
    return event


def _run(sql: str, *params: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        count: int = cursor.rowcount
        return count


def _refused(sql: str, *params: Any) -> bool:
    try:
        _run(sql, *params)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


# --- receipts of retention ---


def test_old_rows_go_under_an_open_receipt_of_the_same_workspace(cast: Cast) -> None:
    now = timezone.now()
    old = _one_event(cast, moment=now - 40 * DAY)
    young = _one_event(cast)
    delete = "DELETE FROM events_event WHERE id = %s"
    RetentionReceipt.objects.create(workspace=cast.umbra, cutoff=now - 31 * DAY)
    assert _refused(delete, old.pk)
    receipt = RetentionReceipt.objects.create(workspace=cast.acme, cutoff=now - 31 * DAY)
    assert _refused(delete, young.pk)
    assert _run(delete, old.pk) == 1
    another = _one_event(cast, moment=now - 40 * DAY)
    RetentionReceipt.objects.filter(pk=receipt.pk).update(closed=now, removed=1)
    assert _refused(delete, another.pk)


def test_a_receipt_is_opened_now_for_what_is_old_closed_once_and_stays(cast: Cast) -> None:
    now = timezone.now()
    insert = (
        'INSERT INTO events_retentionreceipt (workspace_id, cutoff, opened, closed, removed, "transaction")'
        " VALUES (%s, %s, %s, NULL, 0, 0)"
    )
    assert _refused(insert, cast.acme.pk, now - 29 * DAY, now)
    assert _refused(insert, cast.acme.pk, "2999-01-01 00:00:00", now)
    if connection.vendor == "sqlite":
        assert _refused(insert, cast.acme.pk, now - 31 * DAY, now - DAY)
    else:
        _run(insert, cast.acme.pk, now - 31 * DAY, now - DAY)
        forged = RetentionReceipt.objects.get()
        assert forged.opened > now - timedelta(minutes=1)
    receipt = RetentionReceipt.objects.create(workspace=cast.acme, cutoff=now - 31 * DAY)
    erasure = ErasureReceipt.objects.create(user_id=7)
    update = "UPDATE events_{} SET {} WHERE id = %s"
    past = "'2020-01-01 00:00:00'"
    for change in (f"cutoff = {past}", "removed = 3", "workspace_id = 2", f"opened = {past}"):
        assert _refused(update.format("retentionreceipt", change), receipt.pk), change
    assert _refused(update.format("erasurereceipt", "user_id = 8"), erasure.pk)
    for model, row in ((RetentionReceipt, receipt), (ErasureReceipt, erasure)):
        table = model._meta.db_table.removeprefix("events_")
        assert _run(update.format(table, "closed = opened"), row.pk) == 1
        assert _refused(update.format(table, "closed = NULL"), row.pk)
        assert _refused(update.format(table, "closed = '2020-01-01 00:00:00'"), row.pk)
        assert _refused(f"DELETE FROM events_{table} WHERE id = %s", row.pk)
        if connection.vendor == "postgresql":
            assert _refused(f"TRUNCATE events_{table}")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_receipt_holds_in_its_own_transaction_only(cast: Cast) -> None:
    event = _one_event(cast, moment=timezone.now() - 40 * DAY)
    RetentionReceipt.objects.create(workspace=cast.acme, cutoff=timezone.now() - 31 * DAY)
    ErasureReceipt.objects.create(user_id=cast.owner.pk)
    assert _refused("DELETE FROM events_event WHERE id = %s", event.pk)
    assert _refused(
        "UPDATE events_frozenperson SET name = 'Erased user', username = %s, salt = NULL WHERE user_id = %s",
        ERASED,
        cast.owner.pk,
    )


@pytest.mark.sqlite
def test_a_receipt_that_was_left_open_holds_for_minutes_only(cast: Cast) -> None:
    event = _one_event(cast, moment=timezone.now() - 40 * DAY)
    with triggers.lifted():
        RetentionReceipt.objects.create(
            workspace=cast.acme, cutoff=timezone.now() - 31 * DAY, opened=timezone.now() - timedelta(minutes=11)
        )
    assert _refused("DELETE FROM events_event WHERE id = %s", event.pk)


# --- persons ---


def test_a_person_is_changed_by_an_erasure_only_and_into_nobody_only(cast: Cast) -> None:
    _one_event(cast)
    anything = "UPDATE events_frozenperson SET name = 'Max Member', username = 'max@example.com' WHERE user_id = %s"
    erase = "UPDATE events_frozenperson SET name = 'Erased user', username = %s, salt = NULL WHERE user_id = %s"
    assert _refused(anything, cast.owner.pk)
    assert _refused(erase, ERASED, cast.owner.pk)
    assert _refused("UPDATE events_frozenperson SET salt = NULL")
    assert _refused("DELETE FROM events_frozenperson")
    if connection.vendor == "postgresql":
        assert _refused("TRUNCATE events_frozenperson")
    receipt = ErasureReceipt.objects.create(user_id=cast.owner.pk)
    assert _refused(anything, cast.owner.pk)
    assert _refused("UPDATE events_frozenperson SET name = 'Erased user', username = %s", ERASED)  # the salt stays
    assert _refused(erase.replace("salt = NULL", "salt = NULL, user_id = 3"), ERASED, cast.owner.pk)
    assert _refused(erase.replace("salt = NULL", "salt = NULL, commitment = name"), ERASED, cast.owner.pk) or (
        connection.vendor == "postgresql"  # which does not take a text for bytes
    )
    ErasureReceipt.objects.filter(pk=receipt.pk).update(closed=timezone.now())
    assert _refused(erase, ERASED, cast.owner.pk)
    ErasureReceipt.objects.create(user_id=cast.owner.pk)
    assert _run(erase, ERASED, cast.owner.pk) == 1


def test_an_erasure_leaves_closed_receipts(cast: Cast) -> None:
    _one_event(cast)
    with cast.staffing():
        erase_user(user_id=cast.owner.pk)
    person = FrozenPerson.objects.get(user_id=cast.owner.pk)
    assert (person.name, person.salt) == ("Erased user", None)
    receipt = ErasureReceipt.objects.get()
    assert receipt.user_id == cast.owner.pk
    assert receipt.closed is not None
    assert abs(receipt.opened - timezone.now()) < timedelta(minutes=1)


# --- replacing, on SQLite ---


@pytest.fixture
def plain_client(cast: Cast) -> Iterator[Any]:
    """A client with SQLite's own defaults, in which the DELETE of a REPLACE fires no trigger."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")
        yield cursor
        cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.sqlite
@pytest.mark.parametrize("table", [table for table in triggers.TABLES if table != "events_eventobject"])
def test_no_row_is_replaced_whatever_the_client_asks_for(cast: Cast, plain_client: Any, table: str) -> None:
    """All but those that are nothing but their key: what takes their place is the same."""
    _one_event(cast)
    RetentionReceipt.objects.create(workspace=cast.acme, cutoff=timezone.now() - 31 * DAY)
    ErasureReceipt.objects.create(user_id=1)
    moment = "2026-01-01 00:00:00"
    for sql in (
        "INSERT INTO events_sealstate (sealed_id, problem) VALUES (0, '')",
        "INSERT INTO events_seallog (workspace_id, token, origin, salt, size, problem, mail_to)"
        " VALUES (1, 't', 'o', x'00', 0, '', '[]')",
        "INSERT INTO events_sealtile (log_id, level, number, width, hashes, ids) VALUES (1, 0, 0, 1, x'00', x'00')",
        "INSERT INTO events_sealkey (public, since, handover) VALUES (x'01', '2026-01-01 00:00:00', '')",
        "INSERT INTO events_sealcheckpoint (log_id, size, root, moment, key_id, note)"
        f" SELECT 1, 1, x'00', '{moment}', id, '' FROM events_sealkey",
        "INSERT INTO events_sealcosignature (checkpoint_id, log_id, witness, size, moment, line)"
        f" VALUES (1, 1, 'w', 1, '{moment}', '')",
    ):
        plain_client.execute(sql)
    plain_client.execute(f"SELECT * FROM {table}")
    before = plain_client.fetchall()
    assert before
    replaced = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    if table == "events_frozenperson":
        assert _run(replaced) <= 0  # passed over, as a person who is remembered twice at once
    else:
        assert _refused(replaced)
    if table == "events_sealtile":
        columns = "log_id, level, number, width, hashes, ids"
        changed = columns.replace("hashes", "x'ff'")
        assert _refused(f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {changed} FROM {table}")
    unique = triggers._UNIQUE[table][1]
    if unique and table != triggers.EVENTS:
        names = ", ".join(f'"{column[0]}"' for column in plain_client.description if column[0] != "id")
        assert _refused(f"INSERT OR REPLACE INTO {table} (id, {names}) SELECT id + 1000, {names} FROM {table}")
    if table == "events_frozenperson":
        _run(
            f"INSERT OR REPLACE INTO {table} (id, user_id, name, username, commitment)"
            f" SELECT id + 1000, user_id, name, username, x'00' FROM {table}"
        )
    plain_client.execute(f"SELECT * FROM {table}")
    assert plain_client.fetchall() == before


def test_no_event_has_the_id_that_stands_for_a_new_one(cast: Cast) -> None:
    event = _one_event(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM events_event LIMIT 0")
        names = ", ".join(f'"{column[0]}"' for column in cursor.description if column[0] != "id")
    own = "OVERRIDING SYSTEM VALUE" if connection.vendor == "postgresql" else ""
    for wrong in (-1, -5, 0):
        chosen = f"SELECT {wrong}, {names} FROM events_event ORDER BY id LIMIT 1"
        assert _refused(f"INSERT INTO events_event (id, {names}) {own} {chosen}")
    assert Event.objects.get() == event


# --- noticing ---


TAMPERING_POSTGRESQL = {
    "dropped": ("DROP TRIGGER event_no_update ON events_event", "event_no_update on table events_event is missing"),
    "off": ("ALTER TABLE events_event DISABLE TRIGGER event_no_update", "state D"),
    "asleep": ("ALTER TABLE events_event ENABLE REPLICA TRIGGER event_no_update", "state R"),
    "not always": ("ALTER TABLE events_event ENABLE TRIGGER event_no_update", "state O"),
    "emptied": (
        "CREATE OR REPLACE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "Function event_refuse of trigger",
    ),
    "another moment": (
        "CREATE OR REPLACE TRIGGER event_no_update AFTER UPDATE ON events_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse();"
        "ALTER TABLE events_event ENABLE ALWAYS TRIGGER event_no_update",
        "event_no_update on table events_event was changed",
    ),
    "a condition": (
        "DROP TRIGGER event_no_delete ON events_event; CREATE TRIGGER event_no_delete BEFORE DELETE ON events_event"
        " FOR EACH ROW WHEN (OLD.id < 0) EXECUTE FUNCTION event_guard_delete();"
        "ALTER TABLE events_event ENABLE ALWAYS TRIGGER event_no_delete",
        "event_no_delete on table events_event was changed",
    ),
    "another table": (
        "DROP TRIGGER event_no_update ON events_event; CREATE TRIGGER event_no_update BEFORE UPDATE"
        " ON events_guardcheck FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
        "event_no_update on table events_event is missing",
    ),
}
TAMPERING_SQLITE = {
    "dropped": ("DROP TRIGGER event_no_update", "event_no_update on table events_event is missing"),
    "emptied": (
        "DROP TRIGGER event_no_update; CREATE TRIGGER event_no_update BEFORE UPDATE ON events_event"
        " BEGIN SELECT 1; END",
        "event_no_update on table events_event was changed",
    ),
    "another table": (
        "DROP TRIGGER event_no_update; CREATE TRIGGER event_no_update BEFORE UPDATE ON events_guardcheck"
        " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: UPDATE refused.'); END",
        "event_no_update on table events_guardcheck was changed",
    ),
}
STRANGE_POSTGRESQL = {
    "a trigger that swallows": (
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER swallow BEFORE INSERT ON events_event FOR EACH ROW EXECUTE FUNCTION swallow()",
        "Trigger swallow on table events_event is not ours",
    ),
    "a rule that swallows": (
        "CREATE RULE swallow AS ON INSERT TO events_event DO INSTEAD NOTHING",
        "Rule swallow on table events_event is not ours",
    ),
}
STRANGE_SQLITE = {
    "a trigger that swallows": (
        "CREATE TRIGGER swallow BEFORE INSERT ON events_event BEGIN SELECT RAISE(IGNORE); END",
        "Trigger swallow on table events_event is not ours",
    ),
}


def _tamper(sql: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(sql)
            return
        whole = ""
        for part in sql.split(";"):
            whole += part + ";"
            if sqlite3.complete_statement(whole):
                cursor.execute(whole)
                whole = ""


def _seen_and_mended(sql: str, told: str) -> None:
    assert trigger_problems() == []
    _tamper(sql)
    with pytest.raises(SystemCheckError, match=r"events\.E001") as stopped:
        call_command("check", databases=["default"])
    assert told in str(stopped.value)
    assert "guard_log" in str(stopped.value)
    out = StringIO()
    call_command("guard_log", stdout=out)
    assert told in out.getvalue()
    assert "All guards of the log stand." in out.getvalue()
    assert trigger_problems() == []
    call_command("check", databases=["default"])


@pytest.mark.sqlite
@pytest.mark.parametrize("way", TAMPERING_SQLITE)
def test_what_was_done_to_a_trigger_is_seen_and_mended_on_sqlite(db: None, way: str) -> None:
    _seen_and_mended(*TAMPERING_SQLITE[way])


@pytest.mark.postgresql
@pytest.mark.parametrize("way", [way for way in TAMPERING_POSTGRESQL if way != "another table"])
def test_what_was_done_to_a_trigger_is_seen_and_mended(db: None, way: str) -> None:
    _seen_and_mended(*TAMPERING_POSTGRESQL[way])


@pytest.mark.postgresql
def test_a_trigger_that_moved_to_another_table_is_seen(db: None) -> None:
    _seen_and_mended(*TAMPERING_POSTGRESQL["another table"])


@pytest.mark.parametrize("way", STRANGE_POSTGRESQL)
def test_what_is_not_ours_is_seen_and_left_to_people(db: None, vendor: str, way: str) -> None:
    ways = STRANGE_POSTGRESQL if vendor == "postgresql" else STRANGE_SQLITE
    if way not in ways:
        assert vendor == "sqlite"  # which has no rules
        return
    sql, told = ways[way]
    _tamper(sql)
    assert any(told in problem for problem in trigger_problems())
    with pytest.raises(CommandError, match="not ours"):
        call_command("guard_log", stdout=StringIO())


@pytest.mark.postgresql
def test_the_guards_are_awake_while_a_replica_is_replayed(cast: Cast) -> None:
    event = _one_event(cast)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        assert _refused("UPDATE events_event SET description = 'x' WHERE id = %s", event.pk)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.django_db(transaction=True)
def test_migrate_is_stopped_by_a_missing_trigger_and_guard_log_is_not(db: None) -> None:
    triggers.drop_triggers()
    with pytest.raises(SystemCheckError, match=r"events\.E001"):
        call_command("migrate", verbosity=0, skip_checks=False)
    call_command("guard_log", stdout=StringIO())
    call_command("migrate", verbosity=0, skip_checks=False)
    assert trigger_problems() == []


def test_missing_triggers_stop_no_migration_that_brings_them(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.checks._migrations_missing", lambda _alias: True)
    _tamper("DROP TRIGGER event_no_update" + (" ON events_event" if connection.vendor == "postgresql" else ""))
    call_command("check", databases=["default"])


def test_a_view_in_the_place_of_a_table_is_seen(cast: Cast) -> None:
    """The triggers have gone with the table, and so has the row that the view leaves out."""
    with connection.cursor() as cursor:
        assert missing_tables() == []
        cursor.execute("ALTER TABLE events_sealkey RENAME TO hidden")
        cursor.execute("CREATE VIEW events_sealkey AS SELECT * FROM hidden WHERE 1 = 0")
    assert missing_tables() == ["Table events_sealkey is missing, or is no table any more."]
    assert look_at_guards() == missing_tables()
    assert not guards_are_good()


@pytest.mark.postgresql
def test_row_security_is_seen(cast: Cast) -> None:
    _tamper("ALTER TABLE events_event ENABLE ROW LEVEL SECURITY")
    assert trigger_problems() == ["Row security of table events_event is not ours: it can hide rows."]


def test_the_sweep_keeps_what_it_found_for_probe_and_staff(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    client = cast.client(cast.staff)
    assert (guard_problems(), guards_are_good()) == ([], True)
    look_at_guards()
    assert (guard_problems(), guards_are_good()) == ([], True)
    _tamper("DROP TRIGGER event_no_update" + (" ON events_event" if connection.vendor == "postgresql" else ""))
    look_at_guards()
    assert "guard_log" in caplog.text
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["guards"]) == (200, False)
    assert "event_no_update on table events_event is missing" in client.get("/admin/").content.decode()
    triggers.create_triggers()
    look_at_guards()
    assert client.get("/readyz").json()["checks"]["guards"] is True
    GuardCheck.objects.update(checked=timezone.now() - OVERDUE - timedelta(minutes=1))
    ((text, tone),) = guard_problems()
    assert tone == "warn"
    assert "last looked at" in text
