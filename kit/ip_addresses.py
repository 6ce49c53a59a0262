"""IP addresses as people, proxies and both databases write them."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

from kit.csv_files import unguarded

_WITH_PORT: Final = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def ip_address_of(text: str) -> str | None:
    """Return an address in its short form, `None` where the text is none.

    Spaces around it, characters that can't be seen and the guards of spreadsheets do not count; a net of one host
    (`10.0.0.7/32`) is the host; an IPv4 address inside of IPv6 (`::ffff:192.0.2.7`) is the IPv4 address.

    One with a zone ("fe80::1%eth0") is none: the zone names a network card of the machine that wrote it, and
    PostgreSQL takes no such address.
    """
    plain = unguarded("".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()).removeprefix("'")
    host, net, length = plain.partition("/")
    if "%" in host:
        return None
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    if net and length != str(found.max_prefixlen):
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


def client_address_of(text: str) -> str | None:
    """Return the address of a client as proxies write it, `None` where the text is none.

    `203.0.113.7:51008`, `[2001:db8::1]:443`, `"[2001:db8::1]"` and `::ffff:203.0.113.7` are known; the zone of a
    link-local address names a network card of this machine, and the address is one without it.
    """
    plain = text.strip().strip('"').strip()
    with_port = _WITH_PORT.fullmatch(plain)
    if with_port:
        plain = with_port[1] or with_port[2]
    return ip_address_of(plain.partition("%")[0])


def why_no_host(address: str) -> str:
    """Return why no device can have an address, "" where one can.

    Args:
        address: in its short form.
    """
    found = ipaddress.ip_address(address)
    if found.is_unspecified:
        return _("it means no address at all")
    if found.is_loopback:
        return _("it means the machine itself")
    if found.is_multicast:
        return _("it is one of a group (multicast)")
    if found.is_link_local:
        return _("it is valid on one cable only (link-local)")
    if found == ipaddress.ip_address("255.255.255.255"):
        return _("it means everybody (broadcast)")
    if found.version == 4 and (found.is_reserved or int(found) >> 24 == 0):
        return _("it is reserved")
    return ""
