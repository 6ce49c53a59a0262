"""The pictures of the README: `python -m tests.browser.screenshots`, which `make screenshots` calls.

A portal is started with a fresh demo in a folder of its own, and Chromium draws four of its pages in both themes.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.places import SIGN_IN, sign_in
from tests.browser.server import ROOT, Demo, running
from tests.browser.watch import settled
from tests.chromium import CHROMIUM

FOLDER: Final = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 720
QUALITY: Final = 45
"""Of WebP: text stays sharp, and eight pictures stay small."""
MOST_BYTES: Final = 300_000
"""All pictures together: they are loaded by everybody who opens the README."""
PATIENCE: Final = 60_000  # ms
THEMES: Final = ("light", "dark")


def dashboard(page: Page, demo: Demo) -> None:
    """What there is, what happened, and what costs money without being used."""
    page.goto(f"/w/{demo.first.id}/")


def inventory(page: Page, demo: Demo) -> None:
    """The SIMs that are on devices."""
    page.goto(f"/w/{demo.first.id}/sims/?device=any")


def preview(page: Page, demo: Demo) -> None:
    """What suspending all SIMs would change, what it can't, and what it means for the bill."""
    page.goto(f"/w/{demo.first.id}/sims/")
    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="that match").click()
    page.locator("[data-bulk-bar]").get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").locator(".outcome").wait_for()


def event(page: Page, demo: Demo) -> None:
    """One event of the log, opened in place, with the person who acted."""
    page.goto(f"/w/{demo.first.id}/events/?type=9&actor=user:{demo.first.person('Administrator').id}")
    page.locator("tr[data-row]").first.click()
    page.locator(".panel .event-actor").wait_for()


SHOTS: Final[dict[str, Callable[[Page, Demo], None]]] = {
    "dashboard": dashboard,
    "sims": inventory,
    "preview": preview,
    "event": event,
}


def picture(page: Page) -> bytes:
    """Return what the window shows, as WebP."""
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(shot["data"])


def draw(browser: Browser, demo: Demo, folder: Path) -> int:
    """Write all pictures and return their size in bytes."""
    size = 0
    for theme in THEMES:
        options: dict[str, Any] = {"color_scheme": theme, "viewport": {"width": WIDTH, "height": HEIGHT}}
        context = browser.new_context(base_url=demo.address, reduced_motion="reduce", timezone_id="UTC", **options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(SIGN_IN)
        sign_in(page, demo.first.person("Administrator"))
        for name, show in SHOTS.items():
            show(page, demo)
            settled(page)
            page.evaluate("document.activeElement.blur()")
            drawn = picture(page)
            (folder / f"{name}-{theme}.webp").write_bytes(drawn)
            size += len(drawn)
        context.close()
    return size


def main() -> int:
    """Draw the pictures; 1 where they are larger than they may be."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="portal-screenshots-") as var,
        tempfile.TemporaryDirectory(prefix="portal-screenshots-") as shared,
        running(Path(var), Path(shared)) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        size = draw(browser, demo, FOLDER)
        browser.close()
    sys.stdout.write(f"{len(SHOTS) * len(THEMES)} pictures in {FOLDER.relative_to(ROOT)}: {size:,} bytes\n")
    return 0 if size <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
