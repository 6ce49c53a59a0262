"""The second factor in a browser: from the QR page to sign-in with a code, with a recovery code, and without one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.places import SIGN_IN, sign_in
from tests.browser.server import Demo, Person
from tests.browser.watch import Open
from tests.second_factors import App

pytestmark = pytest.mark.browser

SET_UP = "/account/security/set-up/"


def sign_out(page: Page) -> None:
    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(re.compile(re.escape(SIGN_IN)))


def to_second_step(page: Page, person: Person) -> None:
    """Send the password. Not `sign_in`, which waits for the workspace."""
    page.goto(SIGN_IN)
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()


def test_from_setting_up_to_a_trusted_browser(demo: Demo, open_as: Open) -> None:
    # Somebody whom no other test signs in with a password alone.
    person = demo.last.person("Observer")
    page = open_as()
    page.goto(SIGN_IN)
    sign_in(page, person)

    page.get_by_label("Account", exact=True).click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("By an authenticator app").check()
    page.get_by_label("Your password").fill(person.password)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="QR code of the key")).to_be_visible()
    app = App(page.locator("#secret-key").inner_text())
    page.get_by_label("Code from the app").fill(app.code(periods=-1))
    # Enter activates; it pressed Cancel once.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The second factor is set up.")).to_be_visible()
    codes = page.locator("#recovery-codes").inner_text().split("\n")
    assert len(codes) == 10
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 codes left.")).to_be_visible()
    sign_out(page)

    # With a code of the app.
    to_second_step(page, person)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/w/{demo.last.id}/"))
    sign_out(page)

    # With a recovery code, and this browser trusted.
    to_second_step(page, person)
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_label("Trust this browser for 90 days").check()
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/w/{demo.last.id}/"))
    sign_out(page)

    # Not asked again here, but in another browser.
    to_second_step(page, person)
    expect(page).to_have_url(re.compile(rf"/w/{demo.last.id}/"))
    page.goto("/account/security/")
    expect(page.get_by_text("9 codes left.")).to_be_visible()
    expect(page.get_by_text("This browser")).to_be_visible()
    other = open_as()
    to_second_step(other, person)
    expect(other.get_by_role("heading", name="Enter your code")).to_be_visible()

    # The others of this account are signed out from here.
    page.goto("/account/sessions/")
    expect(page.get_by_text("This one")).to_be_visible()
    page.get_by_role("button", name="Sign out the others").click()
    expect(page.locator("#messages")).to_contain_text("Signed out in 0 other places.")
