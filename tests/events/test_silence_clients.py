"""Whoever changes something in silence is refused: querysets, SQL, other clients, the portal's role, services."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import uuid

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from accounts.models import DataPlan
from events.handlers.pending import pending
from events.models import Event
from events.silence import NOTED, Silent
from events.trigger_state import mend_triggers, trigger_problems
from events.triggers import make_way, silence_lifted
from events.writer import log
from kit.action import action
from sims.devices.services.tags import change_tags
from sims.inventory.services.status import change_sim_status
from sims.models import Device, Sim
from tests.cast import Cast
from tests.silence import be_strict, refused, run, settle

pytestmark = pytest.mark.sqlite_too("each database refuses silence in a way of its own")


def _suspended(sim: Sim) -> bool:
    sim.refresh_from_db()
    return sim.status == 2


@pytest.fixture
def sims(transactional_db: None, cast: Cast) -> list[Sim]:
    """Two activated SIMs, in a database that refuses as in production."""
    made = cast.sims(2, status=1)
    be_strict()
    return made


_SUSPEND = "UPDATE sims_sim SET status = 2 WHERE id = %s"


@pytest.mark.django_db(transaction=True)
def test_a_queryset_and_a_saved_row_are_refused_and_a_service_is_not(cast: Cast, sims: list[Sim]) -> None:
    one, other = sims
    assert refused(lambda: Sim.objects.filter(pk=one.pk).update(status=2))
    one.status = 2
    assert refused(one.save)
    assert not _suspended(one)
    with cast.acting(cast.owner):
        assert change_sim_status(workspace_id=cast.acme.pk, sim_ids=[one.pk], to=2).changed == [one.pk]
    assert _suspended(one)
    assert not _suspended(other)
    assert run(f"SELECT 1 FROM {NOTED}") <= 0


@pytest.mark.django_db(transaction=True)
def test_one_event_for_many_covers_all_of_them(cast: Cast, sims: list[Sim]) -> None:
    with silence_lifted():
        devices = [cast.device().pk for _number in range(7)]
    with cast.acting(cast.owner):
        change_tags(workspace_id=cast.acme.pk, device_ids=devices, add=["field"])
    assert list(Event.objects.values_list("type", "detail__covers")) == [(10011, {"device": devices})]
    assert Device.objects.filter(tags="field").count() == 7


def _told(cast: Cast, *, sim: Sim | None = None, covers: dict[str, list[int]] | None = None) -> None:
    log(
        [pending(10074, cast.operator.pk, bic="1", count=0)._replace(covers=covers or {"sim": [sim.pk] if sim else []})]
    )


@pytest.mark.django_db(transaction=True)
def test_an_event_about_something_else_covers_nothing(cast: Cast, sims: list[Sim]) -> None:
    one, other = sims
    for covers in ({"sim": [other.pk]}, {"device": [one.pk]}, {}):
        with (
            cast.staffing(),
            pytest.raises(DatabaseError, match=rf"sim {one.pk} \(1 in all\) changed without"),
            action(),
        ):
            Sim.objects.filter(pk=one.pk).update(status=2)
            _told(cast, covers=covers)
    assert not _suspended(one)
    assert not Event.objects.exists()
    with cast.staffing(), action():
        Sim.objects.filter(pk=one.pk).update(status=2)
        _told(cast, sim=one)
    assert _suspended(one)


@pytest.mark.django_db(transaction=True)
def test_an_action_without_any_event_is_undone(cast: Cast, sims: list[Sim]) -> None:
    with (
        cast.staffing(),
        pytest.raises(DatabaseError, match=r"sim \d+ \(2 in all\) changed without an event"),
        action(),
    ):
        Sim.objects.update(status=2)
    assert not any(_suspended(sim) for sim in sims)


class _Undone(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_within_an_action_covers_nothing_and_wants_nothing(cast: Cast, sims: list[Sim]) -> None:
    one, other = sims
    with cast.staffing():
        with pytest.raises(DatabaseError, match="changed without an event"), action():
            Sim.objects.filter(pk=one.pk).update(status=2)
            with pytest.raises(_Undone), action():
                _told(cast, sim=one)
                raise _Undone
        assert not _suspended(one)
        with action():
            Sim.objects.filter(pk=one.pk).update(status=2)
            with pytest.raises(_Undone), transaction.atomic():
                Sim.objects.filter(pk=other.pk).update(status=2)
                raise _Undone
            _told(cast, sim=one)
    assert [_suspended(sim) for sim in sims] == [True, False]


def _event(sim: Sim, external: int | None = None) -> str:
    columns = "workspace_id, timestamp, type, source, severity, alert, description, sim_id, actor_kind, actor_ref"
    values = f"{sim.workspace_id}, CURRENT_TIMESTAMP, 9, 2, 0, {{false}}, 'By hand', {sim.pk}, 8, 0"
    request = uuid.uuid4()
    false, key = ("false", str(request)) if connection.vendor == "postgresql" else ("0", request.hex)
    return (
        f"INSERT INTO events_event ({columns}, actor_label, request_id, user_agent, surface, external_id)"
        f" VALUES ({values.format(false=false)}, 'System', '{key}', '', 5, {external or 'NULL'})"
    )


@pytest.mark.django_db(transaction=True)
def test_sql_by_hand_passes_with_an_event_of_its_own(cast: Cast, sims: list[Sim]) -> None:
    one, other = sims
    with transaction.atomic():
        run(_SUSPEND, one.pk)
        run(_event(one))
    assert _suspended(one)
    # In a later transaction the event covers nothing, and one that was taken in from outside never does.
    assert refused(lambda: run("UPDATE sims_sim SET status = 1 WHERE id = %s", one.pk))
    assert refused(lambda: (run(_SUSPEND, other.pk), run(_event(other, external=5))))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_of_its_own_is_refused(cast: Cast, sims: list[Sim]) -> None:
    one, _other = sims
    options = connection.get_connection_params()
    wanted = {name: options[name] for name in ("dbname", "user", "password", "host", "port") if options.get(name)}
    with psycopg.connect(**wanted, autocommit=True) as client:
        for statement in (
            _SUSPEND,
            "SET session_replication_role = replica; " + _SUSPEND,
            "WITH gone AS (DELETE FROM sims_sim WHERE id = %s RETURNING 1) SELECT * FROM gone",
            "TRUNCATE sims_sim CASCADE; SELECT %s::int",
        ):
            with pytest.raises(psycopg.errors.TriggeredActionException, match="changed without an event"):
                client.execute(statement.replace("%s", str(one.pk)))
        with client.transaction():
            # The order does not matter here, and a check before its time sees the rest later.
            client.execute(_event(one))
            client.execute(_SUSPEND, [one.pk])
        with pytest.raises(psycopg.errors.TriggeredActionException), client.transaction():
            client.execute(_event(one))
            client.execute("SET CONSTRAINTS ALL IMMEDIATE")
            client.execute("UPDATE sims_sim SET status = 1 WHERE id = %s", [one.pk])
    assert _suspended(one)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_copy_into_the_table_is_refused(cast: Cast, sims: list[Sim]) -> None:
    def copied() -> None:
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY accounts_dataplan (name, description, category, currency, included_mb, active, monthly_rate,"
                " excess_rate) FROM STDIN"
            ) as copy,
        ):
            copy.write_row(("Free", "", "pooled", "EUR", 1, True, 0, 0))

    assert refused(copied)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_client_of_sqlite_is_refused(cast: Cast, sims: list[Sim]) -> None:
    one, other = sims
    path = str(connection.settings_dict["NAME"])
    change = f"UPDATE sims_sim SET status = 2 WHERE id = {one.pk}"
    client = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="with PRAGMA foreign_keys off none is told apart"):
        client.execute(change)
    client.execute(f"UPDATE sims_sim SET tested_bytes = 5 WHERE id = {one.pk}")
    client.execute("PRAGMA foreign_keys = ON")
    for statement in (change, f"INSERT OR REPLACE INTO sims_sim SELECT * FROM sims_sim WHERE id = {one.pk}"):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            client.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="stays empty"):
        client.execute("INSERT INTO events_nowhere VALUES (0)")
    client.execute("BEGIN")
    client.execute(change)
    client.execute(_event(one))
    client.execute("COMMIT")
    client.close()
    assert [_suspended(sim) for sim in sims] == [True, False]
    shell = shutil.which("sqlite3")
    if shell:
        done = subprocess.run([shell, path, _SUSPEND % other.pk], capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "refused" in done.stderr
    assert not _suspended(other)


@pytest.mark.postgresql
def test_the_portals_role_is_refused_and_can_not_touch_what_is_noted(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    device = cast.device(sim=sim)
    run("CREATE ROLE portal_of_silence NOLOGIN")
    call_command("make_roles", "--portal", "portal_of_silence", "--apply", verbosity=0)
    settle()
    check = "SET CONSTRAINTS silence_check IMMEDIATE; SET CONSTRAINTS silence_check DEFERRED"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.silence.forget", lambda: None)
        patch.setattr("kit.action._check", None)
        run("SET ROLE portal_of_silence")
        with cast.acting(cast.owner):
            change_tags(workspace_id=cast.acme.pk, device_ids=[device.pk], add=["field"])
        run(check)
        assert Event.objects.get().type == 10011
        for statement in (
            f"SELECT 1 FROM {NOTED}",
            f"DELETE FROM {NOTED}",
            "DROP TRIGGER sims_sim_silence_update ON sims_sim",
        ):
            with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
                run(statement)
        # Nor does a table of the same name help, which is looked at before all others.
        run(f"CREATE TEMPORARY TABLE {NOTED} (LIKE sims_sim)")
        with pytest.raises(DatabaseError, match="changed without an event"), transaction.atomic():
            run(_SUSPEND, sim.pk)
            run(check)
        run(f"DROP TABLE pg_temp.{NOTED}")
        run("RESET ROLE")


# --- what makes and mends it ---


_TAMPERING = {
    "postgresql": {
        "ALTER TABLE sims_sim DISABLE TRIGGER sims_sim_silence_update": "state D",
        f"ALTER TABLE {NOTED} DISABLE TRIGGER silence_check": "state D",
        f"DROP TRIGGER silence_check ON {NOTED}": "silence_check on table events_uncovered is missing",
        "ALTER FUNCTION silence_check() SECURITY INVOKER": "silence_check was changed",
        "ALTER FUNCTION silence_covered() RESET search_path": "silence_covered was changed",
        f"CREATE RULE swallow AS ON INSERT TO {NOTED} DO INSTEAD NOTHING": "swallow",
    },
    "sqlite": {
        "DROP TRIGGER accounts_user_silence_update": "accounts_user_silence_update on table accounts_user is missing",
        "DROP TRIGGER nowhere_stays_empty": "nowhere_stays_empty",
        "CREATE TRIGGER swallow BEFORE INSERT ON events_uncovered BEGIN SELECT RAISE(IGNORE); END": "not ours",
    },
}


def test_what_was_done_to_the_guard_is_seen_and_mended(db: None, vendor: str) -> None:
    for statement, told in _TAMPERING[vendor].items():
        assert trigger_problems() == []
        run(statement)
        assert any(told in problem for problem in trigger_problems()), statement
        mend_triggers()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_migration_rebuilds_an_audited_table(cast: Cast) -> None:
    """As `migrate` does it, with the receivers before and after it."""
    be_strict()
    make_way(plan=[])
    assert trigger_problems() == []
    field = models.CharField(max_length=5, default="")
    field.set_attributes_from_name("colour")
    for step in ("add_field", "remove_field"):
        make_way(plan=["something"])
        with connection.schema_editor() as editor:
            getattr(editor, step)(Sim, field)
            editor.alter_field(Sim, Sim._meta.get_field("eid"), Sim._meta.get_field("eid"))
        mend_triggers()
        assert trigger_problems() == []
    assert refused(lambda: cast.batch(count=1))


def test_the_words_of_a_refusal_name_every_kind(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    with cast.staffing(), pytest.raises(Silent) as silent, action():
        Sim.objects.filter(pk=sim.pk).update(status=2)
        DataPlan.objects.update(active=False)
    kinds = f"data_plan {cast.plan.pk} (1 in all), sim {sim.pk} (1 in all)"
    assert str(silent.value) == f"{kinds} changed without an event in the same transaction."
