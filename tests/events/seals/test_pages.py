"""What people see of seals, and what they take away; what strangers and programs read without signing in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.actors import staff_actor
from events.models import Event, SealCheck, SealCheckpoint, SealLog
from events.seals import mails, proofs
from events.seals.services import seal_now, set_mail_to
from kit.context import SCHEDULE, acting_as
from kit.errors import Forbidden, Invalid, NotFound
from tests.cast import Cast
from tests.events.build import HTMX, page, record, url, words

pytestmark = pytest.mark.django_db

Sealed = Callable[..., list[int]]


def test_the_panel_asks_for_the_proof(sealed: Sealed, cast: Cast) -> None:
    (event_id,) = sealed(1)
    html = page(cast.client(cast.observer), url(cast.acme, f"{event_id}/"), **{"HX-Request": "true"})
    assert f'hx-get="/w/{cast.acme.pk}/events/{event_id}/proof/"' in html


def test_the_proof_of_an_event(sealed: Sealed, cast: Cast) -> None:
    ids = sealed(5)
    client = cast.client(cast.observer)
    text = words(page(client, url(cast.acme, f"{ids[3]}/proof/"), **{"HX-Request": "true"}))
    assert "Place in the log3 of 5, counted from 0" in text
    assert "Verify" in text
    assert "Download proof" in text
    whole = page(client, url(cast.acme, f"{ids[3]}/proof/"))
    assert "<html" in whole


def test_an_event_of_the_last_seconds(sealed: Sealed, cast: Cast) -> None:
    sealed(1)
    (event_id,) = sealed(1, seal=False)
    client = cast.client(cast.owner)
    assert "is sealed within a minute" in page(client, url(cast.acme, f"{event_id}/proof/"), **HTMX)
    assert client.get(url(cast.acme, f"{event_id}/proof/download/")).status_code == 404
    seal_now()
    assert "Verify" in page(client, url(cast.acme, f"{event_id}/proof/"), **HTMX)


def test_proofs_of_others_are_not_there(sealed: Sealed, cast: Cast) -> None:
    (event_id,) = sealed(1)
    sealed(1, workspace=cast.umbra)
    client = cast.client(cast.outsider)
    for rest in ("proof/", "proof/download/"):
        assert client.get(url(cast.acme, f"{event_id}/{rest}")).status_code == 404
        assert client.get(url(cast.umbra, f"{event_id}/{rest}")).status_code == 404


def _bundle(client: Client, cast: Cast, event_id: int) -> dict[str, dict[str, dict[str, str]]]:
    response = client.get(url(cast.acme, f"{event_id}/proof/download/"))
    assert response.status_code == 200
    assert f'filename="event-{event_id}-proof.json"' in response["Content-Disposition"]
    found: dict[str, dict[str, dict[str, str]]] = json.loads(response.content)
    return found


def test_a_proof_opens_what_its_reader_may_see(sealed: Sealed, cast: Cast) -> None:
    (event_id,) = sealed(1, detail={"reason": "x"})
    owner = _bundle(cast.client(cast.owner), cast, event_id)["openings"]
    assert json.loads(owner["actor"]["value"])["username"] == cast.owner.email
    assert json.loads(owner["context"]["value"]) == {"ip": "192.0.2.7", "user_agent": "Browser/1"}
    assert json.loads(owner["detail"]["value"]) == {"reason": "x"}
    observer = _bundle(cast.client(cast.observer), cast, event_id)
    assert set(observer["openings"]) == {"actor", "detail"}
    assert "192.0.2.7" not in json.dumps(observer)


def test_a_proof_shows_no_live_key_and_no_staff_if_the_operator_says_so(cast: Cast, settings: Settings) -> None:
    settings.STAFF_SHOWN_AS = "id"
    (sim,) = cast.sims(1)
    staff = record(cast.acme, 9, staff_actor(cast.staff), sim=sim)
    key = record(cast.acme, 40, staff_actor(cast.staff), detail={"token": "live-key"})
    seal_now()
    client = cast.client(cast.owner)
    for event_id in (staff, key):
        text = json.dumps(_bundle(client, cast, event_id))
        assert cast.staff.email not in text
        assert "live-key" not in text


def test_the_number_of_queries_of_a_proof(sealed: Sealed, cast: Cast) -> None:
    ids = sealed(600)
    client = cast.client(cast.owner)
    page(client, url(cast.acme, f"{ids[0]}/proof/"), **HTMX)
    counts = []
    for event_id in (ids[0], ids[300], ids[599]):
        with CaptureQueriesContext(connection) as captured:
            page(client, url(cast.acme, f"{event_id}/proof/"), **HTMX)
            client.get(url(cast.acme, f"{event_id}/proof/download/"))
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_the_page_of_the_seals(sealed: Sealed, cast: Cast) -> None:
    address = f"/w/{cast.acme.pk}/settings/seals/"
    assert "Nothing is sealed yet" in page(cast.client(cast.observer), address)
    sealed(3)
    sealed(4)
    html = page(cast.client(cast.observer), address)
    newest, oldest = SealCheckpoint.objects.order_by("-pk")
    log = newest.log
    for text in (log.origin, f"/seals/{log.token}/checkpoint", "verify_log", f"?old={oldest.pk}&amp;new={newest.pk}"):
        assert text in html
    assert "<textarea" not in html
    assert "<textarea" in page(cast.client(cast.owner), address)


def test_the_proof_between_two_checkpoints(sealed: Sealed, cast: Cast) -> None:
    sealed(3)
    sealed(4)
    sealed(1, workspace=cast.umbra)
    newest, oldest = SealCheckpoint.objects.filter(log__workspace=cast.acme).order_by("-pk")
    address = f"/w/{cast.acme.pk}/settings/seals/consistency/"
    client = cast.client(cast.observer)
    found = json.loads(client.get(address, {"old": newest.pk, "new": oldest.pk}).content)
    assert (found["old"], found["new"]) == (oldest.note, newest.note)
    foreign = SealCheckpoint.objects.get(log__workspace=cast.umbra)
    for pair in ({"old": foreign.pk, "new": newest.pk}, {"old": "x"}, {"old": "9" * 30, "new": "1"}):
        assert client.get(address, pair).status_code == 404


def test_what_anybody_may_read(sealed: Sealed, cast: Cast) -> None:
    sealed(300)
    log = SealLog.objects.get()
    anybody = Client()
    answer = anybody.get(f"/seals/{log.token}/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == SealCheckpoint.objects.get().note
    assert "Acme" not in answer.content.decode()
    assert len(anybody.get(f"/seals/{log.token}/tile/0/000").content) == 8192
    assert len(anybody.get(f"/seals/{log.token}/tile/0/001.p/44").content) == 44 * 32
    assert len(anybody.get(f"/seals/{log.token}/tile/1/000.p/1").content) == 32
    for rest in (
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/1",
        "tile/0/x000/001",
        "tile/1/000",
        "tile/0/000.p/0",
        "tile/99/000",
    ):
        assert anybody.get(f"/seals/{log.token}/{rest}").status_code == 404, rest
    assert anybody.get("/seals/0123456789abcdef/checkpoint").status_code == 404
    assert bytes(SealCheckpoint.objects.get().key.public).hex() in anybody.get("/seals/keys").content.decode()


def test_the_daily_mail(sealed: Sealed, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    sealed(3)
    client = cast.client(cast.owner)
    address = f"/w/{cast.acme.pk}/settings/seals/"
    response = client.post(address, {"addresses": "Auditor@example.org\nsecond@example.org"})
    assert response.status_code == 303
    told = Event.objects.of(cast.acme.pk).latest("pk")
    assert (told.type, told.description) == (
        10040,
        "Setting 'Daily mail of the seals' changed from 0 addresses to 2 addresses",
    )
    with django_capture_on_commit_callbacks(execute=True), acting_as(SCHEDULE):
        assert mails.send_due() == 1
    assert [each.to for each in mail.outbox] == [["auditor@example.org"], ["second@example.org"]]
    log = SealLog.objects.get()
    assert log.origin in mail.outbox[0].body
    assert SealCheckpoint.objects.latest("pk").note in mail.outbox[0].body
    with acting_as(SCHEDULE):
        assert mails.send_due() == 0
    SealLog.objects.update(mailed=datetime.now(UTC).date() - timedelta(days=1))
    with acting_as(SCHEDULE):
        assert mails.send_due() == 1


def test_who_may_say_where_the_mail_goes(sealed: Sealed, cast: Cast) -> None:
    with cast.acting(cast.owner), pytest.raises(Invalid):
        set_mail_to(workspace_id=cast.acme.pk, addresses=["a@example.org"])
    sealed(1)
    with cast.acting(cast.member), pytest.raises(Forbidden):
        set_mail_to(workspace_id=cast.acme.pk, addresses=["a@example.org"])
    with cast.acting(cast.outsider), pytest.raises(NotFound):
        set_mail_to(workspace_id=cast.acme.pk, addresses=["a@example.org"])
    with cast.acting(cast.owner):
        for wrong in (["x"], [f"a{number}@example.org" for number in range(6)]):
            with pytest.raises(Invalid):
                set_mail_to(workspace_id=cast.acme.pk, addresses=wrong)
    assert cast.client(cast.owner).post(f"/w/{cast.acme.pk}/settings/seals/", {"addresses": "x"}).status_code == 422


def test_an_erased_person_gets_no_mail(sealed: Sealed, cast: Cast) -> None:
    from accounts.people.services.erasure import erase_user

    sealed(1)
    with cast.acting(cast.owner):
        set_mail_to(workspace_id=cast.acme.pk, addresses=[cast.member.email, "auditor@example.org"])
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    assert SealLog.objects.get(workspace=cast.acme).mail_to == ["auditor@example.org"]


def test_staff_see_what_is_wrong(sealed: Sealed, cast: Cast) -> None:
    sealed(1)
    staff = cast.client(cast.staff)
    assert staff.get("/readyz").json()["checks"]["seals"] is True
    check = SealCheck.objects.create(
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
        checked=7,
        found=1,
        findings=[{"kind": "changed", "workspace_id": 1, "event_id": 5, "text": "Event 5 was changed."}],
    )
    assert "Event 5 was changed." in page(staff, "/admin/")
    assert "Event 5 was changed." in page(staff, f"/admin/events/sealcheck/{check.pk}/change/")
    assert "<html" in page(staff, "/admin/events/sealcheck/")
    answer = staff.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["seals"]) == (200, False)


def test_the_settings_name_is_kept(sealed: Sealed, settings: LazySettings) -> None:
    sealed(1)
    before = SealLog.objects.get().origin
    settings.SEAL_NAME = "other.example.com"
    sealed(1)
    assert SealLog.objects.get().origin == before
    assert before.startswith("portal.example.com/seals/")
    assert proofs.keys_of(before)[0]["key"].startswith(before)
