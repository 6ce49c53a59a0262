"""What a browser says it is, in words for people. Only to tell one's own devices apart: the claim proves nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# The order matters: most browsers also name the ones they want to be taken for.
_BROWSERS: Final = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"(?:OPR|Opera)/(\d+)")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"(?:HeadlessChrome|Chrome|Chromium|CriOS)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari/")),
    ("curl", re.compile(r"curl/(\d+)")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"Android")),
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Mac OS X|Macintosh")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Linux", re.compile(r"Linux|X11")),
)


@dataclass(frozen=True, slots=True)
class Client:
    """A browser or program.

    Args:
        browser: name and version, empty when it says none we know.
        system: operating system, empty when it says none we know.
    """

    browser: str
    system: str


def client_of(user_agent: str) -> Client:
    """Read a `User-Agent` header."""
    browser = next(
        (f"{name} {found[1]}" for name, pattern in _BROWSERS if (found := pattern.search(user_agent))),
        "",
    )
    system = next((name for name, pattern in _SYSTEMS if pattern.search(user_agent)), "")
    return Client(browser=browser, system=system)
