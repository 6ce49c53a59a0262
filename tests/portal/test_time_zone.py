"""The zone in which somebody sees times: the browser's, or one that they have chosen in their account."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.actors import actor_of
from tests.cast import Cast
from tests.events.build import page, record, url


def choose(cast: Cast, zone: str) -> str:
    client = cast.client(cast.owner)
    answer = client.post("/preferences/", {"zone": zone, "next": "/account/"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/account/"
    return answer.content.decode()


def test_it_is_chosen_shown_and_named_in_heads_and_filters(cast: Cast) -> None:
    cast.owner.preferences = {"timezone": "Europe/Berlin", "time_display": "absolute"}
    cast.owner.save()
    record(cast.acme, 9, actor_of(cast.owner), moment=datetime(2026, 11, 28, 14, 17, tzinfo=UTC))
    client = cast.client(cast.owner)
    html = page(client, url(cast.acme))
    assert "2026-11-28 15:17:00" in html
    assert '<span class="t-abs head-zone"> Europe/Berlin</span>' in html
    assert "Times are those of Europe/Berlin." in html
    assert "Times are shown in Europe/Berlin." in html

    told = choose(cast, "Asia/Tokyo")
    assert "Times are shown in Asia/Tokyo." in told
    assert '<option value="Asia/Tokyo" selected>' in told
    html = page(client, url(cast.acme, "?date=2026-11-28T23:17..2026-11-28T23:17"))
    assert "2026-11-28 23:17:00" in html
    assert '<span class="t-abs head-zone"> Asia/Tokyo</span>' in html

    told = choose(cast, "browser")
    assert "Times are shown in Europe/Berlin." in told
    assert "The zone of the browser, now Europe/Berlin" in told


def test_the_browser_tells_its_zone_where_it_differs(cast: Cast) -> None:
    client = cast.client(cast.owner)
    assert 'data-timezone=""' in client.get("/account/").content.decode()
    client.post("/preferences/", {"timezone": "America/Lima"}, headers={"hx-request": "true"})
    html = client.get("/account/").content.decode()
    assert 'data-timezone="America/Lima"' in html
    assert "Times are shown in America/Lima." in html
