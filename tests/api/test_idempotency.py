"""A POST with an `Idempotency-Key` is done once, and its answer is given again."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from django.db import connection
from django.utils import timezone

from accounts.models import ApplicationToken, Membership
from accounts.permissions import Role
from events.models import Event
from kit.api import idempotency
from kit.models import KeptAnswer
from kit.tasks import sweep_filters
from sims.models import Device
from tests.api.conftest import Program, error, sign_in
from tests.cast import Cast, make_cast


def send(program: Program, path: str, body: Any, key: str, *, method: str = "POST") -> Any:
    """Send a call with a key."""
    return program.client.generic(
        method,
        f"/api/v1{path}",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}", "idempotency-key": key},
    )


def pump(cast: Cast, name: str = "Pump 1") -> dict[str, Any]:
    service, coverage = cast.policies()
    return {
        "name": name,
        "status": {"id": 0},
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage.pk},
    }


def test_the_second_call_gets_the_first_answer(cast: Cast, owner: Program) -> None:
    body, key = pump(cast), str(uuid.uuid4())
    first = send(owner, "/endpoint", body, key)
    rows = Event.objects.count()
    # A program that lost the answer may have signed in anew meanwhile.
    again = send(sign_in(cast.owner), "/endpoint", body, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"]) == (first.content, first["Location"])
    assert again["Content-Type"] == "application/json"
    assert ("Idempotent-Replayed" in first.headers, again["Idempotent-Replayed"]) == (False, "true")
    assert Device.objects.filter(name="Pump 1").count() == 1
    assert Event.objects.count() == rows + 1, "of the second sign-in"


def test_without_a_key_a_call_is_done_each_time(cast: Cast, owner: Program) -> None:
    for _ in range(2):
        assert owner.post("/endpoint", pump(cast)).status_code == 201
    assert Device.objects.filter(name="Pump 1").count() == 2
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("what", ["body", "path"])
def test_a_key_belongs_to_one_call(cast: Cast, owner: Program, what: str) -> None:
    assert send(owner, "/endpoint", pump(cast), "one").status_code == 201
    other = ("/endpoint", pump(cast, "Pump 2")) if what == "body" else ("/endpoint?x=1", pump(cast))
    error(send(owner, *other, "one"), 422, 1400, "InputValidationFailed")
    assert Device.objects.count() == 1


def test_the_keys_of_others_are_nothing_to_one(cast: Cast, owner: Program, erp: Program) -> None:
    for program in (owner, erp):
        answer = send(program, "/endpoint", pump(cast), "one")
        assert answer.status_code == 201
        assert "Idempotent-Replayed" not in answer.headers
    assert Device.objects.count() == 2


def test_what_was_refused_can_be_mended(cast: Cast, owner: Program) -> None:
    assert send(owner, "/endpoint", pump(cast) | {"name": ""}, "one").status_code == 422
    assert send(owner, "/endpoint", pump(cast), "one").status_code == 201


@pytest.mark.parametrize("key", ["", "with space", "ümlaut", "x" * 256])
def test_a_key_that_is_none(cast: Cast, owner: Program, key: str) -> None:
    answer = send(owner, "/endpoint", pump(cast), key)
    error(answer, 400, 1000, "BadRequest")
    assert "Idempotency-Key is 1 to 255" in answer.json()["message"]
    assert not Device.objects.exists()


def test_a_call_at_work_and_one_that_was_broken_off(cast: Cast, owner: Program) -> None:
    body = pump(cast)
    send(owner, "/endpoint", body, "one")
    KeptAnswer.objects.update(answer=None)
    waits = send(owner, "/endpoint", body, "one")
    error(waits, 409, 1406, "NotAllowed")
    assert waits["Retry-After"] == "2"
    KeptAnswer.objects.update(created=timezone.now() - idempotency.UNKNOWN_AFTER)
    lost = send(owner, "/endpoint", body, "one")
    error(lost, 409, 1406, "NotAllowed")
    assert "Retry-After" not in lost.headers
    assert "whether it was done is not known" in lost.json()["message"]
    assert Device.objects.count() == 1


def test_a_defect_keeps_nothing(cast: Cast, owner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("sims.devices.api.endpoints.create_devices", lambda **_values: 1 / 0)
        assert send(owner, "/endpoint", pump(cast), "one").status_code == 500
    assert send(owner, "/endpoint", pump(cast), "one").status_code == 201


def test_a_day_later_the_key_is_new(cast: Cast, owner: Program) -> None:
    body = pump(cast)
    send(owner, "/endpoint", body, "one")
    KeptAnswer.objects.update(created=timezone.now() - idempotency.LIFE - timedelta(seconds=1))
    assert "Idempotent-Replayed" not in send(owner, "/endpoint", body, "one").headers
    assert Device.objects.count() == 2
    KeptAnswer.objects.update(created=timezone.now() - idempotency.LIFE - timedelta(seconds=1))
    sweep_filters()
    assert not KeptAnswer.objects.exists()


def test_the_database_does_not_tell_what_was_answered(cast: Cast, owner: Program) -> None:
    body = {"description": "ERP sync", "type": {"id": 0}}
    first = send(owner, "/application_token", body, "one")
    assert first.status_code == 200, first.content
    kept = KeptAnswer.objects.get()
    secret = first.content
    assert bytes(kept.answer or b"") not in (b"", secret)
    with pytest.raises(InvalidToken):
        idempotency._thawed(bytes(kept.answer or b""), "another key")
    assert send(owner, "/application_token", body, "one").content == secret
    assert ApplicationToken.objects.filter(description="ERP sync").count() == 1


def test_other_methods_need_no_key(cast: Cast, owner: Program) -> None:
    place = send(owner, "/endpoint", pump(cast), "one").json()["id"]
    for name in ("Pump 2", "Pump 3"):
        assert send(owner, f"/endpoint/{place}", {"name": name}, "one", method="PATCH").status_code == 204
    assert Device.objects.get().name == "Pump 3"


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_are_one(settings: Any) -> None:
    """The key is claimed before anything is done, so of calls that meet one acts and the others wait."""
    settings.ROOT_URLCONF = "tests.api.urls"
    cast = make_cast()
    body, program = pump(cast), sign_in(cast.owner)
    start = Barrier(4)

    def call() -> int:
        start.wait()
        try:
            return int(send(Program(program.token), "/endpoint", body, "one").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(future.result() for future in [pool.submit(call) for _ in range(4)])
    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    assert Device.objects.count() == 1


def test_whoever_may_do_less_by_now_does_not_get_the_answer_again(cast: Cast, owner: Program) -> None:
    """The value of a token is not told to somebody who may no longer make one."""
    body = {"description": "ERP sync", "type": {"id": 0}}
    first = send(owner, "/application_token", body, "one")
    assert first.status_code == 200, first.content
    role = Membership.objects.filter(user=cast.owner, workspace=cast.acme)
    role.update(role=Role.OBSERVER)
    refused = send(owner, "/application_token", body, "one")
    assert refused.status_code == 403
    assert "its answer is not given again" in refused.json()["message"]
    role.update(role=Role.ADMINISTRATOR)
    again = send(owner, "/application_token", body, "one")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert ApplicationToken.objects.filter(description="ERP sync").count() == 1
