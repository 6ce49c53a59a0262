"""What holds for every page of a workspace, in both themes: accessible, titled, at rest, no wider than its window."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.places import PAGES, SIGN_IN, Places
from tests.browser.server import Demo
from tests.browser.watch import Open, Watch, layout_shifts, settled, violations, wider_than

pytestmark = pytest.mark.browser

PAGE_LIMIT = 40_000  # bytes on the wire
ASSETS_LIMIT = 50_000  # bytes on the wire, all style sheets and scripts of the portal together


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, theme: str, demo: Demo, places: Places, open_as: Open, watches: list[Watch]) -> None:
    signed_in = name != "sign in"
    page = open_as(demo.first.person("Administrator") if signed_in else None, theme=theme)
    watches[0].allowed.update({404} if name == "not found" else ())
    page.goto(places.address_of[name])
    settled(page)
    assert layout_shifts(page) == []

    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator("h1")).not_to_be_empty()
    workspace = rf"{re.escape(demo.first.name)} · " if signed_in else ""
    expect(page).to_have_title(re.compile(rf"^\S.* · {workspace}Operator portal$"))

    assert wider_than(page, 1280) == []
    page.set_viewport_size({"width": 320, "height": 900})
    assert wider_than(page, 320) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    assert violations(page) == []


def test_weight(demo: Demo, places: Places, page: Page, watch: Watch) -> None:
    """Read off the wire, each file as the browser got it: compressed."""
    watch.allowed.add(404)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    pages: dict[str, int] = {}
    assets: dict[str, int] = {}
    for name in PAGES:
        if places.address_of[name] == SIGN_IN:
            continue  # it sends people who are signed in away
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
