"""The shell and the list framework in a real browser, with script and keyboard, in both themes."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chromium import CHROMIUM

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PAGES = (
    "/parts/",
    "/w/1000/sims/?state=activated,issued",
    "/w/1000/events/",
    "/form/?wrong=1",
    "/workspaces/",
    "/nope/",
    "/w/1000/sims/?name=zzz&state=issued",
)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.ui_gallery.serve", str(port)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    found = f"http://localhost:{port}"
    # A busy machine is slow, which is no failure.
    for _try in range(960):
        try:
            urllib.request.urlopen(f"{found}/parts/", timeout=5).close()
            break
        except OSError:
            assert server.poll() is None, "the gallery did not start"
            time.sleep(0.25)
    else:
        pytest.fail("the gallery does not answer")
    yield found
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails the test for any script error or Content-Security-Policy report."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda message: wrong.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield page
    context.close()
    assert not wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_accessible_and_never_wider_than_the_window(browser: Any, address: str, theme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme).new_page()
    for path in PAGES:
        answer = page.goto(address + path)
        assert answer.status == (404 if path == "/nope/" else 200), path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        violations = Axe().run(page).response["violations"]
        assert not [(found["id"], found["nodes"][0]["html"]) for found in violations], path


def test_filters_change_the_address_and_back_brings_the_view_back(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    sims = f"{address}/w/1000/sims/"
    page.goto(sims)
    page.click("#chip-state")
    page.check(".chip[open] input[value=suspended]")
    page.click(".chip[open] [data-panel-apply]")
    expect(page).to_have_url(f"{sims}?state=suspended")
    expect(page.locator("#chip-state")).to_be_focused()
    page.fill("#list-q", "tracker 1")
    page.wait_for_url("**q=tracker+1**")
    expect(page.locator("#list-q")).to_be_focused()
    page.go_back()
    expect(page).to_have_url(f"{sims}?state=suspended")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#list-q")).to_have_value("")


def test_a_long_pasted_list_gets_a_short_address(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}/w/1000/sims/")
    page.click("#chip-iccid")
    page.fill("#f-iccid", "\n".join(f"89883030000{n:08}" for n in range(500)))
    page.click(".chip[open] [data-panel-apply]")
    page.wait_for_url("**iccid=list:*")
    expect(page.locator(".result-count")).to_have_text("500 SIMs")
    page.reload()
    expect(page.locator(".result-count")).to_have_text("500 SIMs")


def test_rows_are_moved_selected_and_acted_on_by_keyboard(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}/w/1000/sims/")
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    count = page.locator("[data-bulk-count]")
    expect(count).to_have_text("1")
    page.locator("input[data-select]").nth(6).click(modifiers=["Shift"])
    expect(count).to_have_text("6")
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    page.check("[data-select-page]")
    page.click("[data-select-matching]")
    expect(count).to_have_text("2,431")
    with page.expect_request("**/action/preview/") as sent:
        page.click("[data-bulk-action=suspend]")
    assert sent.value.post_data == "scope=filter&filter=&seen=2431"
    assert "ids=" not in sent.value.post_data
    page.click("[data-dialog-verb]")
    expect(page.locator("[data-bulk-result]")).to_be_visible()
    page.click("#dialog footer [data-close-dialog]")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()


def test_a_destructive_action_wants_the_number(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}/parts/")
    page.click("#open-danger")
    expect(page.locator("[data-dialog-verb]")).to_be_disabled()
    page.keyboard.type("347")
    expect(page.locator("[data-dialog-verb]")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("#open-danger")).to_be_focused()
    page.click("#open-broken")
    expect(page.locator(".toast")).to_contain_text("Somebody changed this SIM")
    expect(page.locator(".toast-id")).to_contain_text("Request")


def test_shell_by_keyboard(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}/parts/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.keyboard.type("Workspace 99")
    expect(page.locator("#switcher-list li")).to_have_count(11)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#global-q")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/events/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".panel .split")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)


def test_an_identifier_is_copied_plain(page: Any, address: str) -> None:
    page.goto(f"{address}/parts/")
    page.locator("dd .copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == "8988303000001234567"
