"""Waking workers. The database holds the job; the wake-up may be lost, and a sweep repeats it."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake_worker(task: str, *arguments: Any, expires: float | None = None) -> bool:
    """Ask a worker to run a task. It never fails: the change is committed, and a sweep asks again.

    Args:
        task: name of the task.
        arguments: JSON-safe.
        expires: seconds after which the request is worth nothing.

    Returns:
        Whether the broker took it.
    """
    try:
        # Not tried again here: a page would wait for a broker that is away.
        current_app.send_task(task, args=list(arguments), ignore_result=True, expires=expires, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("The broker did not take the wake-up %s: %s", task, error)
        return False
    return True
