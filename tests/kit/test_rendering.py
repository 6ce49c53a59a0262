"""How values look."""

import datetime as dt

import pytest
from django.utils import timezone

from kit import rendering

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.00 KB"),
        (12_345, "12.3 KB"),
        (123_456, "123 KB"),
        (999_499, "999 KB"),
        (999_500, "1.00 MB"),
        (1_240_000_000, "1.24 GB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_volumes_have_three_figures(size: int, text: str) -> None:
    assert rendering.volume(size).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (44, "just now"),
        (45, "1 min ago"),
        (3599, "60 min ago"),
        (3600, "1 h ago"),
        (86_400, "1 day ago"),
        (8 * 86_400, "8 days ago"),
        (-300, "in 5 min"),
        (61 * 86_400, "2026-09-22"),
    ],
)
def test_relative_times(seconds: int, text: str) -> None:
    assert rendering.relative_text(NOW - dt.timedelta(seconds=seconds), NOW) == text


def test_a_moment_shows_both_zones() -> None:
    with timezone.override("Europe/Berlin"):
        html = rendering.when(NOW, NOW)
    assert 'datetime="2026-11-22T12:00:00.000Z"' in html
    assert "2026-11-22 13:00:00 CET · 2026-11-22 12:00:00 UTC" in html


def test_identifiers_are_grouped_without_spaces() -> None:
    html = rendering.identifier("901430012345678", "IMSI", copy=False)
    assert html == '<span class="ident"><i>901</i><i>43</i><i>00123</i><i>45678</i></span>'
    assert 'data-copy="8988303000001234567"' in rendering.identifier("8988303000001234567", "ICCID")
    assert rendering.identifier(None) == rendering.dash()


@pytest.mark.parametrize(
    "html",
    [
        rendering.identifier("<b>", "ICCID"),
        rendering.copy_button('"><b>'),
        rendering.badge("<b>"),
        rendering.state_badge("<b>", "<b>"),
        rendering.severity(9, "<b>"),
        rendering.select_cell("<b>", "<b>"),
    ],
)
def test_nothing_comes_through_unescaped(html: str) -> None:
    assert "<b>" not in html


def test_an_icon_that_stands_alone_has_a_name() -> None:
    assert 'aria-hidden="true"' in rendering.icon("search")
    assert 'role="img"' in rendering.icon("search", label="Search")
