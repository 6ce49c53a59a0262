"""One portal, one Chromium and one sign-in a person for each worker, shared by its tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.browser import server
from tests.browser.places import SIGN_IN, Places, sign_in
from tests.browser.server import Demo, Person
from tests.browser.watch import SHIFTS, Open, Watch
from tests.chromium import CHROMIUM

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000  # ms for anything to appear; a busy machine is no failure


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Not for the session: only one Playwright runs in a process, and another folder has its own."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    with server.running(tmp_path_factory.mktemp("portal"), shared) as found:
        yield found


@pytest.fixture(scope="package")
def session_of(chromium: Browser, demo: Demo) -> Callable[[Person], StorageState]:
    """Return the cookies of somebody who signed in; each signs in once."""
    known: dict[str, StorageState] = {}

    def session(person: Person) -> StorageState:
        if person.email not in known:
            context = chromium.new_context()
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(demo.address + SIGN_IN)
            sign_in(page, person)
            known[person.email] = context.storage_state()
            context.close()
        return known[person.email]

    return session


@pytest.fixture
def watches() -> list[Watch]:
    """The watches of all pages of this test."""
    return []


@pytest.fixture
def open_as(
    chromium: Browser,
    demo: Demo,
    session_of: Callable[[Person], StorageState],
    watches: list[Watch],
) -> Iterator[Open]:
    """Open an empty page for somebody, or for nobody; whatever goes wrong in it fails the test."""
    contexts = []

    def open_page(person: Person | None = None, *, theme: str = "light", width: int = 1280) -> Page:
        options: dict[str, Any] = {"storage_state": session_of(person)} if person else {}
        context = chromium.new_context(
            base_url=demo.address,
            color_scheme=theme,  # type: ignore[arg-type]  # a Literal there
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
            viewport={"width": width, "height": 900},
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(SHIFTS)
        page = context.new_page()
        watches.append(Watch(page, demo.address))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [wrong for watch in watches for wrong in watch.wrong] == []


@pytest.fixture
def page(open_as: Open, demo: Demo) -> Page:
    """An empty page for the administrator of the first workspace."""
    return open_as(demo.first.person("Administrator"))


@pytest.fixture
def watch(page: Page, watches: list[Watch]) -> Watch:
    """The watch of `page`; a test that asks for an error allows its status."""
    return watches[0]


@pytest.fixture(scope="package")
def places(demo: Demo, chromium: Browser, session_of: Callable[[Person], StorageState]) -> Places:
    """The addresses of all pages of the first workspace."""
    administrator = demo.first.person("Administrator")
    context = chromium.new_context(base_url=demo.address, storage_state=session_of(administrator))
    context.set_default_timeout(PATIENCE)
    found = Places.read(context.new_page(), demo.first.id)
    context.close()
    return found
