"""The Celery application. Tasks are wake-ups for `Job` rows; the database holds the job (see `kit.jobs`)."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init

from portal.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Otherwise it is the current application of this thread alone, and the threads that serve requests would each make an
# empty one of their own, which knows no broker.
app.set_default()

_worker: list[int] = []


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Django has set up logging already; that somebody listens here keeps Celery from doing it again."""


@worker_init.connect
def _remember_the_worker(**_: Any) -> None:
    _worker[:] = [os.getpid()]


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    """A process of the prefork pool ends with its worker, even when that is killed.

    The solo pool sends this signal too, from the worker itself, whose parent the supervisor has dealt with.
    """
    if _worker and _worker[0] != os.getpid():
        end_with_parent(_worker[0])
