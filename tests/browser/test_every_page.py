"""What holds for every page, in both themes: accessible, titled, at rest, no wider than its window."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.places import ANONYMOUS, PAGES, Places
from tests.browser.server import Demo
from tests.browser.watch import Open, Watch, layout_shifts, settled, violations, wider_than

pytestmark = pytest.mark.browser

PAGE_LIMIT = 40_000  # bytes on the wire
ASSETS_LIMIT = 60_000  # bytes on the wire, all style sheets and scripts of the portal together


WIDTHS = (1600, 1024, 360, 320)


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, demo: Demo, places: Places, open_as: Open, watches: list[Watch]) -> None:
    """One visit for all widths and both themes: the page is made anew for neither."""
    address = places.address_of[name]
    page = open_as(None if name in ANONYMOUS else demo.first.person("Administrator"))
    watches[0].allowed.update({"not found": {404}, "dead link": {404, 410}}.get(name, ()))
    page.goto(address)
    settled(page)
    assert layout_shifts(page) == []

    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator("h1")).not_to_be_empty()
    workspace = rf"{re.escape(demo.first.name)} · " if address.startswith("/w/") else ""
    expect(page).to_have_title(re.compile(rf"^\S.* · {workspace}Operator portal$"))

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert wider_than(page, width) == []
    # What scrolls sideways in a narrow window only.
    assert violations(page, "scrollable-region-focusable") == []
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wider_than(page, 1280) == []
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast", "link-in-text-block") == []


def test_lists_on_a_phone(demo: Demo, places: Places, open_as: Open) -> None:
    """A row is a card: its name and what is asked for first are in sight, and an opened row stays so."""
    page = open_as(demo.first.person("Administrator"), width=360)
    for name in ("SIMs", "devices", "policies", "orders", "users", "events"):
        page.goto(places.address_of[name])
        settled(page)
        row = page.locator("tbody tr").first
        for cell in (row.locator("th"), row.locator(".c-end")):
            box = cell.bounding_box()
            assert box
            assert 0 <= box["x"] < box["x"] + box["width"] <= 360, name
    row = page.locator("tr[data-expand]").nth(2)
    row.locator(".row-link").click()
    expect(page.locator(".panel .event-actor")).to_be_visible()
    settled(page)
    box, frame = row.bounding_box(), page.locator(".table-frame").bounding_box()
    assert box
    assert frame
    assert box["y"] >= frame["y"]


def test_weight(demo: Demo, places: Places, page: Page, watch: Watch) -> None:
    """Read off the wire, each file as the browser got it: compressed."""
    watch.allowed.add(404)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    pages: dict[str, int] = {}
    assets: dict[str, int] = {}
    for name in PAGES:
        if name in ANONYMOUS:
            continue  # most of them send people who are signed in away
        answers.clear()
        page.goto(places.address_of[name])
        settled(page)
        for answer in answers:
            kind, size = answer.request.resource_type, answer.request.sizes()["responseBodySize"]
            if kind == "document":
                pages[name] = size
            elif kind in ("stylesheet", "script"):
                # A second page takes them from the browser's cache.
                assets[answer.url] = max(size, assets.get(answer.url, 0))
    print(f"\npages {pages}\nstyle and script {sum(assets.values())} of {len(assets)} files: {assets}")
    assert {name: size for name, size in pages.items() if not 500 < size <= PAGE_LIMIT} == {}
    assert len(assets) >= 10
    assert all(assets.values())
    assert sum(assets.values()) <= ASSETS_LIMIT, assets
