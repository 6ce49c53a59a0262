"""People come and go, from mail to mail: as somebody would who has nothing but a browser and the outbox."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.places import SIGN_IN, sign_in
from tests.browser.server import Demo, Person, Workspace
from tests.browser.watch import Open

pytestmark = pytest.mark.browser

PASSWORD = "seven green bottles"
OTHER_PASSWORD = "eight yellow bottles"
Mail = Callable[[str, str], str]


def fresh(name: str) -> str:
    """Return an address that no earlier run has used."""
    return f"{name}.{uuid.uuid4().hex[:8]}@example.com"


@pytest.fixture
def mail_to(open_as: Open) -> Mail:
    """Return a function that waits for a mail by address and subject, and returns the address in it."""
    page = open_as()

    def link(address: str, subject: str) -> str:
        mail = page.locator("article", has_text=address).filter(has=page.get_by_role("heading", name=subject)).first
        for _attempt in range(40):
            page.goto("/outbox/")
            if mail.count():
                break
            page.wait_for_timeout(500)
        found = mail.get_by_role("link")
        return found.get_attribute("href") or "" if found.count() else ""

    return link


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def invite(page: Page, workspace: Workspace, address: str, name: str, role: str) -> None:
    page.goto(f"/w/{workspace.id}/settings/users/")
    page.get_by_role("link", name="Invite user").click()
    dialog(page).get_by_label("E-mail address").fill(address)
    dialog(page).get_by_label("Name", exact=True).fill(name)
    dialog(page).get_by_role("radio", name=re.compile(f"^{role}:")).check()
    dialog(page).get_by_role("button", name="Send invitation").click()
    expect(row_of(page, address)).to_contain_text("Invite pending")


def choose_password(page: Page, password: str) -> None:
    """Fill in a new password, as often as the page asks for it."""
    page.locator("input[type=password]").first.wait_for()
    for field in page.locator("input[type=password]").all():
        field.fill(password)


def row_of(page: Page, address: str) -> Locator:
    return page.locator("tr[data-row]", has_text=address)


def test_signing_up_and_a_forgotten_password(demo: Demo, open_as: Open, mail_to: Mail) -> None:
    address = fresh("nora")
    page = open_as()
    page.goto(SIGN_IN)
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Your name").fill("Nora Newcomer")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Company").fill("Newcomer Nurseries")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("mail")

    page.goto(mail_to(address, "Verify"))
    choose_password(page, PASSWORD)
    page.get_by_role("button", name="Verify and save").click()
    if page.get_by_role("button", name="Sign in").count():
        sign_in(page, Person(address, PASSWORD))
    expect(page).to_have_url(re.compile(r"/w/\d+/$"))
    expect(page.get_by_label("Account", exact=True)).to_be_visible()
    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Forgot").click()
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send the link").click()
    page.goto(mail_to(address, "password"))
    choose_password(page, OTHER_PASSWORD)
    page.get_by_role("button", name="Set new password").click()
    page.goto(SIGN_IN)
    sign_in(page, Person(address, OTHER_PASSWORD))
    expect(page).to_have_url(re.compile(r"/w/\d+/$"))
    page.goto(page.url + "events/")
    for text in ("Self-Signup", "Password reset requested", "Password changed"):
        expect(page.locator("tr[data-row]", has_text=text).first).to_be_visible()


def test_invited_into_two_workspaces_and_out_again(demo: Demo, open_as: Open, mail_to: Mail) -> None:
    first, other = demo.first, demo.workspaces[3]
    address = fresh("ines")
    administrator = open_as(first.person("Administrator"))
    invite(administrator, first, address, "Ines Invited", "User")

    ines = open_as()
    ines.goto(mail_to(address, "Invitation to"))
    expect(ines.get_by_role("heading", level=1)).to_have_text(f"Join {first.name}")
    choose_password(ines, PASSWORD)
    ines.get_by_role("button", name="Join").click()
    sign_in(ines, Person(address, PASSWORD))
    expect(ines).to_have_url(f"{demo.address}/w/{first.id}/")

    administrator.goto(f"/w/{first.id}/settings/users/")
    expect(row_of(administrator, address)).to_contain_text("Active")
    row_of(administrator, address).get_by_role("link", name=re.compile("role", re.IGNORECASE)).last.click()
    dialog(administrator).get_by_role("radio", name=re.compile("^Observer:")).check()
    dialog(administrator).get_by_role("button", name="Change role").click()
    expect(row_of(administrator, address)).to_contain_text("Observer")

    # Somebody with an account joins by the mail alone, signed out.
    amara = open_as(other.person("Administrator"))
    invite(amara, other, address, "Ines", "User")
    link = mail_to(address, f"Invitation to {other.name}")
    ines.goto(link)
    ines.get_by_role("button", name="Sign out").click()
    ines.goto(link)
    ines.get_by_role("button", name="Join").click()
    sign_in(ines, Person(address, PASSWORD))
    ines.goto(f"/w/{other.id}/")
    expect(ines.get_by_role("heading", level=1)).to_be_visible()
    # And goes by herself; from the other one she is removed.
    ines.goto(f"/w/{other.id}/settings/")
    ines.get_by_role("link", name="Leave").click()
    dialog(ines).get_by_role("button", name="Leave").click()
    expect(ines).not_to_have_url(re.compile("settings"))
    administrator.goto(f"/w/{first.id}/settings/users/")
    row_of(administrator, address).get_by_role("link", name=re.compile("Remove|Delete")).click()
    dialog(administrator).get_by_role("button", name=re.compile("Remove|Delete")).click()
    expect(row_of(administrator, address)).to_have_count(0)
    ines.goto(SIGN_IN)
    ines.get_by_label("E-mail address").fill(address)
    ines.get_by_label("Password").fill(PASSWORD)
    ines.get_by_role("button", name="Sign in").click()
    expect(ines.get_by_role("alert")).to_be_visible()


def test_links_of_old_mails_open_nothing(demo: Demo, open_as: Open, mail_to: Mail, watches: list[object]) -> None:
    workspace, address = demo.first, fresh("paul")
    administrator = open_as(workspace.person("Administrator"))
    administrator.goto(f"/w/{workspace.id}/settings/users/?q=omar")
    expect(row_of(administrator, "omar.said")).to_contain_text("Invite expired")
    invite(administrator, workspace, address, "Paul Patient", "Observer")
    old = mail_to(address, "Invitation to")
    row_of(administrator, address).get_by_role("button", name=re.compile("Resend")).click()
    expect(administrator.get_by_text(f"Invitation sent to {address} again.").first).to_be_visible()
    new = old
    for _attempt in range(40):
        new = mail_to(address, "Invitation to")
        if new != old:
            break
    page = open_as()
    for watch in watches:
        watch.allowed.add(404)  # type: ignore[attr-defined]
    page.goto(old)
    expect(page.get_by_text("This link is not valid")).to_be_visible()
    page.goto(new)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Join {workspace.name}")
    row_of(administrator, address).get_by_role("link", name=re.compile("Withdraw")).click()
    dialog(administrator).get_by_role("button", name=re.compile("Withdraw")).click()
    expect(row_of(administrator, address)).to_have_count(0)
    page.goto(new)
    expect(page.get_by_text("This link is not valid")).to_be_visible()


def test_support_is_seen_by_the_customer(demo: Demo, open_as: Open) -> None:
    workspace = demo.workspaces[3]
    reason = f"Ticket {uuid.uuid4().hex[:6]}: a device is silent"
    acted_for = workspace.person("Administrator")
    staff = open_as(demo.staff)
    staff.goto(f"/admin/accounts/workspace/{workspace.id}/change/")
    staff.get_by_role("link", name="Enter as support").click()
    chosen = staff.get_by_label("Act for").locator("option", has_text=acted_for.email).get_attribute("value")
    staff.get_by_label("Act for").select_option(chosen)
    staff.get_by_label("Reason").fill(reason)
    staff.get_by_role("button", name="Enter").click()
    banner = staff.get_by_role("status").filter(has_text="Support access")
    expect(banner).to_contain_text(acted_for.name)
    expect(banner).to_contain_text(reason)

    customer = open_as(workspace.person("Administrator"))
    customer.goto(f"/w/{workspace.id}/events/?type=13")
    customer.locator("tr[data-row]").first.click()
    panel = customer.locator("body")
    for text in (reason, acted_for.name, demo.staff.email):
        expect(panel).to_contain_text(text)
    banner.get_by_role("button", name="Leave").click()
    expect(staff.get_by_text("Support access ended.")).to_be_visible()
    customer.goto(f"/w/{workspace.id}/settings/support/")
    visit = customer.locator("tbody tr", has_text=reason)
    expect(visit).to_contain_text(demo.staff.email)
    expect(visit).not_to_contain_text("still inside")


def test_an_upgrade_says_how_many_sims_it_activates(demo: Demo, open_as: Open) -> None:
    workspace = demo.workspaces[1]
    page = open_as(workspace.person("Administrator"))
    page.goto(f"/w/{workspace.id}/settings/package/")
    expect(page.get_by_role("row", name=re.compile("Activated SIMs"))).to_contain_text("no limit")
    page.get_by_role("link", name="Upgrade to Enterprise EUR").click()
    upgrade = dialog(page).get_by_role("button", name=re.compile(r"Upgrade, and activate \d+ SIM"))
    count = int(re.search(r"(\d+) SIM", upgrade.inner_text())[1])  # type: ignore[index]
    assert count > 0
    upgrade.click()
    expect(page.get_by_text("The package is Enterprise EUR now.")).to_be_visible()
    page.goto(f"/w/{workspace.id}/sims/?status=4")
    expect(page.locator("tr[data-row]")).to_have_count(0)


def test_a_workspace_is_asked_for_made_and_entered(demo: Demo, open_as: Open, mail_to: Mail) -> None:
    main, name = demo.workspaces[3], f"Depot {uuid.uuid4().hex[:6]}"
    chief = main.person("SuperAdmin")
    customer = open_as(chief)
    customer.goto(f"/w/{main.id}/settings/requests/")
    customer.get_by_label("For what").fill(f"A workspace for {name}.")
    customer.get_by_role("button", name="Send request").click()
    expect(customer.locator("[data-request]", has_text=name)).to_contain_text("Open")

    staff = open_as(demo.staff)
    staff.goto("/admin/accounts/workspacerequest/?status=0&kind=new")
    staff.locator("tbody a").first.click()
    expect(staff.get_by_text(f"A workspace for {name}.")).to_be_visible()
    staff.get_by_role("link", name="Create the workspace").click()
    staff.get_by_label("Name of the workspace").fill(name)
    staff.get_by_label("Platform package").select_option(label="Starter EUR")
    staff.get_by_role("checkbox", name="Global Basic", exact=True).check()
    staff.get_by_role("button", name="Create the workspace").click()
    expect(staff.get_by_text(f"{name} is made and linked to {main.name}.")).to_be_visible()

    assert mail_to(chief.email, f"Your request for {main.name} is done") == ""
    customer.reload()
    expect(customer.locator("[data-request]", has_text=name).first).to_contain_text("Done")
    customer.locator("[data-switcher] summary").click()
    customer.locator("[data-switcher]").get_by_role("link", name=name).click()
    expect(customer.locator(".switcher-name")).to_have_text(name)
    expect(customer.locator(".switcher-note")).to_contain_text("SuperAdmin")
