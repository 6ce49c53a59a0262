from __future__ import annotations

import json
import logging
import sys

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
