"""Selected rows: by mouse and by keyboard, over pages, sorting, searching, and after coming back."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.places import Places
from tests.browser.server import Demo
from tests.browser.watch import Open

pytestmark = pytest.mark.browser

ON_TOP = """
(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}
"""


def box(page: Page, row: int) -> Locator:
    return page.locator("input[data-select]").nth(row)


def posted_ids(page: Page, action: str) -> list[str]:
    """Press an action of the bar and return the ids that its dialog asks about."""
    with page.expect_request("**/preview/**") as sent:
        page.locator("[data-bulk-bar]").get_by_role("button", name=action, exact=True).click()
    return sorted(parse_qs(sent.value.post_data or "").get("ids", []))


def test_selected_rows_stay_while_the_list_changes(demo: Demo, page: Page) -> None:
    base = f"/w/{demo.first.id}/sims/"
    page.goto(f"{base}?per_page=25")
    wanted = [box(page, row).input_value() for row in (0, 3)]
    for row in (0, 3):
        box(page, row).check()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(".pager-range")).to_contain_text("26–50")
    expect(page.locator(".bulk-count")).to_have_text("2 selected")
    wanted += [box(page, row).input_value() for row in (1, 2)]
    box(page, 1).check()
    box(page, 2).click(modifiers=["Shift"])
    expect(page.locator(".bulk-count")).to_have_text("4 selected on 2 pages")

    page.get_by_role("link", name="ICCID", exact=True).click()
    page.wait_for_url("**sort=iccid*")
    expect(page.locator(".bulk-count")).to_have_text("4 selected on 2 pages")
    page.locator("#list-q").fill("no such SIM")
    expect(page.get_by_role("heading", name="No SIMs match")).to_be_visible()
    expect(page.locator(".bulk-count")).to_have_text("4 selected on 2 pages")

    # Another page and back, and a page of its own.
    page.get_by_role("link", name="Events", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    page.go_back()
    expect(page.locator(".bulk-count")).to_have_text("4 selected on 2 pages")
    page.goto(f"/w/{demo.first.id}/devices/")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    page.goto(f"{base}?per_page=25")
    assert posted_ids(page, "Suspend") == sorted(wanted)
    selected = page.get_by_role("dialog").locator(".outcome > div").filter(has_text="Selected")
    expect(selected.locator("dd")).to_have_text("4")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Show selected").click()
    expect(page.locator("tr[data-row]")).to_have_count(4)
    expect(page.locator("tr.is-selected")).to_have_count(4)
    expect(page.get_by_role("button", name="Show selected")).to_be_hidden()
    page.get_by_role("button", name="Clear", exact=False).last.click()
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    page.reload()
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()


def test_all_that_match_stay_selected_while_sorted_and_under_another_filter(demo: Demo, page: Page) -> None:
    page.goto(f"/w/{demo.first.id}/sims/?status=1,2&per_page=25")
    page.keyboard.press("Shift+A")
    bar, count = page.locator("[data-bulk-bar]"), page.locator("[data-bulk-count]")
    seen = count.inner_text()
    expect(page.locator(".select-all-line")).to_contain_text(f"All {seen} that match are selected.")
    page.get_by_role("link", name="ICCID", exact=True).click()
    page.wait_for_url("**sort=iccid*")
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**page=2*")
    expect(page.locator("tr.is-selected")).to_have_count(25)
    page.goto(f"/w/{demo.first.id}/sims/?status=0")
    expect(page.locator(".bulk-count")).to_have_text(f"{seen} that match an earlier filter selected")
    expect(page.locator("tr.is-selected")).to_have_count(0)
    with page.expect_request("**/preview/**") as sent:
        bar.get_by_role("button", name="Suspend").click()
    posted = parse_qs(sent.value.post_data or "")
    assert posted == {"scope": ["filter"], "filter": ["status=1,2"], "seen": [seen.replace(",", "")]}
    selected = page.get_by_role("dialog").locator(".outcome > div").filter(has_text="Selected")
    expect(selected.locator("dd")).to_have_text(seen)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show selected").click()
    page.wait_for_url("**status=1,2*")
    # One taken out: what is left is said.
    box(page, 2).uncheck()
    expect(page.locator(".select-all-line")).to_contain_text("Not all that match are selected any more")
    expect(count).to_have_text(str(page.locator("tr[data-row]").count() - 1))


def test_by_keyboard_alone(demo: Demo, page: Page) -> None:
    page.goto(f"/w/{demo.first.id}/sims/?status=1&per_page=25")
    for key in ("j", "j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    # A row's other stops are no dead end.
    page.keyboard.press("Tab")
    expect(page.locator(".copy:focus")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("tr[data-row]").nth(4).locator(".row-link")).to_be_focused()
    page.keyboard.press("b")
    bar = page.locator("[data-bulk-bar]")
    expect(bar.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    # The focus is where one was.
    expect(page.locator("tr[data-row]").nth(4).locator(".row-link")).to_be_focused()

    page.keyboard.press("a")
    expect(page.locator("[data-bulk-count]")).to_have_text("25")
    page.get_by_role("button", name="Select all").focus()
    page.keyboard.press("Enter")
    expect(bar.get_by_role("button").first).to_be_focused()
    page.keyboard.press("a")
    expect(bar).to_be_hidden()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
    for words in ("Select all that match", "Go to the actions", "Select up to the row"):
        expect(help_).to_contain_text(words)


def test_focus_after_an_action(demo: Demo, page: Page) -> None:
    page.goto(f"/w/{demo.first.id}/sims/?status=1&device=none&per_page=25")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("b")
    page.locator("[data-bulk-bar]").get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[data-dialog-verb]").click()
    dialog.get_by_role("button", name="Done").click()
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    expect(page.locator(".row-link:focus, .table-frame:focus, main:focus")).to_have_count(1)


@pytest.mark.parametrize("width", [1600, 1024, 360])
def test_the_bar_covers_nothing(width: int, demo: Demo, places: Places, open_as: Open) -> None:
    page = open_as(demo.first.person("Administrator"), width=width)
    page.goto(f"{places.address_of['SIMs']}?per_page=25")
    box(page, 0).check()
    page.locator("tr[data-row]").last.scroll_into_view_if_needed()
    last = page.locator("tr[data-row]").last.locator(".row-link")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for element in (last, page.locator("#page-next"), page.locator("[data-select-none]")):
        assert element.evaluate(ON_TOP)
