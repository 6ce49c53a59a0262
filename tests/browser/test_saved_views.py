"""A list is filtered, sorted and cut to columns, saved under a name, and found again by somebody else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import Places
from tests.browser.server import Demo
from tests.browser.watch import Open, Watch, violations

pytestmark = pytest.mark.browser


def test_save_share_and_find_a_view(demo: Demo, places: Places, page: Page, watch: Watch, open_as: Open) -> None:
    watch.allowed.add(422)
    address = places.address_of["SIMs"]
    page.goto(f"{address}?status=2")
    page.get_by_role("link", name="ICCID", exact=True).click()
    page.wait_for_url("**sort=iccid*")
    page.locator("#saved-views").press("Enter")
    menu = page.locator(".view-menu")
    expect(menu.get_by_role("link", name="All SIMs")).to_be_visible()
    assert violations(page, "color-contrast", "link-name", "aria-allowed-attr") == []
    page.goto(f"{address}?status=2&sort=iccid")
    page.locator("#saved-views").click()
    menu.get_by_role("link", name="Save view").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-errors]")).to_be_visible()
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Browser: suspended")
    dialog.get_by_label("Share with the workspace").check()
    dialog.get_by_role("button", name="Save view").click()
    expect(page.locator("#messages")).to_contain_text("Saved view “Browser: suspended”")
    expect(page.locator("#saved-views")).to_contain_text("Browser: suspended")
    assert re.search(r"\?status=2&sort=iccid&columns=iccid,", page.url)

    other = open_as(demo.first.person("Observer"))
    other.goto(address)
    other.locator("#saved-views").click()
    other.get_by_role("link", name=re.compile("Browser: suspended")).click()
    other.wait_for_url("**status=2**")
    expect(other.locator("#saved-views")).to_contain_text("Browser: suspended")
    expect(other.locator("th[aria-sort]")).to_contain_text("ICCID")
    # Columns that are chosen now are shown, in place of those of the view.
    other.locator("#view-menu").click()
    other.get_by_role("checkbox", name="EID").check()
    other.get_by_role("button", name="Apply", exact=True).click()
    expect(other.locator("th.col-eid")).to_be_visible()
    assert "columns=" not in other.url

    page.goto(f"/w/{demo.first.id}/views/sims/")
    row = page.get_by_role("row", name=re.compile("Browser: suspended"))
    row.get_by_role("button", name=re.compile("Open the list with it")).click()
    expect(row).to_contain_text("Yes")
    page.get_by_role("link", name="SIM inventory", exact=True).first.click()
    page.wait_for_url("**status=2**")
    page.get_by_role("link", name="Clear all").click()
    page.wait_for_url("**view=all**")
    expect(page.locator(".chip-box.is-active")).to_have_count(0)
    page.goto(f"/w/{demo.first.id}/views/sims/")
    row.get_by_role("link", name=re.compile("Delete")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#messages")).to_contain_text("Deleted view “Browser: suspended”")
    page.goto(f"/w/{demo.first.id}/events/?type=10125,10127")
    expect(page.locator("tr[data-row] .row-link").first).to_have_text("Shared view deleted")
