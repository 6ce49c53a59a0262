"""IP addresses as both databases keep them."""

from __future__ import annotations

import ipaddress


def ip_address_of(text: str) -> str | None:
    """Return an address in its short form, `None` where the text is none.

    One with a zone ("fe80::1%eth0") is none: the zone names a network card of the machine that wrote it, and
    PostgreSQL takes no such address.
    """
    try:
        return None if "%" in text else str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None
