"""A device from its creation with a SIM to the release of that SIM."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import Demo
from tests.browser.test_many import register
from tests.browser.watch import settled

pytestmark = pytest.mark.browser


def test_create_reset_and_release(demo: Demo, page: Page) -> None:
    base = f"/w/{demo.first.id}/"
    register(page, demo.first.id, demo.first.bics[0], state="Issued")
    page.get_by_role("link", name="Show these SIMs").click()
    iccid = page.locator("tr[data-row] [data-copy]").first.get_attribute("data-copy")
    assert iccid
    name = f"Browser test {iccid[-6:]}"

    page.goto(f"{base}devices/create/")
    page.get_by_label("Name").fill(name)
    for field in ("Service policy", "Coverage policy"):
        page.get_by_label(field).select_option(index=1)
    page.get_by_label("Search free SIMs").fill(iccid)
    expect(page.locator("#sim-options .badge")).to_have_count(1)
    page.locator("#sim-options label", has_text=iccid).get_by_role("radio").check()
    page.get_by_role("radio", name="Activated", exact=True).check()
    page.get_by_role("button", name="Create device").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Enabled")

    page.get_by_role("button", name="Reset connectivity").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reset connectivity").click()
    expect(page.locator(".toast")).to_contain_text("1 device")
    expect(dialog).to_be_hidden()

    page.get_by_role("link", name="Release SIM").click()
    expect(dialog.get_by_label("Suspend the SIM too")).to_be_checked()
    dialog.get_by_role("button", name="Release SIM", exact=True).click()
    expect(page.get_by_text("No SIM yet.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disabled")

    page.goto(f"{page.url.partition('?')[0]}?tab=events")
    settled(page)
    told = page.locator("tr[data-row] .row-link").all_inner_texts()
    assert len(told) >= 5, told
    page.goto(f"{base}sims/?iccid={iccid}&status=2")
    expect(page.locator("tr[data-row]")).to_have_count(1)
