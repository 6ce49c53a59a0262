"""The search of the top bar, by keyboard and by mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import Places
from tests.browser.server import Demo
from tests.browser.watch import Open, violations

pytestmark = pytest.mark.browser


def iccid_of(page: Page, places: Places) -> str:
    page.goto(places.address_of["SIM"])
    found = page.locator("h1 [data-copy]").get_attribute("data-copy")
    assert found
    return found


def test_by_keyboard_alone(demo: Demo, places: Places, page: Page) -> None:
    base = f"/w/{demo.first.id}/"
    page.goto(places.address_of["dashboard"])
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search this workspace")
    expect(box).to_be_focused()
    page.keyboard.type("marco")
    option = page.get_by_role("option", name=re.compile("Marco Bianchi.*Their events"))
    expect(option).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == first.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    while option.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"{base}events/\?actor=user"))
    expect(page.locator("tr[data-row]").first).to_contain_text("Marco Bianchi")

    # Ctrl-K works from within a field, and a page is found by its name.
    page.locator("#list-q").focus()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("permiss")
    expect(page.get_by_role("option", name="Permissions")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{base}settings/permissions/")


def test_a_whole_number_and_enter_lead_to_the_object(places: Places, page: Page) -> None:
    sim = places.address_of["SIM"]
    iccid = iccid_of(page, places)
    page.goto(places.address_of["events"])
    page.keyboard.press("/")
    # As a scanner types: no answer can be there before Enter.
    page.keyboard.insert_text(iccid)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{sim}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Activated")
    page.keyboard.press("/")
    page.keyboard.type(" ".join(iccid[at : at + 4] for at in range(0, 20, 4)))
    expect(page.get_by_role("option").first).to_contain_text(iccid)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{sim}")


def test_what_was_used_is_offered_until_one_signs_out(demo: Demo, places: Places, open_as: Open) -> None:
    page = open_as(demo.first.person("User"))
    iccid = iccid_of(page, places)
    page.goto(places.address_of["device"])
    page.goto(places.address_of["events"])
    page.keyboard.press("/")
    expect(page.get_by_role("option")).to_have_count(2)
    page.get_by_role("option").filter(has_text=iccid).click()
    page.wait_for_url(f"**{places.address_of['SIM']}")
    # Of another workspace nothing is offered.
    kept = page.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if key.startswith("recent ")] == [
        key for key in kept if key.endswith(f" {demo.first.id}")
    ]
    page.evaluate("document.querySelector('[data-sign-out]').addEventListener('submit', (e) => e.preventDefault())")
    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('recent '))") == []


def test_escape_and_the_mouse(places: Places, page: Page) -> None:
    page.goto(places.address_of["dashboard"])
    box = page.get_by_role("combobox", name="Search this workspace")
    box.fill("meter")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page) == []
    page.goto(places.address_of["dashboard"])
    box.fill("meter")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#global-results")).to_be_hidden()
    box.fill("meter o")
    expect(page.get_by_role("option").first).to_be_visible()
    page.mouse.click(1200, 860)
    expect(page.locator("#global-results")).to_be_hidden()


def test_the_page_of_results(demo: Demo, page: Page) -> None:
    page.goto(f"/w/{demo.first.id}/search/?q=marco")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search for “marco”")
    expect(page.get_by_role("link", name=re.compile("Marco Bianchi")).first).to_be_visible()
    assert violations(page) == []
