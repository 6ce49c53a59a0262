"""The readers of numbers: as cards, labels, modems, scanners, spreadsheets and people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.errors import Invalid
from sims.identifiers import (
    digits_in,
    iccid_part,
    imei_part,
    imsi_part,
    msisdn_part,
    normalise_bic,
    normalise_eid,
    normalise_iccid,
    normalise_imei,
    normalise_imsi,
    normalise_msisdn,
)

ICCID = "8988303000000000011"
EID = "89049032000001000000000000000000"

READ: list[tuple[Callable[[str], str], str, list[str]]] = [
    (
        normalise_iccid,
        ICCID,
        [
            ICCID,
            f"{ICCID}4",
            "8988 3030 0000 0000 011",
            "8988-3030-0000-0000-0114",
            "8988–3030–0000–0000–011",
            "8988\u20113030\u00a00000\u202f0000\u2009011",
            f"\u200e{ICCID}\u200b",
            f"\ufeff{ICCID}",
            f'="{ICCID}"',
            f"'{ICCID}",
            f'"{ICCID}"',
            f"ICCID: {ICCID}",
            f"ICCID{ICCID}",
            f"+CCID: {ICCID}F",
            f"{ICCID}f",
            f"  {ICCID}4\t",
            "８９８８３０３０００００００００011",  # noqa: RUF001 - full width
        ],
    ),
    (
        normalise_imsi,
        "901430000000011",
        ["901430000000011", "901-43-0000000011", "901 43 0000000011", "IMSI: 901430000000011", "901430000000011.0"],
    ),
    (
        normalise_imei,
        "352099001761481",
        [
            *("352099001761481", "35-209900-176148-1", "35 209900 176148 1", "IMEI: 352099001761481"),
            *("352099001761481/01", "352099001761481 / 01", "urn:gsma:imei:35209900-176148-1"),
            *("'352099001761481", "352099001761481.0"),
        ],
    ),
    (normalise_imei, "352099001761480", ["352099001761480"]),
    (normalise_imei, "35209900176148", ["35209900176148"]),
    (normalise_imei, "3520990017614823", ["3520990017614823", "IMEISV 35-209900-176148-23"]),
    (normalise_imei, "", ["", " ", "\u200b"]),
    (
        normalise_msisdn,
        "491512345678",
        [
            *("491512345678", "+491512345678", "00491512345678", "+49 (0)151 2345678", "+49 (151) 2345678"),
            *("0049 151 2345678", "tel:+49-151-2345678", "MSISDN: +49 151 2345678", "'+491512345678"),
            *("+49\u00a0151 2345678", "\u202a+49 151 2345678\u202c"),
        ],
    ),
    (normalise_msisdn, "", ["", "  "]),
    (
        normalise_bic,
        "1234567890123456",
        [
            "1234567890123456",
            "1234 5678 9012 3456",
            "#1234567890123456",
            "BIC: 1234-5678-9012-3456",
            "BIC#1234567890123456",
        ],
    ),
    (normalise_eid, EID, [EID, f"EID: {EID}", " ".join(EID[at : at + 8] for at in range(0, 32, 8)), f"'{EID}"]),
    (iccid_part, "89883030", ["89883030", "8988 3030", "ICCID 89883030"]),
    (iccid_part, ICCID, [f"{ICCID}4", ICCID]),
    (imsi_part, "90143", ["90143", "901-43"]),
    (imei_part, "352099", ["35-2099", "352099"]),
    (msisdn_part, "49151", ["+49 151", "0049151", "49151"]),
    (digits_in, ICCID, [ICCID, f"ICCID: {ICCID}", f"{ICCID}F", f"\u200b{ICCID}"]),
    (digits_in, "", ["pump 7", "Pump", "", "12a"]),
    (digits_in, "491512345678", ["+49 151 2345678"]),
]


@pytest.mark.parametrize(
    ("reader", "stored", "typed"), [(reader, stored, typed) for reader, stored, all_ in READ for typed in all_]
)
def test_numbers_are_read_as_they_are_written(reader: Callable[[str], str], stored: str, typed: str) -> None:
    assert reader(typed) == stored


@pytest.mark.parametrize(
    ("reader", "typed", "why"),
    [
        (normalise_iccid, "8988O03000000000011", "character 5 is “O” and no digit"),
        (normalise_iccid, "898830300000000001", "it has 18 digits and not 19 or 20"),
        (normalise_iccid, "7988303000000000011", "it begins with 79 and not with 89"),
        (normalise_iccid, f"{ICCID}0", "it ends in 0, and 4 would be right"),
        (normalise_iccid, "8.98830E+18", "a spreadsheet has rounded it"),
        (normalise_iccid, "8988303000000000000.0", "a spreadsheet has rounded it"),
        (normalise_iccid, "", "it has no digits"),
        (normalise_imei, "352099001761482", "it ends in 2, and 1 would be right"),
        (normalise_imei, "1234", "it has 4 digits and not 14 to 16"),
        (normalise_imsi, "001x", "character 4 is “x”"),
        (normalise_imsi, "90143", "it has 5 digits and not 14 or 15"),
        (normalise_imsi, "099430000000011", "no country has the code (MCC) 099"),
        (normalise_msisdn, "0151 2345678", "it has no country code"),
        (normalise_msisdn, "4915123456789012", "it has 16 digits and not 5 to 15"),
        (normalise_msisdn, "49x51", "character 3 is “x”"),
        (normalise_bic, "123", "it has 3 digits and not 16"),
        (normalise_eid, "77", "it has 2 digits and not 32"),
        (iccid_part, "89883030000000000110", "and 4 would be right"),
        (iccid_part, "pump", "character 1 is “p”"),
        (imsi_part, "9" * 16, "it has 16 digits and not at most 15"),
    ],
)
def test_what_cannot_be_read_says_what_is_wrong_and_where(reader: Callable[[str], str], typed: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        reader(typed)
    assert why in caught.value.message


@pytest.mark.parametrize("filling", [" " * 200_000, "'" * 200_000, '"' * 200_000])
@pytest.mark.parametrize(
    "reader",
    [normalise_iccid, normalise_imei, normalise_imsi, normalise_msisdn, normalise_bic, normalise_eid],
)
def test_a_label_with_an_endless_filling_is_refused_as_fast_as_any(reader: Callable[[str], str], filling: str) -> None:
    """A body may hold a million signs; reading them takes one pass, where it took hours."""
    for label in ("ICCID", "IMEI", "IMSI", "MSISDN", "BIC", "EID"):
        with pytest.raises(Invalid):
            reader(f"{label}{filling}x")
