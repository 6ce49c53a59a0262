"""The outbox of a portal without a mail server: readable on this machine, nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import get_connection, send_mail
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = tmp_path
    backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=tmp_path)
    for subject in ("First", "Second"):
        text = f"{subject} line\nhttp://testserver/accounts/verify/{subject}/\n"
        send_mail(subject, text, None, ["nora@example.com"], connection=backend)


@pytest.mark.usefixtures("_folder")
def test_mails_are_readable_with_their_links() -> None:
    html = Client().get("/outbox/").content.decode()
    assert html.index("Second") < html.index("First line")
    assert '<a href="http://testserver/accounts/verify/First/">' in html


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("change", [{"PRODUCTION": True}, {"EMAIL_HOST": "mail.example.com"}])
def test_there_is_none_with_a_mail_server_or_in_production(settings: Any, change: dict[str, Any]) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert Client().get("/outbox/").status_code == 404


@pytest.mark.usefixtures("_folder")
def test_other_machines_see_nothing() -> None:
    assert Client(REMOTE_ADDR="203.0.113.9").get("/outbox/").status_code == 404


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_nothing_is_shown_through_a_proxy_on_this_machine(header: str) -> None:
    assert Client(headers={header: "203.0.113.9"}).get("/outbox/").status_code == 404
