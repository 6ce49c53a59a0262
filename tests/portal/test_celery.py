from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from celery import current_app
from django.conf import settings

from portal.celery import app


def test_every_thread_sends_to_our_broker() -> None:
    """The web server answers in threads that Celery has never seen."""
    with ThreadPoolExecutor(1) as other:
        assert other.submit(lambda: current_app.main).result() == "portal"
        assert other.submit(lambda: current_app.conf.broker_url).result() == settings.CELERY_BROKER_URL


def test_periodic_tasks_exist_and_never_pile_up() -> None:
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name
        assert entry["options"]["expires"] <= entry["schedule"], name
