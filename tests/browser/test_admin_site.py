"""The admin site: in the look of the portal, for staff only."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

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


def desk(demo: Demo, open_as: Open, path: str) -> Page:
    """Open a page of the admin site as staff."""
    page = open_as()
    page.goto("/admin/")
    sign_in(page, demo.staff)
    page.goto(path)
    return page


def looks_right(page: Page) -> None:
    """No page is wider than its window, and axe finds nothing, in either theme."""
    for width in (1600, 1024, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert wider_than(page, width) == []
        assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast", "link-in-text-block") == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_overview_leads_to_what_waits(demo: Demo, open_as: Open) -> None:
    page = desk(demo, open_as, "/admin/")
    looks_right(page)
    row = page.get_by_role("row", name="Workspace requests")
    expect(row).to_contain_text("ago")
    row.get_by_role("link", name="Answer the oldest").click()
    expect(page).to_have_url(re.compile(r"/admin/accounts/workspacerequest/\d+/change/"))


def test_everything_is_searched_by_keyboard(demo: Demo, open_as: Open) -> None:
    page = desk(demo, open_as, "/admin/sims/sim/")
    number = page.locator("#result_list .row-link").first.inner_text().replace(" ", "")
    page.keyboard.press("/")
    page.keyboard.type(number[8:16])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(number[8:16])
    expect(page.get_by_role("heading", name="SIMs")).to_be_visible()
    looks_right(page)
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/admin/sims/sim/\d+/change/"))


def test_a_parcel_is_packed_by_scanner(demo: Demo, open_as: Open, watches: list[Watch]) -> None:
    page = desk(demo, open_as, "/admin/orders/order/?status=1")
    page.locator("#result_list .row-link").first.click()
    page.get_by_role("link", name="Ship", exact=True).click()
    looks_right(page)
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose"), checked=True)
    codes = [(each.get_attribute("aria-label") or "").removeprefix("Choose ") for each in boxes.all()]
    assert codes
    watches[0].allowed.add(422)
    page.keyboard.type("1111111111111111")  # the box is in focus, as a scanner needs it
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("There is no batch with the BIC 1111111111111111.")
    for code in codes:
        page.get_by_label("Scan or type a BIC").fill(code)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text(f"Batch {code} is checked.")
    page.get_by_role("link", name="Pick list").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Packing slip of order")
    looks_right(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_text("Ship to")).to_be_visible()


def test_the_prices_of_a_package_are_rows(demo: Demo, open_as: Open) -> None:
    page = desk(demo, open_as, "/admin/accounts/platformpackage/")
    page.get_by_role("link", name="Starter EUR").click()
    looks_right(page)
    expect(page.get_by_label("Row 1: price of a SIM")).to_have_value("0.80")
    expect(page.get_by_label("Monthly fee")).to_have_value("29.00")


def test_the_logs_of_all_workspaces_are_filtered(demo: Demo, open_as: Open, watches: list[Watch]) -> None:
    page = desk(demo, open_as, "/admin/events/event/")
    watches[0].allowed.add(422)
    looks_right(page)
    page.locator("#chip-severity").click()
    page.get_by_label("Warning").check()
    page.locator(".chip[open] [data-panel-apply]").click()
    expect(page).to_have_url(re.compile(r"\?severity=1$"))
    rows = page.locator("#result_list tbody tr")
    expect(rows.first).to_contain_text("Warning")
    page.locator("#chip-more").click()
    page.locator(".more-filter summary", has_text="IP address").click()
    page.get_by_label("IP address").fill("192.0.2.999")
    page.locator(".more-filter[open] [data-panel-apply]").click()
    expect(page.locator(".chip-box.is-wrong")).to_be_visible()
