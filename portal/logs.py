"""Log lines as JSON, one object a line, with the request id where there is one; and what is worth one line only."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from kit.context import NoContext, current_context

# What every record carries by itself; the rest came in by `extra=`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "status_code", "server_time"}


class JsonFormatter(logging.Formatter):
    """Time (UTC), level, logger, message, request id, the `extra` fields, and the traceback of an exception.

    A line break in a message is escaped by JSON, so nobody can forge a second line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        with suppress(NoContext):
            line["request_id"] = str(current_context().request_id)
        line.update({key: value for key, value in vars(record).items() if key not in _OWN})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class OneLineWarning(logging.Filter):
    """Turns errors that anybody can cause from outside into warnings of one line, so that they fill no disk."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lower the record and drop its traceback; it is written all the same."""
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return True
