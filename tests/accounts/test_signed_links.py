"""The secrets of the links in mails: for one purpose, for a time, and signed by this portal."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from accounts.signed_links import LinkRefused, issue, read

DAY = timedelta(days=1)


def refused(secret: str, code: str = "link_invalid") -> None:
    with pytest.raises(LinkRefused) as caught:
        read("invitation", secret, max_age=DAY)
    assert (caught.value.code, caught.value.status) == (code, 404)


def test_a_link_names_its_row_and_the_counter_on_it() -> None:
    assert read("invitation", issue("invitation", row_id=7, number=3), max_age=DAY) == (7, 3)


def test_a_link_is_good_for_one_purpose() -> None:
    refused(issue("verification", row_id=7, number=3))


def test_a_link_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = issue("invitation", row_id=7, number=3)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + DAY.total_seconds() - 2)
    assert read("invitation", secret, max_age=DAY) == (7, 3)
    monkeypatch.setattr(time, "time", lambda: now + DAY.total_seconds() + 2)
    refused(secret, "link_expired")


@pytest.mark.parametrize("secret", ["", "abc", "a:b:c", "ü:1:ß", "\x00", "WzcsM10:1v5hPC:" + "A" * 43])
def test_what_this_portal_did_not_sign_is_refused(secret: str) -> None:
    refused(secret)


def test_a_changed_link_is_refused() -> None:
    payload, moment, signature = issue("invitation", row_id=7, number=3).split(":")
    other = issue("invitation", row_id=8, number=3).split(":")[0]
    refused(f"{other}:{moment}:{signature}")
    refused(f"{payload}:{moment}A:{signature}")


def test_a_new_secret_key_reads_the_links_of_the_former_one(settings: Any) -> None:
    secret = issue("invitation", row_id=7, number=3)
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "new-" + "x" * 60
    refused(secret)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert read("invitation", secret, max_age=DAY) == (7, 3)
