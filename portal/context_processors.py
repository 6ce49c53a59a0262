"""What the shell of every page shows: navigation, theme, request id and the reader's view settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from accounts.trials import NOTICES
from kit.billing import day_text
from sims.usage.services.factory_test_watch import shown_late_since

THEMES = ("system", "light", "dark")
TIME_DISPLAYS = ("relative", "absolute")
THEME_COOKIE = "theme"

# Label, icon, URL name, key after `g`, and the URL names below which the item is the current one.
NAVIGATION: tuple[tuple[Any, str, str, str, tuple[str, ...]], ...] = (
    (gettext_lazy("Dashboard"), "layout-dashboard", "dashboard", "d", ("dashboard",)),
    (gettext_lazy("Connected devices"), "router", "sims:device_list", "c", ("sims:device", "events:device_then")),
    (gettext_lazy("SIM inventory"), "card-sim", "sims:sim_list", "s", ("sims:sim", "sims:register", "events:sim_then")),
    (gettext_lazy("Bulk actions"), "list-checks", "sims:result_list", "b", ("sims:result",)),
    (gettext_lazy("Events"), "scroll-text", "events:list", "e", ("events:",)),
    (gettext_lazy("Orders"), "shopping-cart", "orders:order_list", "o", ("orders:",)),
    (
        gettext_lazy("Device policies"),
        "shield",
        "sims:policy_list",
        "p",
        ("sims:policy", "sims:service", "sims:coverage"),
    ),
    (gettext_lazy("Integrations"), "plug", "accounts:integrations", "i", ("accounts:integrations",)),
    (
        gettext_lazy("Workspace settings"),
        "settings",
        "accounts:workspace_settings",
        "t",
        ("accounts:workspace", "seals:", "events:workspace_then", "events:users_then"),
    ),
)


@dataclass(frozen=True)
class NavigationItem:
    """One line of the side navigation."""

    label: str
    icon: str
    url: str
    key: str
    active: bool


def section_of(view_name: str, default: str = "dashboard") -> str:
    """Return the URL name of the part of the portal that a page belongs to: the one that names most of it."""
    parts = [(part, name) for _label, _icon, name, _key, below in NAVIGATION for part in below]
    matching = [(len(part), name) for part, name in parts if view_name.startswith(part)]
    return max(matching)[1] if matching else default


class Shell:
    """The shell of one request. Everything is computed when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def preferences(self) -> dict[str, Any]:
        """Return the view settings of the user; empty before sign-in."""
        stored = getattr(getattr(self.request, "user", None), "preferences", None)
        return stored if isinstance(stored, dict) else {}

    @cached_property
    def theme(self) -> str:
        """The chosen theme; before sign-in the one that this browser had last."""
        chosen = self.preferences.get("theme") or self.request.COOKIES.get(THEME_COOKIE)
        return chosen if chosen in THEMES else THEMES[0]

    @property
    def time_display(self) -> str:
        """Return whether lists show relative or absolute times."""
        chosen = self.preferences.get("time_display")
        return chosen if chosen in TIME_DISPLAYS else TIME_DISPLAYS[0]

    @property
    def timezone(self) -> str:
        """Name of the zone that times are shown in."""
        return timezone.get_current_timezone_name()

    @property
    def browser_zone(self) -> str | None:
        """The zone that the browser told last, "" before it told one; `None` before sign-in."""
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        return str(self.preferences.get("timezone") or "")

    @property
    def shortcuts(self) -> bool:
        """Tell whether single keys are shortcuts; WCAG 2.1.4 asks that they can be turned off."""
        return self.preferences.get("shortcuts") != "off"

    @property
    def request_id(self) -> str:
        """The id to quote when something went wrong."""
        return str(getattr(self.request, "request_id", "") or "")

    @property
    def language(self) -> str:
        return str(getattr(self.request, "LANGUAGE_CODE", settings.LANGUAGE_CODE))

    @cached_property
    def nav(self) -> list[NavigationItem]:
        """The pages of this workspace that exist; empty outside of a workspace."""
        workspace = getattr(self.request, "workspace", None)
        if workspace is None:
            return []
        match = self.request.resolver_match
        active = section_of(match.view_name, default="") if match else ""
        found = []
        for label, icon, name, key, _below in NAVIGATION:
            try:
                url = reverse(name, args=[workspace.id])
            except NoReverseMatch:
                continue  # a part of the product that is not installed has no place in the menu
            found.append(NavigationItem(str(label), icon, url, key, name == active))
        return found

    @cached_property
    def trial(self) -> dict[str, Any] | None:
        """Return when the trial of the workspace ends, in its last week and after it; else `None`. No query."""
        workspace = getattr(self.request, "workspace", None)
        now = timezone.now()
        if workspace is None or (ends := workspace.trial_ends) is None or ends > now + timedelta(days=max(NOTICES)):
            return None
        may = Permission.PACKAGE_UPDATE.name in getattr(self.request, "may", ())
        url = reverse("accounts:workspace_package", args=[workspace.pk]) if may else ""
        return {"over": ends <= now, "day": day_text(ends), "url": url}

    @cached_property
    def checks_late_since(self) -> datetime | None:
        """Return since when factory tests are checked late, on pages of those whom it concerns; else `None`."""
        workspace = getattr(self.request, "workspace", None)
        match = self.request.resolver_match
        staff = match is not None and match.app_name == "admin" and getattr(self.request.user, "is_staff", False)
        if workspace is None and not staff:
            return None
        return shown_late_since(None if workspace is None else workspace.pk)

    @cached_property
    def search_url(self) -> str:
        """Return the address of the search over this workspace; empty outside of one."""
        workspace = getattr(self.request, "workspace", None)
        if workspace is None:
            return ""
        try:
            return reverse("search", args=[workspace.id])
        except NoReverseMatch:
            return ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` for every template."""
    return {"shell": Shell(request)}
