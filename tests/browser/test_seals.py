"""The proof of an event, computed by the browser itself."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.places import Places

pytestmark = pytest.mark.browser

SEALED_WITHIN = 90_000  # ms; half a minute in peace, and the demo's whole log comes first


def test_the_browser_verifies_an_event(places: Places, page: Page) -> None:
    page.goto(places.address_of["event"])
    verify = page.get_by_role("button", name="Verify")
    expect(verify).to_be_visible(timeout=SEALED_WITHIN)
    verify.click()
    results = page.locator("[data-proof-result] > li")
    expect(results.nth(0)).to_have_text(re.compile(r"Event \d+ of 20.* is what was sealed at place \d+"))
    expect(results.nth(1)).to_have_text(re.compile(r"The checkpoint over \d+ events was signed by .*, at 20.* UTC"))
    expect(results.nth(2)).to_contain_text("Names, address and details that you see are those that were sealed")
    expect(page.locator("[data-proof-result] > .is-wrong")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download proof").click()
    assert download.value.suggested_filename.endswith("-proof.json")


@pytest.mark.parametrize(
    ("member", "old", "new", "sentence"),
    [
        ("leaf", '"severity":', '"severity":1', "the event is not the one that was sealed here"),
        ("proof", "\n\u2014 ", "\n\u2014 x", "was not checked"),
        ("openings", '"user_id', '"user_no', "is not what was sealed"),
    ],
)
def test_the_browser_names_what_is_wrong(
    member: str, old: str, new: str, sentence: str, places: Places, page: Page
) -> None:
    def changed(route: Route) -> None:
        data = route.fetch().json()
        if member == "openings":
            data["openings"]["actor"]["value"] = data["openings"]["actor"]["value"].replace(old, new, 1)
        else:
            data[member] = data[member].replace(old, new)
        route.fulfill(body=json.dumps(data), content_type="application/json")

    page.route("**/proof/download/", changed)
    page.goto(places.address_of["event"])
    verify = page.get_by_role("button", name="Verify")
    expect(verify).to_be_visible(timeout=SEALED_WITHIN)
    verify.click()
    expect(page.locator("[data-proof-result]")).to_contain_text(sentence)


def test_the_panel_shows_the_proof(places: Places, page: Page) -> None:
    page.goto(f"{places.address_of['events']}?rows=all")
    page.locator("tr[data-row]").nth(2).locator("td").first.click()
    proof = page.locator(".panel .event-proof")
    expect(proof.get_by_role("button", name="Verify")).to_be_visible(timeout=SEALED_WITHIN)
    proof.get_by_role("button", name="Verify").click()
    expect(proof.locator("[data-proof-result] > li").first).to_contain_text("is what was sealed")


def test_the_page_of_the_seals(places: Places, page: Page) -> None:
    page.goto(places.address_of["seals"])
    expect(page.get_by_role("heading", name="Newest checkpoint")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the sealed log").click()
    assert download.value.suggested_filename.endswith(".jsonl")
    with page.expect_download() as program:
        page.get_by_role("link", name="verify_log.py").click()
    assert program.value.suggested_filename == "verify_log.py"
