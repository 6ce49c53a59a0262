"""What a page must never do, whatever it is tested for, and what can be measured in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, expect

Open = Callable[..., Page]
"""Opens an empty page, watched: `open_as(person=None, theme="light", width=1280)`."""

# Runs in each page before its own scripts. Playwright puts it there from outside, so that the page's policy holds.
SHIFTS = """
window.layoutShifts = [];
window.noteShifts = (entries) => {
  for (const { value, hadRecentInput, sources } of entries) {
    const moved = sources.map(({ node, previousRect: was, currentRect: is }) => [
      node && (node.outerHTML || node.textContent).slice(0, 120), [was.x, was.y, was.width], [is.x, is.y, is.width],
    ]);
    if (!hadRecentInput) window.layoutShifts.push({ value, moved });
  }
};
window.layoutObserver = new PerformanceObserver((list) => window.noteShifts(list.getEntries()));
window.layoutObserver.observe({ type: "layout-shift", buffered: true });
"""
# Two frames, so that all that was drawn has been reported.
READ_SHIFTS = """
() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.noteShifts(window.layoutObserver.takeRecords());
  done(window.layoutShifts);
})))
"""
WIDER = """
(width) => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > width + 1)
  .slice(0, 5).map((element) => element.outerHTML.slice(0, 160))
"""
# Rows of a long table are alike, and so are the chapters of the API's documentation; axe takes long over each.
LEAVE_SOME_ROWS = """
const alike = "tbody tr:nth-child(n+21), #calls > section:nth-of-type(n+4), nav > ul > li:nth-child(n+12)";
document.querySelectorAll(alike).forEach((part) => part.remove())
"""
FAILED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


class Watch:
    """Notes script errors, errors in the console, reports of the Content-Security-Policy, and every other host.

    Args:
        page: to be watched from before its first address.
        address: of the portal; the only host that may be asked.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.wrong: list[str] = []
        self.allowed: set[int] = set()  # statuses of answers that the test asks for, such as 404
        self._host = urlsplit(address).netloc
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error" and "Content Security Policy" not in message.text:
            return
        failed = FAILED.match(message.text)
        if not (failed and int(failed[1]) in self.allowed):
            self.wrong.append(f"console: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        found = urlsplit(request.url)
        if found.scheme not in ("data", "blob") and found.netloc != self._host:
            self.wrong.append(f"another host: {request.url}")

    def _failed(self, request: Request) -> None:
        # What a page had under way when it was left is no failure.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"request: {request.url} {request.failure}")


def settled(page: Page) -> None:
    """Wait until everything that loads by itself is there."""
    page.wait_for_load_state("load")
    expect(page.locator("[data-lines]")).to_have_count(0)


def layout_shifts(page: Page) -> list[dict[str, Any]]:
    """Return what moved by itself since the page began."""
    found: list[dict[str, Any]] = page.evaluate(READ_SHIFTS)
    return found


def wider_than(page: Page, width: int) -> list[str]:
    """Return what makes the page scroll sideways in a window so many pixels wide; empty when nothing does."""
    if page.evaluate("document.documentElement.scrollWidth") <= width:
        return []
    found: list[str] = page.evaluate(WIDER, width)
    return found or ["something outside the flow"]


def violations(page: Page, *rules: str) -> list[tuple[str, str, str]]:
    """Return what axe finds wrong: rule, the first element concerned, and what to do. The page is spent afterwards.

    Args:
        rules: the only ones to look for, such as what another theme can change; all without them.
    """
    page.evaluate(LEAVE_SOME_ROWS)
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else None
    found = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"][:300], rule["nodes"][0]["failureSummary"]) for rule in found]
