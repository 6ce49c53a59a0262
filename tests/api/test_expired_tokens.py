"""Application tokens whose date is over: refused at once, revoked by the sweep, and told as published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApplicationToken
from accounts.tokens.services import end_expired_tokens, revoke_application_token
from accounts.tokens.tasks import sweep_expired_tokens
from kit.context import SCHEDULE, acting_as
from kit.errors import Forbidden
from tests.api.conftest import Program, make_token
from tests.cast import Cast
from tests.log import last, rows, types

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_portal")]


def over(cast: Cast, **values: Any) -> tuple[ApplicationToken, str]:
    """Make a token and let its date pass."""
    made = make_token(cast, cast.acme, by=cast.owner, **values)
    ApplicationToken.objects.filter(pk=made[0].pk).update(expiry_date=timezone.now() - timedelta(minutes=1))
    return made


def test_it_is_revoked_with_a_row(cast: Cast) -> None:
    token, value = over(cast, description="ERP")
    assert sweep_expired_tokens() == 1
    assert sweep_expired_tokens() == 0
    event = last()
    assert (event.type, event.workspace_id) == (10031, cast.acme.pk)
    assert event.description == "Application token 'ERP' revoked, because its expiry date has passed"
    assert event.detail["application_token"]["id"] == token.pk
    assert event.actor_label == "Schedule"
    token.refresh_from_db()
    assert (token.status, token.expired) == (ApplicationToken.Status.REVOKED, True)
    # Whoever still uses it reads the published words.
    assert Program().post("/authenticate", {"application_token": value}).status_code == 401
    assert rows(cast.acme)[-1] == (
        7,
        "Failed authentication request from 'ERP', Reason: TokenStatus Revoked from IP 127.0.0.1",
    )


def test_before_the_sweep_it_reads_the_same(cast: Cast) -> None:
    _token, value = over(cast, description="ERP")
    assert Program().post("/authenticate", {"application_token": value}).status_code == 401
    assert last().description.endswith("Reason: TokenStatus Revoked from IP 127.0.0.1")


def test_the_portal_tells_expired_from_revoked(cast: Cast) -> None:
    over(cast, description="Old")
    token, _value = make_token(cast, cast.acme, by=cast.owner, description="Ended")
    with cast.acting(cast.owner):
        revoke_application_token(workspace_id=cast.acme.pk, token_id=token.pk)
    sweep_expired_tokens()
    # One that was revoked stays so when its date passes.
    ApplicationToken.objects.filter(pk=token.pk).update(expiry_date=timezone.now() + timedelta(minutes=1))
    page = cast.client(cast.owner).get(reverse("accounts:integrations", args=[cast.acme.pk])).content.decode()
    assert (page.count(">Expired<"), page.count(">Revoked<")) == (1, 1)


def test_many_take_as_many_queries_as_one(cast: Cast) -> None:
    counts = []
    for times in (1, 30):
        for number in range(times):
            over(cast, description=f"Program {number}")
        with CaptureQueriesContext(connection) as asked:
            assert sweep_expired_tokens() == times
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert types(cast.acme).count(10031) == 31


def test_nobody_else_asks_for_it(cast: Cast) -> None:
    over(cast)
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        end_expired_tokens()
    with acting_as(SCHEDULE):
        assert end_expired_tokens() == 1
