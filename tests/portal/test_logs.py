from __future__ import annotations

import json
import logging
import sys

import pytest
from django.db import connection, transaction
from django.test import Client

from portal.logs import JsonFormatter


def line(message: str, *arguments: object, **extra: object) -> str:
    record = logging.LogRecord("portal", logging.INFO, __file__, 1, message, arguments, None)
    vars(record).update(extra)
    return JsonFormatter().format(record)


def test_a_line_is_one_object() -> None:
    found = json.loads(line("took %d ms", 5, workspace=7))
    assert found["message"] == "took 5 ms"
    assert found["level"] == "INFO"
    assert found["workspace"] == 7
    assert found["time"].endswith("+00:00")


def test_nobody_forges_a_second_line() -> None:
    assert "\n" not in line("user %s", 'x\n{"level": "INFO"}')


def test_the_traceback_is_kept() -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.LogRecord("portal", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    assert "ValueError: odd" in json.loads(JsonFormatter().format(record))["exception"]


@pytest.mark.django_db
def test_a_wrong_host_is_one_line_however_often_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    """Anybody can send one, without signing in."""
    answer = Client(SERVER_NAME="evil.example", raise_request_exception=False).get("/")
    assert answer.status_code == 400
    told = [record for record in caplog.records if record.name == "django.security.DisallowedHost"]
    assert [(record.levelname, record.exc_info) for record in told] == [("WARNING", None)]


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_database_that_takes_no_writes_is_not_ready() -> None:
    client = Client()
    assert client.get("/readyz").json()["checks"]["database"] is True
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        answer = client.get("/readyz")
        transaction.set_rollback(True)
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
