"""The sealer gives each committed event one place: late commits, kills and other sealers beside it included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, InternalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event, SealCheckpoint, SealCosignature, SealLog, SealState, SealTile
from events.seals import checkpoints, sealer, trees
from events.seals.services import seal_now
from events.totals import events_in_log
from tests.cast import Cast

Sealed = Callable[..., list[int]]

RAW = (
    "INSERT INTO events_event (workspace_id, timestamp, type, source, severity, alert, description, actor_kind,"
    " actor_ref, actor_label, request_id, user_agent, surface)"
    " VALUES (%s, now(), 9, 2, 0, false, 'raw', 8, 0, 'System', gen_random_uuid(), '', 4) RETURNING id"
)


def places(workspace_id: int) -> list[int]:
    """Return the ids of the sealed events of a workspace, by place."""
    tiles = SealTile.objects.filter(log__workspace_id=workspace_id, level=0).order_by("number")
    return [event_id for tile in tiles for event_id in trees.unpacked_ids(tile.ids)]


def logged(workspace_id: int) -> list[int]:
    return list(Event.objects.filter(workspace_id=workspace_id).order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db
def test_each_event_has_one_place_in_the_order_of_ids(sealed: Sealed, cast: Cast) -> None:
    for count in (1, 254, 1, 1, 300, 700):
        sealed(count)
        sealed(2, workspace=cast.bolt)
    assert places(cast.acme.pk) == logged(cast.acme.pk)
    assert places(cast.bolt.pk) == logged(cast.bolt.pk)
    for workspace in (cast.acme, cast.bolt):
        log = SealLog.objects.get(workspace=workspace)
        assert log.size == len(logged(workspace.pk))
        for index, event_id in enumerate(logged(workspace.pk)):
            place = trees.place_of(log.pk, event_id)
            assert place is not None
            assert place.index == index
        assert trees.place_of(log.pk, 10**12) is None
        assert trees.place_of(log.pk, 0) is None
    other = SealLog.objects.get(workspace=cast.bolt)
    assert trees.place_of(other.pk, logged(cast.acme.pk)[5]) is None


@pytest.mark.django_db
def test_nothing_new_seals_and_signs_nothing(sealed: Sealed) -> None:
    sealed(3)
    assert seal_now() == (0, 0)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow(sealed: Sealed, cast: Cast) -> None:
    def queries(count: int, *workspaces: Any) -> int:
        for workspace in workspaces:
            sealed(count, workspace=workspace, seal=False)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            seal_now()
        return len(captured)

    queries(3, cast.acme, cast.bolt, cast.umbra)
    few = queries(3, cast.acme)
    many = queries(250, cast.acme, cast.bolt, cast.umbra)
    # The folder outside is written log by log, after the commit: a query each.
    assert many <= few + 2


@pytest.mark.django_db
def test_what_is_sealed_can_only_grow(sealed: Sealed) -> None:
    sealed(3)
    for statement in (
        "UPDATE events_sealtile SET hashes = ids",
        "UPDATE events_sealtile SET number = 5",
        "DELETE FROM events_sealtile",
        "DELETE FROM events_sealcheckpoint",
        "UPDATE events_sealcheckpoint SET size = 1",
        "UPDATE events_seallog SET size = 1",
        "UPDATE events_seallog SET origin = 'x'",
        "DELETE FROM events_seallog",
        "UPDATE events_sealstate SET sealed_id = 0",
        "DELETE FROM events_sealkey",
        "DELETE FROM events_sealstate",
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
def test_a_quiet_log_is_signed_once_an_hour(sealed: Sealed, tamper: Any) -> None:
    sealed(3)
    assert seal_now() == (0, 0)
    tamper("UPDATE events_sealcheckpoint SET moment = '2026-01-01 00:00:00+00'")
    assert seal_now() == (0, 1)
    first, second = SealCheckpoint.objects.order_by("pk")
    assert (first.size, bytes(first.root)) == (second.size, bytes(second.root))


@pytest.mark.django_db
def test_old_checkpoints_are_thinned_to_one_an_hour(sealed: Sealed, tamper: Any) -> None:
    for _turn in range(6):
        sealed(1)
    ids = list(SealCheckpoint.objects.order_by("pk").values_list("pk", flat=True))
    for pk, moment in zip(ids, ("01 10:05", "01 10:20", "01 10:59", "01 11:00", "02 09:00", "02 09:30"), strict=True):
        tamper(f"UPDATE events_sealcheckpoint SET moment = '2026-01-{moment}:00+00:00' WHERE id = {pk}")
    SealCosignature.objects.create(
        checkpoint_id=ids[0], log=SealLog.objects.get(), witness="w", size=1, moment=timezone.now(), line="-"
    )
    for pk in (ids[0], ids[2], ids[5]):
        # Signed by a witness, or the last of its hour: the database itself lets it not go.
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_sealcheckpoint WHERE id = %s", [pk])
    assert checkpoints.thin() == 2
    assert list(SealCheckpoint.objects.order_by("pk").values_list("pk", flat=True)) == [ids[0], ids[2], ids[3], ids[5]]
    sealed(2)
    assert checkpoints.thin() == 0


@contextmanager
def another_session() -> Iterator[Any]:
    """A second connection to the database of the tests."""
    other = connections.create_connection("default")
    try:
        yield other
    finally:
        other.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_nothing_is_sealed_around_an_open_transaction(sealed: Sealed, cast: Cast) -> None:
    before = sealed(2)
    with another_session() as slow, another_session() as quick:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute(RAW, [cast.acme.pk])
            late = cursor.fetchone()[0]
        with quick.cursor() as cursor:
            cursor.execute(RAW, [cast.acme.pk])
            early = cursor.fetchone()[0]
        assert late < early
        assert logged(cast.acme.pk) == [*before, early]
        # The later id is committed, the earlier one is not: neither gets a place.
        assert sealer.seal(wait=0.1) == (0, False)
        assert places(cast.acme.pk) == before
        assert seal_now(wait=0.1) == (0, 0)
        assert events_in_log(cast.acme.pk) == len(before) + 1
        slow.commit()
    assert events_in_log(cast.acme.pk) == len(before) + 2
    assert seal_now() == (2, 1)
    assert places(cast.acme.pk) == [*before, late, early]
    assert events_in_log(cast.acme.pk) == len(before) + 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_run_waits_for_a_writer_who_ends_in_time(sealed: Sealed, cast: Cast) -> None:
    sealed(1)
    with another_session() as slow:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute(RAW, [cast.acme.pk])
            late = cursor.fetchone()[0]
        slow.inc_thread_sharing()
        timer = threading.Timer(0.3, slow.commit)
        timer.start()
        assert sealer.seal(wait=10) == (1, True)
        timer.join()
    assert places(cast.acme.pk)[-1] == late


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_writer_who_rolls_back_holds_nothing_up_for_long(sealed: Sealed, cast: Cast) -> None:
    sealed(1)
    with another_session() as slow:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute(RAW, [cast.acme.pk])
        assert sealer.seal(wait=0.05) == (0, False)
        slow.rollback()
    assert sealer.seal(wait=0.05) == (0, True)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_sealer_at_a_time(sealed: Sealed) -> None:
    sealed(1)
    sealed(3, seal=False)
    with another_session() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM events_sealstate FOR UPDATE")
        assert seal_now() == (0, 0)
        other.rollback()
    assert seal_now() == (3, 1)


def _in_threads(count: int, work: Callable[[int], None]) -> None:
    problems: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_interleaved_writers_and_sealers(sealed: Sealed, cast: Cast) -> None:
    """Six writers commit late, early and never while two sealers run; each committed event has its place, in order."""
    sealed(1)
    stop = time.monotonic() + 4
    workspaces = [cast.acme.pk, cast.bolt.pk]

    def write(number: int) -> None:
        with another_session() as own:
            own.set_autocommit(False)
            turn = 0
            while time.monotonic() < stop:
                turn += 1
                with own.cursor() as cursor:
                    for each in range(1 + (number + turn) % 3):
                        cursor.execute(RAW, [workspaces[each % 2]])
                        time.sleep(0.001 * ((number * 7 + turn) % 9))
                if turn % 5 == 0:
                    own.rollback()
                else:
                    own.commit()

    def work(number: int) -> None:
        if number < 6:
            write(number)
            return
        while time.monotonic() < stop:
            seal_now(wait=2)

    _in_threads(8, work)
    seal_now()
    for workspace_id in workspaces:
        assert len(logged(workspace_id)) > 50
        assert places(workspace_id) == logged(workspace_id)
    sizes = list(
        SealCheckpoint.objects.filter(log__workspace_id=cast.acme.pk).order_by("pk").values_list("size", flat=True)
    )
    assert sizes == sorted(sizes)
    assert len(sizes) > 2


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_newest_id_is_read_behind_the_lock_of_the_sequence() -> None:
    """`SELECT last_value` shows an id up to 32 ahead while another session writes the sequence to the WAL.

    What later takes such an id would be sealed around. With three sessions that take ids, 8 of 39,217 reads were ahead,
    and none of 49,874 by the function; when it happens can't be chosen, so the way of reading is pinned.
    """
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        before = sealer.newest_id(cursor)
        cursor.execute("SELECT nextval('events_event_id_seq')")
        taken = cursor.fetchone()[0]
        assert sealer.newest_id(cursor) == taken > before
    reads = [each["sql"] for each in queries if "events_event_id_seq" in each["sql"] and "nextval" not in each["sql"]]
    assert len(reads) == 2
    assert all("pg_sequence_last_value" in sql and "last_value FROM" not in sql for sql in reads)


_KILLED = """
import django, os, sys
django.setup()
from django.db import connections
connections.databases["default"]["NAME"] = {name!r}
from django.conf import settings
from pathlib import Path
settings.SEALS_FOLDER, settings.SEAL_KEY_FILE, settings.SEAL_KEY = Path({folder!r}), Path({key!r}), ""
from events.seals import sealer, services
sealer.CHUNK = dict(postgresql=50, sqlite=50)
print("ready", flush=True)
while True:
    services.seal_now()
"""


@pytest.mark.django_db(transaction=True)
def test_a_sealer_that_is_killed_is_gone_on_with(sealed: Sealed, cast: Cast, outside: Path) -> None:
    """Killed at five moments in the middle of its work, it leaves no gap and no double."""
    sealed(1)
    program = _KILLED.format(
        name=str(connection.settings_dict["NAME"]), folder=str(outside), key=str(settings.SEAL_KEY_FILE)
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    for moment in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        sealed(900, seal=False)
        time.sleep(0.05 + 0.04 * moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    seal_now()
    assert places(cast.acme.pk) == logged(cast.acme.pk)
    assert len(logged(cast.acme.pk)) == 4501
    assert not SealState.objects.exclude(problem="").exists()
    assert not SealLog.objects.exclude(problem="").exists()
