"""Registering by BIC, and acting on many SIMs at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import Demo
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


def register(page: Page, workspace_id: int, bic: str, *, state: str) -> None:
    """Register a batch and leave the page at its report."""
    page.goto(f"/w/{workspace_id}/sims/register/")
    page.get_by_label("BIC", exact=True).fill(bic)
    page.get_by_role("radio", name=f"{state}:").check()
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Register", exact=False).click()
    expect(page.get_by_role("link", name="Show these SIMs")).to_be_visible()


def test_register_a_batch(demo: Demo, page: Page, watch: Watch) -> None:
    watch.allowed.add(422)  # the form comes back with its mistakes
    bic = demo.first.bics[3]
    page.goto(f"/w/{demo.first.id}/sims/")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Register SIMs")
    page.get_by_label("BIC", exact=True).fill(bic[:15])
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".field-error")).to_contain_text("16")
    expect(page.get_by_label("BIC", exact=True)).to_have_value(bic[:15])
    # As people type it, in groups.
    page.get_by_label("BIC", exact=True).fill(" ".join(bic[at : at + 4] for at in range(0, 16, 4)))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Register 25 SIMs")
    page.get_by_role("button", name="Register 25 SIMs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Registered 25 SIMs")
    page.get_by_role("link", name="Show these SIMs").click()
    expect(page.locator(".result-count")).to_have_text("25 SIMs")
    expect(page.locator("tr[data-row] .badge").filter(has_text="Issued")).to_have_count(25)

    page.goto(f"/w/{demo.first.id}/sims/register/")
    page.get_by_label("BIC", exact=True).fill(bic)
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".field-error")).to_contain_text("registered")


def test_while_a_moment_is_asked_for_nothing_is_done_at_once(demo: Demo, page: Page) -> None:
    page.goto(f"/w/{demo.first.id}/sims/?status=1")
    page.locator("tr[data-row] input[type=checkbox]").first.check()
    page.locator("[data-bulk-bar]").get_by_role("button", name="Suspend").click()
    dialog = page.locator("dialog[open]")
    at_once, moment = dialog.locator("[data-dialog-verb]"), dialog.locator("input[name=at]")
    expect(at_once).to_be_visible()
    dialog.get_by_text("Do it later").click()
    expect(at_once).to_be_hidden()
    expect(dialog.get_by_role("button", name="Schedule")).to_be_visible()
    moment.press("Enter")  # a moment is missing
    assert moment.evaluate("field => field.validity.valueMissing")
    moment.fill("2030-01-01T06:00")
    dialog.get_by_text("Do it later").click()
    expect(at_once).to_be_visible()
    expect(moment).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("tr[data-row]").first).to_contain_text("Activated")


def test_suspend_all_that_match(demo: Demo, page: Page) -> None:
    usable, unused = demo.first.bics[4:6]
    base = f"/w/{demo.first.id}/"
    register(page, demo.first.id, usable, state="Activated")
    register(page, demo.first.id, unused, state="Issued")
    page.goto(f"{base}sims/?bic={usable},{unused}&per_page=25")
    expect(page.locator(".result-count")).to_have_text("50 SIMs")
    bar, count = page.locator("[data-bulk-bar]"), page.locator("[data-bulk-count]")
    expect(bar).to_be_hidden()

    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    expect(count).to_have_text("1")
    page.locator("input[data-select]").nth(5).click(modifiers=["Shift"])
    expect(count).to_have_text("5")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()

    page.get_by_label("Select all rows of this page").check()
    expect(count).to_have_text("25")
    page.get_by_role("button", name="Select all 50 that match").click()
    expect(count).to_have_text("50")
    bar.get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Suspend 25 SIMs")).to_be_visible()
    expect(dialog.locator(".outcome dd")).to_have_text(["25", "25", "50"])
    expect(dialog.locator(".reasons")).to_contain_text("25 are Issued")
    dialog.get_by_role("button", name="Suspend").click()
    expect(dialog.get_by_role("heading", name="Suspended 25 SIMs")).to_be_visible()
    expect(dialog.locator(".outcome dd")).to_have_text(["25", "25", "0"])
    events = dialog.get_by_role("link", name="Events of this request").get_attribute("href")
    assert events
    dialog.get_by_role("button", name="Done").click()
    expect(bar).to_be_hidden()
    # The list behind has changed by itself.
    expect(page.locator("tr[data-row] .badge").filter(has_text="Activated")).to_have_count(0)

    page.goto(events)
    expect(page.locator(".result-count")).to_contain_text("25 events")
    expect(page.locator("tr[data-row]")).to_have_count(25)
    expect(page.locator("tr[data-row] .row-link").first).to_have_text("SIM suspension")
