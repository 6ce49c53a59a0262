"""The admin site: in the look of the portal, for staff only."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.places import SIGN_IN, sign_in
from tests.browser.server import Demo
from tests.browser.watch import Open, Watch, violations, wider_than

pytestmark = pytest.mark.browser


def test_staff_sign_in_and_see_workspaces_and_events(demo: Demo, open_as: Open) -> None:
    page = open_as()
    page.goto("/admin/")
    expect(page).to_have_url(re.compile(re.escape(SIGN_IN)))
    sign_in(page, demo.staff)
    expect(page).to_have_url(f"{demo.address}/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)

    page.goto("/admin/accounts/workspace/")
    for workspace in demo.workspaces:
        expect(page.locator("#result_list .row-link", has_text=workspace.name)).to_be_visible()
    assert wider_than(page, 1280) == []
    assert violations(page) == []

    page.goto("/admin/events/event/")
    rows = page.locator("#result_list tbody tr")
    expect(rows.first).to_be_visible()
    assert wider_than(page, 1280) == []
    assert violations(page) == []
    rows.first.get_by_role("link").first.click()
    expect(page.get_by_text("Action performed by:").first).to_be_visible()


def test_choices_that_are_searched_have_names(demo: Demo, open_as: Open) -> None:
    page = open_as(demo.staff, width=360)
    for path in (f"{demo.first.id}/change/", f"{demo.first.id}/members/", "add/"):
        page.goto(f"/admin/accounts/workspace/{path}")
        boxes = page.locator(".select2-selection__rendered")
        expect(boxes.first).to_have_attribute("aria-label", re.compile(r"\w"))
        assert violations(page, "aria-input-field-name", "scrollable-region-focusable") == [], path


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/workspace/", "/admin/events/event/"])
def test_customers_are_not_let_in(path: str, demo: Demo, open_as: Open, watches: list[Watch]) -> None:
    page = open_as(demo.first.person("SuperAdmin"))
    watches[0].allowed.update({403, 404})
    answer = page.goto(path)
    assert answer is not None
    assert answer.status in (403, 404)
    assert demo.last.name not in page.content()
