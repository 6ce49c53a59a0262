"""What `q` and `sort` may name on the lists of this app (`docs/api.md` section 0, "Filter")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.db.models import Q

from kit.api.criteria import (
    NOTHING,
    NULL,
    Condition,
    Field,
    address,
    constant,
    flag,
    moment,
    number,
    text,
)
from kit.errors import Invalid
from sims.identifiers import WHOLE_IMEI, eid_text, iccid_text, imei_text, imsi_text, msisdn_text, normalise_iccid
from sims.printed_iccid import printed_iccid


def is_whole_iccid(value: str) -> bool:
    """Tell whether a value is meant as a whole number: 19 digits, or 20 with the check digit."""
    return value.isascii() and value.isdigit() and len(value) in (19, 20)


def iccid(path: str, *, printed: bool = False) -> Condition:
    """Return the condition maker of an ICCID column: 19 or 20 digits match whole, anything else as a text.

    Args:
        path: to the column.
        printed: whether a part may hold the 20th digit, which is computed.
    """
    partly = _printed_in_part(path) if printed else text(path)

    def condition(value: str) -> Q:
        number = value if value == NULL else iccid_text(value)
        if not is_whole_iccid(number):
            return partly(number)
        try:
            return Q(**{path: normalise_iccid(value)})
        except Invalid:
            return NOTHING  # no card carries such a number

    return condition


def _printed_in_part(path: str) -> Condition:
    plainly = text(path)

    def condition(value: str) -> Q:
        found = plainly(value)
        if value == NULL:
            return found
        asked = {"patterns": [value]} if "*" in value else {"partial": [value]}
        return found | printed_iccid(path, **asked)

    return condition


def digits(path: str, reader: Callable[[str], str], *, nullable: bool = True) -> Condition:
    """Return the condition maker of a column of digits, which are read as people write them.

    Args:
        path: to the column.
        reader: takes away label and grouping.
        nullable: whether a row may have none.
    """
    plainly = text(path, nullable=nullable)

    def condition(value: str) -> Q:
        return plainly(value if value == NULL else reader(value) or value)

    return condition


def imei(path: str, *, nullable: bool = True) -> Condition:
    """Return the condition maker of an IMEI: a whole one is compared without what follows its 14 digits."""
    partly = digits(path, imei_text, nullable=nullable)

    def condition(value: str) -> Q:
        number = imei_text(value)
        whole = number.isascii() and number.isdecimal() and WHOLE_IMEI <= len(number) <= WHOLE_IMEI + 2
        return Q(**{f"{path}__startswith": number[:WHOLE_IMEI]}) if whole else partly(value)

    return condition


def satellite_capable(value: str) -> Q:
    """Return the condition for SIMs that can use satellites; none can. Raises ValueError unless the value is a flag."""
    return NOTHING if flag(value) else Q()


def sim_fields(workspace_id: int, operator_id: int | None) -> Mapping[str, Field]:
    """Return what can be asked of the SIMs of a workspace."""
    return {
        **_SIM_FIELDS,
        "customer_org": Field(constant(workspace_id)),
        "issuer_org": Field(constant(operator_id)),
        "reseller_org": Field(constant(operator_id)),
    }


_SIM_FIELDS: Final[Mapping[str, Field]] = {
    "id": Field(number("pk")),
    "iccid": Field(iccid("iccid")),
    "iccid_with_luhn": Field(iccid("iccid", printed=True)),
    "status": Field(number("status")),
    "production_date": Field(moment("production_date")),
    "imsi": Field(digits("imsi", imsi_text)),
    "msisdn": Field(digits("msisdn", msisdn_text, nullable=False)),
    "endpoint": Field(number("device_id", nullable=True)),
    "model": Field(number("batch__model_id")),
    "eid": Field(digits("eid", eid_text, nullable=False)),
    "satellite_capable": Field(satellite_capable),
}

SIM_SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "issuer_org": "",
    "reseller_org": "",
    "customer_org": "",
    "iccid": "iccid",
    "eid": "eid",
    "status": "status",
    "production_date": "production_date",
    "endpoint": "device_id",
    "model": "batch__model_id",
}


def _sim_status(value: str) -> Q:
    if value == NULL:
        return Q(sim__isnull=True)
    return number("sim__status")(value)


ENDPOINT_FIELDS: Final[Mapping[str, Field]] = {
    "id": Field(number("pk")),
    "status": Field(number("status")),
    "last_updated": Field(moment("last_updated")),
    "created": Field(moment("created")),
    "name": Field(text("name", nullable=False)),
    "tags": Field(text("tags", nullable=False)),
    "ip_address": Field(address("ip_address")),
    "imei": Field(imei("imei", nullable=False)),
    "sim_status": Field(_sim_status),
}

ENDPOINT_SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "status": "status",
    "last_updated": "last_updated",
    "created": "created",
    "name": "name",
    "tags": "tags",
    "ip_address": "ip_address",
    "imei": "imei",
}
