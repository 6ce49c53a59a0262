"""Codes sent at the same moment: one of them signs in, the others count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from accounts.sign_in.authentication import sign_in_with_code
from accounts.sign_in.second_factors import recovery_codes_left
from kit.context import ANONYMOUS, acting_as
from tests.cast import Cast
from tests.log import types
from tests.second_factors import set_up
from tests.sims.test_concurrency import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.sqlite_too("writers wait for each other as SQLite lets them"),
]


def sending(user: User, code: str) -> Callable[[], object]:
    def send() -> object:
        with acting_as(ANONYMOUS, ip="203.0.113.7"):
            return sign_in_with_code(user_id=user.pk, code=code)

    return send


def test_a_code_of_the_app_is_used_once(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    results = at_once(*[sending(cast.member, app.code())] * 4)
    assert [result for result in results if isinstance(result, User)] == [cast.member]
    # The three that came too late lock the account, exactly once.
    assert sorted(types(cast.acme)) == [6, 6, 6, 10022, 10028]


def test_a_recovery_code_is_used_once(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    results = at_once(*[sending(cast.member, codes[0])] * 3)
    assert len([result for result in results if isinstance(result, User)]) == 1
    assert recovery_codes_left(cast.member.pk) == 9
