"""Forms, pickers, notes and slow answers: where the focus goes, what Enter does, and what one sees meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.places import Places, first
from tests.browser.server import Demo
from tests.browser.test_many import register
from tests.browser.watch import Open, Watch

pytestmark = pytest.mark.browser

OVERLAPS = """
([above, below]) => {
  const [a, b] = [above, below].map((selector) => document.querySelector(selector).getBoundingClientRect());
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
"""


class Gate:
    """Holds back the answers to some requests until it is opened."""

    def __init__(self, page: Page, pattern: re.Pattern[str]) -> None:
        self.held: list[Route] = []
        page.route(pattern, lambda route: self.held.append(route))

    def open(self) -> None:
        for route in self.held:
            route.continue_()
        self.held.clear()


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_the_first_wrong_field_has_the_focus(demo: Demo, page: Page, watch: Watch) -> None:
    watch.allowed.add(422)
    page.goto(f"/w/{demo.first.id}/devices/create/")
    page.get_by_label("Name").fill("Valve 9")
    page.get_by_role("button", name="Create device").click()
    summary = page.locator("[data-errors]")
    expect(summary).to_contain_text("Nothing was created.")
    expect(page.get_by_label("Service policy")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value("Valve 9")
    named = summary.get_by_role("link").all_inner_texts()
    assert {"Service policy", "Coverage policy"} <= set(named)
    summary.get_by_role("link", name="Coverage policy").click()
    expect(page.get_by_label("Coverage policy")).to_be_focused()
    summary.get_by_role("link", name="Service policy").press("Enter")
    expect(page.get_by_label("Service policy")).to_be_focused()


def test_the_first_wrong_field_of_a_dialog_has_the_focus(demo: Demo, page: Page, watch: Watch) -> None:
    watch.allowed.add(422)
    page.goto(f"/w/{demo.first.id}/settings/users/")
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("nobody at all")
    dialog.get_by_label("E-mail").press("Enter")
    expect(dialog.locator("[data-errors]")).to_be_visible()
    expect(dialog.locator('[aria-invalid="true"]').first).to_be_focused()
    dialog.locator("[data-errors] a").first.click()
    expect(dialog.locator('[aria-invalid="true"]').first).to_be_focused()


def test_pages_of_the_account_too(page: Page, watch: Watch) -> None:
    watch.allowed.add(422)
    page.goto("/account/")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("[data-errors] a").first).to_be_visible()
    expect(page.locator('[aria-invalid="true"]').first).to_be_focused()


def test_registering_begins_in_the_field_of_the_code(places: Places, page: Page, watch: Watch) -> None:
    watch.allowed.add(422)
    page.goto(places.address_of["register SIMs"])
    expect(page.get_by_label("BIC", exact=True)).to_be_focused()
    page.keyboard.type("12")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("[data-errors]")).to_be_visible()
    expect(page.get_by_label("BIC", exact=True)).to_be_focused()


# --- pickers ----------------------------------------------------------------------------------------------------------


def test_enter_picks_a_sim_and_sends_nothing(demo: Demo, page: Page) -> None:
    register(page, demo.first.id, demo.first.bics[1], state="Issued")
    page.get_by_role("link", name="Show these SIMs").click()
    iccid = page.locator("tr[data-row] [data-copy]").first.get_attribute("data-copy")
    assert iccid
    page.goto(f"/w/{demo.first.id}/devices/create/")
    page.get_by_label("Name").fill("Valve 10")
    for field in ("Service policy", "Coverage policy"):
        page.get_by_label(field).select_option(index=1)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    # As a scanner types it: all digits and Enter at once.
    page.get_by_label("Search free SIMs").focus()
    page.keyboard.type(iccid)
    page.keyboard.press("Enter")
    picked = page.locator('#sim-options input[name="sim"]:checked')
    expect(page.locator("#sim-options label:has(:checked)")).to_contain_text(iccid)
    expect(picked).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)  # the search that began with the last digit has been answered too
    expect(picked).to_be_focused()
    assert posts == []
    expect(page.get_by_role("heading", level=1)).to_have_text("Create device")
    # Several that match: Enter leads to them, and picks none.
    page.get_by_label("Search free SIMs").fill("89")
    page.get_by_label("Search free SIMs").press("Enter")
    expect(page.locator('#sim-options input[type="radio"]:focus')).to_have_count(1)
    assert posts == []


# --- notes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1600, 1280, 1024, 360])
def test_a_note_covers_nothing_and_stays_in_the_page(width: int, demo: Demo, open_as: Open) -> None:
    page = open_as(demo.first.person("Administrator"), width=width)
    page.goto(first(page, f"/w/{demo.first.id}/devices/?status=0&sim=1"))
    page.get_by_role("button", name="Reset connectivity").click()
    page.get_by_role("dialog").locator("[data-dialog-verb]").click()
    note = page.locator("#messages .toast, #toasts .toast").first
    expect(note).to_contain_text("1 device")
    expect(page.locator("#messages .toast")).to_contain_text("1 device")
    for covered in (".page-actions", "h1", ".topbar", ".nav"):
        if page.locator(covered).is_visible() and page.locator("#toasts .toast").count():
            assert not page.evaluate(OVERLAPS, ["#toasts .toast", covered]), covered
    page.locator("#messages [data-close-toast]").click()
    expect(page.locator("#messages .toast")).to_have_count(0)


def test_copying_is_noted_where_it_covers_nothing(places: Places, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(places.address_of["SIM"])
    page.locator("main [data-copy]").first.click()
    expect(page.locator("#toasts .toast")).to_contain_text("Copied")
    for covered in ("main", ".topbar", ".nav"):
        assert not page.evaluate(OVERLAPS, ["#toasts .toast", covered]), covered
    expect(page.locator("#messages .toast")).to_have_count(0)
    page.locator("#toasts [data-close-toast]").click()
    expect(page.locator("#toasts .toast")).to_have_count(0)


# --- slow answers -----------------------------------------------------------------------------------------------------


def test_a_list_on_its_way_shows_it(places: Places, page: Page) -> None:
    page.goto(places.address_of["SIMs"])
    gate = Gate(page, re.compile(r"/sims/\?"))
    asks: list[Callable[[], None]] = [
        lambda: page.get_by_role("link", name="ICCID", exact=True).click(),
        lambda: page.locator("#page-next").press("Enter"),
        lambda: page.locator("#list-q").fill("8988"),
    ]
    for ask in asks:
        ask()
        expect(page.locator("#list")).to_have_attribute("aria-busy", "true")
        expect(page.locator("#progress")).to_be_visible()
        page.wait_for_function("getComputedStyle(document.querySelector('.table-frame')).opacity < .6")
        gate.open()
        expect(page.locator("#list")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("#progress")).to_be_hidden()
        page.wait_for_function("getComputedStyle(document.querySelector('.table-frame')).opacity == 1")


def test_buttons_dialogs_and_panels_show_that_they_work(places: Places, page: Page) -> None:
    page.goto(places.address_of["SIMs"])
    page.locator("input[data-select]").first.check()
    gate = Gate(page, re.compile(r"/bulk/"))
    button = page.locator("[data-bulk-action]").first
    button.evaluate("(button) => { button.click(); button.click(); }")
    expect(button).to_have_attribute("aria-busy", "true")
    expect(page.locator("#progress")).to_be_visible()
    assert len(gate.held) == 1
    gate.open()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(button).not_to_have_attribute("aria-busy", "true")

    page.goto(places.address_of["events"])
    gate = Gate(page, re.compile(r"/events/\d+/$"))
    page.locator("tr[data-expand]").first.locator("td").first.click()
    expect(page.locator('.panel[aria-busy="true"] .skeleton')).to_be_visible()
    gate.open()
    expect(page.locator(".panel .event")).to_be_visible()
    expect(page.locator(".panel[aria-busy]")).to_have_count(0)


def test_a_form_on_its_way_is_sent_once(places: Places, page: Page, watch: Watch) -> None:
    watch.allowed.add(422)
    page.goto(places.address_of["create device"])
    gate = Gate(page, re.compile(r"/devices/create/$"))
    button = page.get_by_role("button", name="Create device")
    shown = button.evaluate("""
        (button) => {
          button.click();
          button.click();
          const bar = document.getElementById("progress");
          return new Promise((done) => setTimeout(() => done([button.ariaBusy, bar.hidden]), 400));
        }
    """)
    assert shown == ["true", False]
    assert len(gate.held) == 1
    gate.open()
    expect(page.locator("[data-errors]")).to_be_visible()


def test_a_table_that_goes_on_at_the_side_shows_it(places: Places, open_as: Open, demo: Demo) -> None:
    page = open_as(demo.first.person("Administrator"), width=1024)
    for name in ("SIMs", "devices", "events", "permissions"):
        page.goto(places.address_of[name])
        frame = page.locator(".table-frame").first
        wide = frame.evaluate("(frame) => frame.scrollWidth > frame.clientWidth + 1")
        assert wide == (frame.get_attribute("data-more") is not None), name
    page.goto(places.address_of["SIMs"])
    frame = page.locator(".table-frame").first
    expect(frame).to_have_attribute("data-more", "")
    frame.evaluate("(frame) => frame.scrollTo(frame.scrollWidth, 0)")
    expect(frame).not_to_have_attribute("data-more", "")
    expect(frame).to_have_attribute("data-scrolled", "")
