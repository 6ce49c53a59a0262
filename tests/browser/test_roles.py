"""What a role may not do is not offered and is refused; and who went into which workspace."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import Places
from tests.browser.server import Demo
from tests.browser.watch import Open, Watch, settled

pytestmark = pytest.mark.browser

CHANGES = re.compile(
    r"\b(Activate|Suspend|Factory test|Delete|Transfer|Enable|Disable|Reset|Release|Assign|Register|Create|Edit)\b",
    re.I,
)


def offered_changes(page: Page, path: str) -> list[str]:
    """What a page offers to change."""
    page.goto(path)
    settled(page)
    main = page.get_by_role("main")
    expect(main).to_be_visible()
    # Rows of the log are called after what was done, and tiles after states, with a number.
    offered = main.locator("button, a:not(.row-link)").filter(has_text=CHANGES, visible=True).all_inner_texts()
    return [text for text in offered if not re.search(r"\d", text)]


def test_an_observer_is_offered_no_changes(demo: Demo, places: Places, open_as: Open) -> None:
    able, reading = (open_as(demo.first.person(role)) for role in ("User", "Observer"))
    for name in ("SIMs", "SIM", "devices", "device"):
        assert offered_changes(able, places.address_of[name]), name
    for name in ("dashboard", "SIMs", "SIM", "devices", "device", "policies"):
        assert offered_changes(reading, places.address_of[name]) == [], name
        expect(reading.get_by_role("main").get_by_role("checkbox")).to_have_count(0)


def test_an_observer_is_refused(demo: Demo, places: Places, open_as: Open, watches: list[Watch]) -> None:
    page = open_as(demo.first.person("Observer"))
    base = f"/w/{demo.first.id}/"
    page.goto(places.address_of["SIM"])
    heading = page.get_by_role("heading", level=1).inner_text()
    sim_id = places.address_of["SIM"].rstrip("/").rpartition("/")[2]
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    assert token
    for path, form in (
        ("sims/bulk/suspend/preview/", {"scope": "ids", "ids": sim_id}),
        ("sims/register/", {"bics": demo.first.bics[2], "status": "0", "step": "check"}),
        ("devices/create/", {"name": "Not allowed"}),
    ):
        answer = page.request.post(base + path, form=dict(form), headers={"X-CSRFToken": token})
        assert answer.status == 403, path
    watches[0].allowed.add(403)
    page.goto(f"{base}sims/register/")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_label("BIC", exact=True)).to_have_count(0)
    page.goto(places.address_of["SIM"])
    assert page.get_by_role("heading", level=1).inner_text() == heading


def test_a_stranger_finds_nothing(demo: Demo, places: Places, open_as: Open, watches: list[Watch]) -> None:
    page = open_as(demo.last.person("SuperAdmin"))
    watches[0].allowed.add(404)
    for name in ("dashboard", "SIMs", "SIM", "device", "event"):
        answer = page.goto(places.address_of[name])
        assert answer is not None
        assert answer.status == 404, name
        assert demo.first.name not in page.content(), name


def switches(page: Page, workspace_id: int) -> int:
    """How many changes into a workspace its log tells."""
    page.goto(f"/w/{workspace_id}/events/?type=67")
    return int(re.sub(r"\D", "", page.locator(".result-count").inner_text()) or 0)


def test_switching_the_workspace_leaves_an_event(demo: Demo, open_as: Open) -> None:
    second = demo.workspaces[1]
    person = demo.first.person("SuperAdmin")
    there = open_as(second.person("Administrator"))  # whose own visit is no switch
    switches(there, second.id)
    before = switches(there, second.id)

    page = open_as(person)
    page.goto(f"/w/{demo.first.id}/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.get_by_label("Search workspaces")).to_be_focused()
    page.keyboard.type(second.name)
    expect(page.locator("#switcher-list li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/w/{second.id}/")

    assert switches(there, second.id) == before + 1
    row = there.locator("tr[data-row]").first
    expect(row).to_contain_text("User switched workspaces")
    row.click()
    panel = there.locator(".panel")
    expect(panel.locator(".event-text")).to_have_text(
        f"User with id: '{person.id}', switched to workspace: {second.id}"
    )
    expect(panel.locator(".event-actor")).to_contain_text(f"{person.name}, {person.email}")
