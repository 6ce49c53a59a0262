"""ICCID, IMSI, IMEI, EID, MSISDN and BIC: read as cards, labels, modems, spreadsheets and people write them.

Each number has one reader, for imports, forms, filters, search, API and usage alike (`docs/rules.md` section 24):
`normalise_x` for a whole number, `x_part` where a part of one may be asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _
from stdnum import imsi as stdnum_imsi
from stdnum import luhn

from kit.csv_files import unguarded
from kit.errors import Invalid

_GROUPING: Final = frozenset("._()\u2212\u00b7")
"""What people group digits with, beside spaces and all kinds of dashes."""
_FRACTION: Final = re.compile(r"([0-9]+)\.0+")
_ROUNDED: Final = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_LABELS: Final = (
    "ICCID",
    "CCID",
    "SIM",
    "IMEISV",
    "IMEI",
    "GSN",
    "IMSI",
    "CIMI",
    "MSISDN",
    "CNUM",
    "TEL",
    "EID",
    "BIC",
)
EXACT_DIGITS: Final = 15
"""Digits that a spreadsheet keeps of a number; what follows became zeros."""


def _grouping(character: str) -> bool:
    return character in _GROUPING or unicodedata.category(character) in ("Cf", "Cc", "Zs", "Zl", "Zp", "Pd")


def bare(value: str) -> bool:
    """Tell whether a text is digits and nothing else, as nearly all are of an import or of usage."""
    return value.isascii() and value.isdigit()


def plain(value: str) -> str:
    """Return an identifier without what people, labels, modems and spreadsheets group, guard and pad it with.

    Spaces, dashes and dots of all kinds, characters that can't be seen, the guards `="8988…"` and `'8988…`, quotes,
    and the fraction `.0` of a number that a spreadsheet kept whole. Full-width digits become plain ones.
    """
    if bare(value):
        return value
    text = unguarded(unguarded(unicodedata.normalize("NFKC", value).strip()).strip('"').strip())
    whole = _FRACTION.fullmatch(text)
    if whole:
        # Of a longer one the last digits are lost.
        return whole[1] if len(whole[1]) <= EXACT_DIGITS else text
    return "".join(character for character in text if not _grouping(character))


def _without_label(text: str, *labels: str) -> str:
    """Return a number without the name that a label, a modem or a scanner puts before it: `+CCID: 8988…`."""
    if bare(text):
        return text
    # Spaces are taken once and for all (`*+`), or many of them would be tried in every division.
    label = rf"^\+?(?:{'|'.join(labels)})\s*+(?:[:#=]\s*+)?(?=[0-9+#])"
    return re.sub(label, "", text.strip(), flags=re.IGNORECASE)


def _refusal(value: str, digits: str, name: str, lengths: str, *, begins: str = "", field: str) -> Invalid:
    """Return why a text is no number of a kind: what is wrong with it, and where."""
    typed = value.strip()
    other = next((place for place, sign in enumerate(typed, 1) if not sign.isdigit() and not _grouping(sign)), None)
    if _ROUNDED.fullmatch(typed) or _FRACTION.fullmatch(typed):
        why = _("a spreadsheet has rounded it. Format the column as text and export it again")
    elif not digits:
        why = _("it has no digits")
    elif other is not None:
        why = _("character %(place)s is “%(sign)s” and no digit") % {"place": other, "sign": typed[other - 1]}
    elif begins and not digits.startswith(begins):
        why = _("it begins with %(these)s and not with %(begins)s") % {"these": digits[:2], "begins": begins}
    else:
        why = _("it has %(count)s digits and not %(lengths)s") % {"count": len(digits), "lengths": lengths}
    text = _("'%(value)s' is not %(name)s: %(why)s.") % {"value": typed[:60], "name": name, "why": why}
    return Invalid(text, code=f"invalid_{field_code(name)}", field=field)


def field_code(name: str) -> str:
    """Return the short name of a kind of number: "an ICCID" is `iccid`."""
    return name.split()[-1].lower()


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
        value: 19 digits, or 20 of which the last is the Luhn digit; also with the label, the grouping and the padding
            (`F`) with which cards, modems and spreadsheets write it.
        field: input to name in an error.

    Raises:
        Invalid: wrong length, other characters, not a SIM's prefix (89), or a wrong 20th digit.
    """
    digits = iccid_text(value)
    if not re.fullmatch(r"89[0-9]{17,18}", digits):
        raise _refusal(value, digits, "an ICCID", _("19 or 20"), begins="89", field=field)
    if len(digits) == 20 and not luhn.is_valid(digits):
        raise Invalid(
            _(
                "The check digit of ICCID '%(value)s' is wrong: it ends in %(found)s, and %(right)s would be right. "
                "Compare the number with the card."
            )
            % {"value": value.strip(), "found": digits[19], "right": luhn.calc_check_digit(digits[:19])},
            code="invalid_iccid",
            field=field,
        )
    return digits[:19]


def iccid_text(value: str) -> str:
    """Return an ICCID, or part of one, without label, grouping and padding; it may be none."""
    if bare(value):
        return value
    text = plain(_without_label(value, "ICCID", "CCID", "SIM"))
    # A modem fills the last half byte of 19 digits.
    return text[:-1] if len(text) == 20 and text[-1] in "Ff" else text


def normalise_imei(value: str, *, field: str = "imei") -> str:
    """Return an IMEI as 14 to 16 digits, as sent; empty stays empty.

    Networks send 0 in place of the check digit (TS 23.003), so a 15th digit may be that too.

    Raises:
        Invalid: other characters, wrong length, or a wrong check digit of a 15-digit IMEI.
    """
    digits = imei_text(value)
    if not digits:
        return ""
    if not re.fullmatch(r"[0-9]{14,16}", digits):
        raise _refusal(value, digits, "an IMEI", _("14 to 16"), field=field)
    if len(digits) == 15 and digits[14] not in ("0", luhn.calc_check_digit(digits[:14])):
        raise Invalid(
            _(
                "The check digit of IMEI '%(value)s' is wrong: it ends in %(found)s, and %(right)s would be right. "
                "Compare the number with the device."
            )
            % {"value": value.strip(), "found": digits[14], "right": luhn.calc_check_digit(digits[:14])},
            code="invalid_imei",
            field=field,
        )
    return digits


WHOLE_IMEI: Final = 14
"""Digits of an IMEI that tell devices apart; what follows is a check digit, a spare digit or a version."""


def imei_text(value: str) -> str:
    """Return an IMEI, or part of one, without label and grouping; it may be none.

    What a telephone shows behind a stroke is the version of its software (`352099001761481/01`).
    """
    text = _without_label(value.strip().removeprefix("urn:gsma:imei:"), "IMEISV", "IMEI", "GSN")
    versioned = re.fullmatch(r"(.*[0-9])\s*/\s*[0-9]{2}", text)
    return plain(versioned[1] if versioned else text)


def normalise_imsi(value: str, *, field: str = "imsi") -> str:
    """Return an IMSI as 14 or 15 digits.

    Raises:
        Invalid: wrong length, other characters or an unknown country code.
    """
    digits = imsi_text(value)
    if not re.fullmatch(r"[0-9]{14,15}", digits):
        raise _refusal(value, digits, "an IMSI", _("14 or 15"), field=field)
    if not _has_country(digits[:6]):
        raise Invalid(
            _("'%(value)s' is not an IMSI: no country has the code (MCC) %(mcc)s.")
            % {"value": value.strip(), "mcc": digits[:3]},
            code="invalid_imsi",
            field=field,
        )
    return digits


@lru_cache(maxsize=4_096)
def _has_country(head: str) -> bool:
    """Tell whether the country and network with which an IMSI begins are known; looking it up is slow."""
    return bool(stdnum_imsi.is_valid(head.ljust(15, "0")))


def imsi_text(value: str) -> str:
    """Return an IMSI, or part of one, without label and grouping; it may be none."""
    return plain(_without_label(value, "IMSI", "CIMI"))


def normalise_msisdn(value: str, *, field: str = "msisdn") -> str:
    """Return a telephone number as up to 15 digits with its country's code (E.164, no plus); empty stays empty.

    Raises:
        Invalid: other characters, too short or too long, or without country code.
    """
    digits = msisdn_text(value)
    if not digits:
        return ""
    if digits.startswith("0"):
        raise Invalid(
            _("'%(value)s' is not an MSISDN: it has no country code. Write it like +49 151 2345678.")
            % {"value": value.strip()},
            code="invalid_msisdn",
            field=field,
        )
    if not re.fullmatch(r"[0-9]{5,15}", digits):
        raise _refusal(value.strip().removeprefix("+"), digits, "an MSISDN", _("5 to 15"), field=field)
    return digits


def msisdn_text(value: str) -> str:
    """Return a telephone number, or its beginning, without `+`, `00`, `(0)`, label and grouping; it may be none."""
    if bare(value) and not value.startswith("00"):
        return value
    text = _without_label(value.strip().removeprefix("tel:"), "MSISDN", "CNUM", "TEL").strip()
    text = unguarded(unicodedata.normalize("NFKC", text).strip('"'))
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()
    if text.startswith(("+", "00")):
        text = text.replace("(0)", "", 1)
        return plain(text.removeprefix("+") if text.startswith("+") else text.removeprefix("00"))
    return plain(text)


def normalise_bic(value: str, *, field: str = "bic") -> str:
    """Return a batch identification code as its 16 digits; a `#` before them, as some labels have it, does not count.

    Raises:
        Invalid: not 16 digits.
    """
    digits = bic_text(value)
    if not re.fullmatch(r"[0-9]{16}", digits):
        raise _refusal(value, digits, "a BIC", _("16, as printed on the card or the batch label"), field=field)
    return digits


def bic_text(value: str) -> str:
    """Return a BIC, or part of one, without label and grouping; it may be none."""
    return plain(_without_label(value, "BIC", "BATCH").removeprefix("#"))


def normalise_eid(value: str, *, field: str = "eid") -> str:
    """Return an EID as its 32 digits; empty stays empty.

    Raises:
        Invalid: not 32 digits.
    """
    digits = eid_text(value)
    if digits and not re.fullmatch(r"[0-9]{32}", digits):
        raise _refusal(value, digits, "an EID", "32", field=field)
    return digits


def eid_text(value: str) -> str:
    """Return an EID, or part of one, without label and grouping; it may be none."""
    return plain(_without_label(value, "EID"))


def digits_in(value: str) -> str:
    """Return the digits of a number of any kind, or of its beginning, as a search box takes it; "" for what is none."""
    text = iccid_text(_without_label(value, *_LABELS))
    digits = text.removeprefix("+").removeprefix("#")
    return digits if digits.isascii() and digits.isdecimal() else ""


Reader = Callable[[str], str]


def part_of(text: Reader, name: str, most: int) -> Reader:
    """Return the reader of a number of which a part may be given, as filters take it.

    It raises Invalid for what is no digits, or too many.

    Args:
        text: takes away label and grouping.
        name: what it is, with its article.
        most: digits of a whole one.
    """

    def read(value: str) -> str:
        digits = text(value)
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > most:
            raise _refusal(value, digits, name, _("at most %(most)s") % {"most": most}, field=field_code(name))
        return digits

    return read


imsi_part: Final = part_of(imsi_text, "an IMSI", 15)
imei_part: Final = part_of(imei_text, "an IMEI", 16)
eid_part: Final = part_of(eid_text, "an EID", 32)
bic_part: Final = part_of(bic_text, "a BIC", 16)
msisdn_part: Final = part_of(msisdn_text, "an MSISDN", 15)
_iccid_part: Final = part_of(iccid_text, "an ICCID", 20)


def iccid_part(value: str) -> str:
    """Return an ICCID, or part of one, as stored: a 20th digit is the Luhn digit and left out.

    Raises:
        Invalid: no digits, too many, or a wrong Luhn digit.
    """
    digits = _iccid_part(value)
    return normalise_iccid(value) if len(digits) >= 19 else digits
