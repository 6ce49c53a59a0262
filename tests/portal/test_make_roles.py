"""The role as which the portal runs: it can do all that the portal does, and can't change the log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.people.services.erasure import erase_user
from accounts.tokens.services import create_application_token
from events.models import Event
from events.seals.services import seal_now
from events.trigger_state import trigger_problems
from portal.management.commands.make_roles import NONE, SPECIAL, statements_for
from sims.devices.services.status import disable_devices
from tests.cast import PASSWORD, Cast

ROLE = "portal_of_a_test"


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _refused(statement: str) -> bool:
    try:
        with transaction.atomic():
            _sql(statement)
    except DatabaseError as error:
        text = str(error)
        return "permission denied" in text or "must be owner" in text
    return False


def _warned() -> bool:
    found = run_checks(databases=["default"], include_deployment_checks=True)
    return any(message.id == "events.W002" for message in found)


@pytest.fixture
def role(cast: Cast) -> str:
    """A role that is gone with the test's transaction."""
    _sql(f"CREATE ROLE {ROLE} NOLOGIN")
    return ROLE


@pytest.fixture
def as_the_portal(role: str) -> Iterator[None]:
    call_command("make_roles", "--portal", role, "--apply", stdout=StringIO())
    _sql(f"SET ROLE {role}")
    with pytest.MonkeyPatch.context() as patch:
        # What is arranged is forgiven in a table that the role does not see; `test_silence` tries the guard as it.
        patch.setattr("tests.silence.forget", lambda: None)
        patch.setattr("kit.action._check", None)
        yield
    _sql("RESET ROLE")


@pytest.mark.postgresql
def test_the_portal_runs_as_it(cast: Cast, as_the_portal: None) -> None:
    client = Client()
    assert client.post("/accounts/login/", {"login": cast.owner.email, "password": PASSWORD}).status_code == 302
    assert client.get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    assert client.get(f"/w/{cast.acme.pk}/events/").status_code == 200
    devices = [cast.device(sim=sim).pk for sim in cast.sims(20, status=1)]
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=devices)
        token = create_application_token(workspace_id=cast.acme.pk, description="ERP", role="Administrator")
    program = Client()
    signed_in = program.post(
        "/api/v1/authenticate", {"application_token": token.value}, content_type="application/json"
    ).json()["auth_token"]
    assert program.get("/api/v1/sim", HTTP_AUTHORIZATION=f"Bearer {signed_in}").status_code == 200
    assert Event.objects.filter(type=43).count() == 20
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    seal_now()
    assert trigger_problems() == []
    assert not _warned()


@pytest.mark.postgresql
def test_it_can_not_change_the_log(cast: Cast, as_the_portal: None) -> None:
    old = timezone.now() - timedelta(days=40)
    statements = [
        "UPDATE events_event SET actor_ref = 1",
        "DELETE FROM events_event",
        "TRUNCATE events_event",
        f"INSERT INTO events_retentionreceipt (workspace_id, cutoff, removed) VALUES (1, '{old.isoformat()}', 0)",
        "UPDATE events_retentionreceipt SET removed = 1",
        "DELETE FROM events_erasurereceipt",
        "UPDATE events_erasurereceipt SET user_id = 1",
        "DELETE FROM events_frozenperson",
        "TRUNCATE events_frozenperson",
        "UPDATE events_frozenperson SET user_id = 1",
        "UPDATE events_frozenperson SET commitment = ''",
        "DELETE FROM events_sealtile",
        "DELETE FROM events_seallog",
        "UPDATE django_migrations SET name = ''",
        "ALTER TABLE events_event DISABLE TRIGGER event_no_update",
        "ALTER TABLE events_event ENABLE REPLICA TRIGGER event_no_update",
        "DROP TRIGGER event_no_update ON events_event",
        "CREATE OR REPLACE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
        "DROP TABLE events_event",
    ]
    assert [statement for statement in statements if not _refused(statement)] == []


@pytest.mark.postgresql
def test_it_prints_what_it_would_run(role: str) -> None:
    out = StringIO()
    call_command("make_roles", "--portal", role, stdout=out)
    assert out.getvalue() == "BEGIN;\n" + ";\n".join(statements_for(role)) + ";\nCOMMIT;\n"
    assert f'GRANT SELECT, INSERT ON "events_event" TO "{role}"' in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'events_event', 'SELECT')", [role])
        assert cursor.fetchone() == (False,)


@pytest.mark.postgresql
def test_every_table_is_named(role: str) -> None:
    text = "\n".join(statements_for(role))
    tables = set(connection.introspection.table_names())
    assert {table for table in tables if f'"{table}"' not in text} == NONE
    assert set(SPECIAL) <= tables


@pytest.mark.postgresql
def test_it_is_refused_for_whom_it_could_not_bind(cast: Cast) -> None:
    with pytest.raises(CommandError, match="superuser or owns"):
        call_command("make_roles", "--portal", connection.settings_dict["USER"])
    with pytest.raises(CommandError, match="no role"):
        call_command("make_roles", "--portal", "nobody_has_this_name")
    assert _warned()


@pytest.mark.sqlite
def test_sqlite_has_no_roles(db: None) -> None:
    with pytest.raises(CommandError, match="no roles"):
        call_command("make_roles", "--portal", ROLE)
    assert not _warned()


def test_the_warning_asks_no_database_unless_told_to() -> None:
    # Without the mark `django_db` every query would fail.
    found = run_checks(include_deployment_checks=True)
    assert not any(message.id == "events.W002" for message in found)
