"""ICCID, IMSI, IMEI and EID: checked and brought into the one form in which they are stored."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import gettext as _
from stdnum import imei as stdnum_imei
from stdnum import imsi as stdnum_imsi
from stdnum import luhn
from stdnum.exceptions import InvalidChecksum, ValidationError

from kit.errors import Invalid

_SEPARATORS = re.compile(r"[\s.\-]+")


def plain(value: str) -> str:
    """Return an identifier without the spaces, dots and hyphens people group it with."""
    return _SEPARATORS.sub("", value)


@lru_cache(maxsize=65_536)
def iccid_with_luhn(iccid: str) -> str:
    """Return the 20 digits printed on the card for a stored ICCID of 19 digits."""
    return iccid + luhn.calc_check_digit(iccid)


def as_printed(iccid: str | None) -> str:
    """Return a frozen ICCID as it is printed; what has not the 19 digits that are stored stays as it is."""
    return iccid_with_luhn(iccid) if iccid and len(iccid) == 19 and iccid.isdecimal() else iccid or ""


def normalise_iccid(value: str, *, field: str = "iccid") -> str:
    """Return the 19 digits that are stored.

    Args:
        value: 19 digits, or 20 of which the last is the Luhn digit; separators are ignored.
        field: input to name in an error.

    Raises:
        Invalid: wrong length, other characters, not a SIM's prefix (89), or a wrong 20th digit.
    """
    digits = plain(value)
    if not re.fullmatch(r"89[0-9]{17,18}", digits):
        raise Invalid(
            _("'%(value)s' is not an ICCID: it has 19 or 20 digits and starts with 89.") % {"value": value},
            code="invalid_iccid",
            field=field,
        )
    if len(digits) == 20 and not luhn.is_valid(digits):
        raise Invalid(
            _("The check digit of ICCID '%(value)s' is wrong: compare the number with the card.") % {"value": value},
            code="invalid_iccid",
            field=field,
        )
    return digits[:19]


def normalise_imei(value: str, *, field: str = "imei") -> str:
    """Return an IMEI as 14 to 16 digits, as sent; empty stays empty.

    Raises:
        Invalid: other characters, wrong length, or a wrong check digit of a 15-digit IMEI.
    """
    digits = plain(value)
    if not digits:
        return ""
    try:
        return str(stdnum_imei.validate(digits))
    except InvalidChecksum as error:
        raise Invalid(
            _("The check digit of IMEI '%(value)s' is wrong: compare the number with the device.") % {"value": value},
            code="invalid_imei",
            field=field,
        ) from error
    except ValidationError as error:
        raise Invalid(
            _("'%(value)s' is not an IMEI: it has 14 to 16 digits.") % {"value": value},
            code="invalid_imei",
            field=field,
        ) from error


def normalise_imsi(value: str, *, field: str = "imsi") -> str:
    """Return an IMSI as 14 or 15 digits.

    Raises:
        Invalid: wrong length, other characters or an unknown country code.
    """
    digits = plain(value)
    try:
        return str(stdnum_imsi.validate(digits))
    except ValidationError as error:
        raise Invalid(
            _("'%(value)s' is not an IMSI: it has 14 or 15 digits and begins with a country code (MCC).")
            % {"value": value},
            code="invalid_imsi",
            field=field,
        ) from error


def normalise_bic(value: str, *, field: str = "bic") -> str:
    """Return a batch identification code as its 16 digits; a `#` before them, as some labels have it, does not count.

    Raises:
        Invalid: not 16 digits.
    """
    digits = plain(value).removeprefix("#")
    if not re.fullmatch(r"[0-9]{16}", digits):
        raise Invalid(
            _("'%(value)s' is not a BIC: it has 16 digits, printed on the card or the batch label.") % {"value": value},
            code="invalid_bic",
            field=field,
        )
    return digits


def normalise_eid(value: str, *, field: str = "eid") -> str:
    """Return an EID as its 32 digits; empty stays empty.

    Raises:
        Invalid: not 32 digits.
    """
    digits = plain(value)
    if digits and not re.fullmatch(r"[0-9]{32}", digits):
        raise Invalid(
            _("'%(value)s' is not an EID: it has 32 digits.") % {"value": value}, code="invalid_eid", field=field
        )
    return digits


def digits_only(value: str) -> str:
    """Return an identifier, or part of one, without separators.

    Raises:
        ValueError: it holds something else than digits.
    """
    digits = plain(value)
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(value)
    return digits


def iccid_digits(value: str) -> str:
    """Return an ICCID, or part of one, as stored: a 20th digit is the Luhn digit and left out.

    Raises:
        ValueError: no digits, too many, or a wrong Luhn digit.
    """
    digits = digits_only(value)
    if len(digits) > 20 or (len(digits) == 20 and not luhn.is_valid(digits)):
        raise ValueError(value)
    return digits[:19]
