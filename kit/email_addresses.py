"""E-mail addresses: one form for each mailbox (`docs/rules.md` section 24)."""

from __future__ import annotations

import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kit.errors import Invalid

LONGEST: Final = 254
"""Characters of an address (RFC 5321); every column of addresses has them."""


def email_address_of(text: str) -> str:
    """Return an address in the form in which it is stored: composed, in lower case, its domain in ASCII.

    A domain with other letters and its ASCII form (`xn--…`) are one mailbox. The ASCII form is stored: there a letter
    of another alphabet that looks like a Latin one can be told from it.
    """
    typed = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    local, at, domain = unicodedata.normalize("NFC", typed).strip().lower().rpartition("@")
    return f"{local}{at}{_ascii(domain)}"


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        return domain  # no domain; whoever checks the address says so


def forms_of(text: str) -> list[str]:
    """Return the forms in which an address may be stored: the one, and that with its letters, of earlier versions."""
    address = email_address_of(text)
    local, at, domain = address.rpartition("@")
    try:
        readable = f"{local}{at}{domain.encode().decode('idna')}"
    except UnicodeError:
        readable = address
    return list(dict.fromkeys((address, readable)))


def checked_email(text: str, *, field: str, code: str = "invalid") -> str:
    """Return an address as it is stored.

    Args:
        text: as typed.
        field: that an error names.
        code: of the error.

    Raises:
        Invalid: it is none, or longer than 254 characters.
    """
    address = email_address_of(text)
    try:
        validate_email(address)
    except ValidationError as error:
        message = _("Enter an e-mail address, for example name@example.com.")
        raise Invalid(message, code=code, field=field) from error
    if len(address) > LONGEST:
        message = _("An e-mail address has at most %(most)s characters; this one has %(count)s.")
        raise Invalid(message % {"most": LONGEST, "count": len(address)}, code=code, field=field)
    return address
