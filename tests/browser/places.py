"""Where the pages of a workspace are; what has an id is taken from the top of its list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.server import Person

PAGES = (
    "dashboard",
    "search",
    "saved views",
    "SIMs",
    "SIMs of a pasted list",
    "SIM",
    "events of a SIM",
    "register SIMs",
    "bulk actions",
    "devices",
    "device",
    "events of a device",
    "connection of a device",
    "SMS of a device",
    "SIM as it was",
    "device as it was",
    "users as they were",
    "workspace as it was",
    "reversing an event",
    "create device",
    "devices from a file",
    "policies",
    "events",
    "event",
    "orders",
    "order",
    "invoice",
    "shop",
    "integrations",
    "settings",
    "users",
    "invite user",
    "permissions",
    "package",
    "linked workspaces",
    "support access",
    "seals",
    "your account",
    "second factor",
    "set up the second factor",
    "where one is signed in",
    "workspaces",
    "outbox",
    "API documentation",
    "not found",
    "sign in",
    "sign up",
    "activate an account",
    "forgotten password",
    "dead link",
)
SIGN_IN = "/accounts/login/"
ANONYMOUS = frozenset({"sign in", "sign up", "activate an account", "forgotten password", "dead link"})
"""Pages for people who are not signed in; others are sent away from most of them."""


@dataclass(frozen=True)
class Places:
    """Addresses by the names in `PAGES`."""

    address_of: Mapping[str, str]

    @classmethod
    def read(cls, page: Page, workspace_id: int) -> Places:
        """Look up one SIM, device and event with much to show."""
        base = f"/w/{workspace_id}/"
        sim = first(page, f"{base}sims/?status=1&device=any")
        device = first(page, f"{base}devices/?sort=-created")
        event = first(page, f"{base}events/?type=43&rows=all")  # assigned: SIM and device, from one state to another
        order = first(page, f"{base}orders/?sort=number")
        settings = f"{base}settings/"
        return cls(
            {
                "dashboard": base,
                "search": f"{base}search/?q=meter",
                "saved views": f"{base}views/sims/",
                "SIMs": f"{base}sims/",
                "SIMs of a pasted list": f"{base}sims/?iccid=8988303,8988303999999999999,898830O0",
                "SIM": sim,
                "events of a SIM": f"{sim}?tab=events",
                "register SIMs": f"{base}sims/register/",
                "bulk actions": f"{base}results/",
                "devices": f"{base}devices/",
                "device": device,
                "events of a device": f"{device}?tab=events",
                "connection of a device": f"{device}connection/",
                "SMS of a device": f"{device}sms/",
                "SIM as it was": f"{base}events/then{sim.removeprefix(base.rstrip('/'))}",
                "device as it was": f"{base}events/then{device.removeprefix(base.rstrip('/'))}",
                "users as they were": f"{base}events/then/users/",
                "workspace as it was": f"{base}events/then/",
                "reversing an event": f"{event}reverse/",
                "create device": f"{base}devices/create/",
                "devices from a file": f"{base}devices/file/",
                "policies": f"{base}policies/",
                "events": f"{base}events/",
                "event": event,
                "orders": f"{base}orders/",
                "order": order,
                "invoice": f"{order}invoice/",
                "shop": f"{base}orders/shop/",
                "integrations": f"{base}integrations/",
                "settings": settings,
                "users": f"{settings}users/",
                "invite user": f"{settings}users/invite/",
                "permissions": f"{settings}permissions/",
                "package": f"{settings}package/",
                "linked workspaces": f"{settings}requests/",
                "support access": f"{settings}support/",
                "seals": f"{settings}seals/",
                "your account": "/account/",
                "second factor": "/account/security/",
                "set up the second factor": "/account/security/set-up/",
                "where one is signed in": "/account/sessions/",
                "workspaces": "/workspaces/",
                "outbox": "/outbox/",
                "API documentation": "/api/docs",
                "not found": f"{base}sims/999999999/",
                "sign in": SIGN_IN,
                "sign up": "/accounts/signup/",
                "activate an account": "/accounts/activation/",
                "forgotten password": "/accounts/password/reset/",
                "dead link": "/accounts/invitation/none/",
            }
        )


def first(page: Page, path: str) -> str:
    """Return the address of the object in the first row of a list."""
    page.goto(path)
    found = page.locator("tr[data-row] .row-link").first.get_attribute("href")
    assert found, path
    return found


def sign_in(page: Page, person: Person) -> None:
    """Sign in on the page that is shown."""
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: SIGN_IN not in url)
