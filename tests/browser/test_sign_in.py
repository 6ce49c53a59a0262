"""Signing in and out, and a session that ends while somebody works."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import SIGN_IN, sign_in
from tests.browser.server import Demo
from tests.browser.watch import Open

pytestmark = pytest.mark.browser


def test_by_keyboard_after_a_wrong_password(demo: Demo, open_as: Open) -> None:
    person = demo.first.person("User")
    wanted = f"/w/{demo.first.id}/sims/?status=1"
    page = open_as()
    page.goto(wanted)
    expect(page).to_have_url(re.compile(re.escape(SIGN_IN)))
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    expect(page.get_by_label("E-mail address")).to_have_value(person.email)
    expect(page.get_by_label("Password")).to_have_value("")

    page.get_by_label("E-mail address").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(person.password)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(demo.address + wanted)
    expect(page.get_by_role("heading", level=1)).to_have_text("SIM inventory")


def test_sign_out(demo: Demo, open_as: Open) -> None:
    # A session of its own: the others' would end with it.
    page = open_as()
    page.goto(SIGN_IN)
    sign_in(page, demo.first.person("User"))
    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(re.escape(SIGN_IN)))
    page.goto(f"/w/{demo.first.id}/")
    expect(page).to_have_url(re.compile(re.escape(SIGN_IN)))
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_session_that_ended_leads_to_sign_in_and_back(demo: Demo, page: Page) -> None:
    seen = f"/w/{demo.first.id}/sims/?status=1"
    page.goto(seen)
    page.context.clear_cookies()
    page.locator("th.col-iccid a.sort").click()
    expect(page).to_have_url(f"{demo.address}{SIGN_IN}?next={quote(seen)}")
    expect(page.get_by_text("After signing in you come back to the page you were on.")).to_be_visible()
    sign_in(page, demo.first.person("Administrator"))
    expect(page).to_have_url(demo.address + seen)
    expect(page.locator("tr[data-row]").first).to_be_visible()
