"""The log: an act of a person, read in the panel, at its address and from its person."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import Places, first
from tests.browser.server import Demo
from tests.browser.watch import Open, settled

pytestmark = pytest.mark.browser


def test_suspending_a_sim_says_who_did_it(demo: Demo, page: Page) -> None:
    person = demo.first.person("Administrator")
    sentence = f"Action performed by: {person.name}, {person.email}. (User ID: {person.id})."
    base = f"/w/{demo.first.id}/"
    sim = first(page, f"{base}sims/?status=1&device=none")
    page.goto(sim)
    page.get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Suspend SIM")).to_be_visible()
    dialog.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Suspended 1 SIM")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suspended")

    page.get_by_role("link", name="Events", exact=True).last.click()
    settled(page)
    page.locator("tr[data-row]").first.click()
    panel = page.locator(".panel")
    expect(panel.locator(".event-actor")).to_be_visible()
    assert panel.locator(".event-actor").inner_text() == sentence
    expect(panel.locator(".change").first).to_have_text(re.compile(r"Activated\s*Suspended"))

    link = page.locator("tr[data-row] .row-link").first.get_attribute("href")
    assert link
    page.goto(link)
    assert page.locator(".event-actor").inner_text() == sentence
    expect(page.locator("pre.code")).to_contain_text(f'"username": "{person.email}"')
    page.get_by_role("link", name=person.name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    expect(page.locator("tr[data-row] td.c-actor").first).to_contain_text(person.name)


def test_panel_opens_by_click_and_by_enter_and_closes_with_escape(places: Places, page: Page) -> None:
    page.goto(f"{places.address_of['events']}?rows=all")
    row = page.locator("tr[data-row]").nth(2)
    link, panel = row.locator(".row-link"), page.locator(".panel")
    address = page.url

    row.locator("td").first.click()
    expect(panel.locator(".event")).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(link).to_be_focused()
    expect(link).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("k")
    expect(page.locator("tr[data-row]").nth(1).locator(".row-link")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator(".event")).to_be_visible()
    panel.locator(".event-json > summary").click()
    expect(panel.locator("pre.code")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(link).to_be_focused()
    assert page.url == address

    # Only one is open at a time.
    row.locator("td").first.click()
    expect(panel.locator(".event")).to_be_visible()
    page.locator("tr[data-row]").nth(4).locator("td").first.click()
    expect(page.locator(".panel .event")).to_have_count(1)
    expect(page.locator("tr.is-open")).to_have_count(1)


def test_back_and_forward_restore_the_list(demo: Demo, places: Places, page: Page) -> None:
    plain = demo.address + places.address_of["SIMs"]
    page.goto(plain)
    page.locator("#chip-status").click()
    page.locator(".chip[open]").get_by_label("Suspended").check()
    page.locator(".chip[open] [data-panel-apply]").click()
    filtered = f"{plain}?status=2"
    expect(page).to_have_url(filtered)
    badges = page.locator("tr[data-row] .badge")
    expect(badges.filter(has_not_text="Suspended")).to_have_count(0)

    rows = page.locator("tr[data-row]")
    count = page.locator(".result-count").inner_text()
    chosen = rows.last.locator(".row-link")
    chosen.scroll_into_view_if_needed()
    target = chosen.get_attribute("href")
    assert target
    chosen.click()
    expect(page).to_have_url(demo.address + target)

    page.go_back()
    expect(page).to_have_url(filtered)
    expect(page.locator(".result-count")).to_have_text(count)
    expect(page.locator("#chip-status")).to_contain_text("Suspended")
    expect(page.locator("tr[data-row]").last).to_be_in_viewport()
    page.go_forward()
    expect(page).to_have_url(demo.address + target)
    page.go_back()
    page.go_back()
    expect(page).to_have_url(plain)
    expect(page.locator("#chip-status")).not_to_contain_text("Suspended")
    expect(page.locator(".result-count")).not_to_have_text(count)


def test_what_a_request_did_unfolds_and_folds_by_the_keyboard(places: Places, page: Page) -> None:
    page.goto(places.address_of["events"])
    link = page.locator("tr[data-unfold] .row-link").first
    address = page.url
    link.focus()
    page.keyboard.press("Enter")
    rows = page.locator("tr.is-unfolded[data-row]")
    expect(rows.first).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    # Its rows are rows like all others: they open in place.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".panel .event")).to_be_visible()
    expect(rows.first).to_be_visible()
    link.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(0)
    expect(page.locator(".panel")).to_have_count(0)
    assert page.url == address
    page.get_by_role("link", name="Every event").click()
    expect(page.locator("tr[data-unfold]")).to_have_count(0)
    page.get_by_role("link", name="Fold requests").click()
    expect(page.locator("tr[data-unfold]").first).to_be_visible()


@pytest.mark.parametrize("width", [360, 1024, 1280, 1366, 1600])
def test_who_did_it_and_how_users_get_in_are_in_sight(demo: Demo, places: Places, open_as: Open, width: int) -> None:
    page = open_as(demo.first.person("Administrator"), width=width)
    for name, cells in (("events", ("c-actor",)), ("users", ("c-access", "c-security", "col-actions"))):
        page.goto(places.address_of[name])
        for css in cells:
            shown = page.locator(f"tr[data-row] td.{css}").first
            expect(shown).to_be_visible()
            box = shown.bounding_box()
            assert box is not None
            frame = page.locator("[data-frame]").first.bounding_box()
            assert frame is not None
            assert box["x"] >= frame["x"] - 1, (name, css)
            assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1, (name, css)
