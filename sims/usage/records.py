"""Reading usage records in the form in which emnify's Data Streamer posts them, exactly.

Volumes are read as decimals, never as binary fractions: a limit is reached to the byte or it is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson
from django.utils.translation import gettext as _

from accounts.models.packages import CURRENCY_IDS
from kit.api.parsing import Ambiguous
from kit.clock import parse_moment
from kit.mobile_networks import network_of_record
from sims.identifiers import iccid_text, iccid_with_luhn
from sims.models.usage import TrafficType

BYTES_PER_MB: Final = 1_000_000
"""The records' megabytes are decimal (`docs/rules.md` section 2)."""
LARGEST: Final = 10**15
"""Bytes or messages of one record: far more than any network carries, and sums of it still fit 64 bits."""
MICRO: Final = 1_000_000
"""Costs are kept in millionths of their currency."""
"""The currencies of the published price lists by the wire's ids."""
_LARGEST_COST: Final = 8
"""Digits after the first of a cost: more than any record's, and sums of it still fit 64 bits."""
LONGEST_ID: Final = 100
MOST_DIGITS: Final = 4_000
"""Digits before and behind the point of a number that is kept: databases store so many, and Python reads them back."""
FUTURE: Final = timedelta(days=1)
"""How far a record may end after now: clocks differ, but a date in next year is a mistake."""
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""What is older is no usage, but a clock that was never set."""
_ICCID: Final = re.compile(r"89[0-9]{17,18}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_LONGEST_ID: Final = 18
"""Digits after the first of a whole number that may be an id."""


class BadRecord(ValueError):
    """A record that cannot be counted; the text names the field and the remedy."""


class UsageReading(NamedTuple):
    """A record, read.

    Args:
        record_id: its id as text.
        iccid: 19 digits, `None` where the record has none.
        sim_id: the id of the SIM, used only where there is no ICCID.
        traffic_type: 5 data, 6 SMS.
        total, rx, tx: bytes, or messages.
        started, ended: in UTC.
        day: on which it ended, in UTC.
        payload: the record as JSON.
        network: the mobile network it was used on, as `kit.mobile_networks` numbers it; `None` if not known.
        cost: in millionths of the currency; `None` where the record states none, or in no currency known here.
        currency: 1 EUR, 2 USD, of the cost.
    """

    record_id: str
    iccid: str | None
    sim_id: int | None
    traffic_type: int
    total: int
    rx: int
    tx: int
    started: datetime
    ended: datetime
    day: date
    payload: str
    network: int | None
    cost: int | None = None
    currency: int | None = None


def read(record: Any, now: datetime) -> UsageReading:
    """Read one record.

    Args:
        record: as parsed by `kit.api.parsing.exact_json`; keys that mean nothing here are kept in the payload.
        now: the moment of reception, aware.

    Raises:
        BadRecord: it cannot be counted.
    """
    if not isinstance(record, dict):
        raise BadRecord(_("The record is no object. Send each record as an object."))
    if isinstance(record, Ambiguous):
        raise BadRecord(_("A key stands twice in the record, so nobody can know what is meant. Send each key once."))
    traffic_type = _traffic_type(record)
    total, rx, tx = _volumes(record.get("volume"), traffic_type)
    ended = moment_of(record, "end_timestamp")
    started = ended if record.get("start_timestamp") is None else moment_of(record, "start_timestamp")
    if started > ended:
        raise BadRecord(_("start_timestamp is after end_timestamp. Swap or correct them."))
    if ended < EARLIEST:
        raise BadRecord(_("end_timestamp lies before the year 2000. Check the sender's clock."))
    if ended > now + FUTURE:
        raise BadRecord(_("end_timestamp lies more than a day ahead. Check the sender's clock."))
    iccid, sim_id = sim_of(record.get("sim"))
    return UsageReading(
        record_id_of(record),
        iccid,
        sim_id,
        traffic_type,
        total,
        rx,
        tx,
        started,
        ended,
        ended.date(),
        payload_of(record),
        network_of_record(record.get("operator")),
        *_cost(record),
    )


def record_id_of(record: Mapping[str, Any]) -> str:
    """Return the id of a record as text. Raises BadRecord."""
    found = record.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if isinstance(found, str) and found.strip() and len(found) <= LONGEST_ID and found.isprintable():
        return found.strip()
    raise BadRecord(_("id is missing or malformed. Send a number, or a text of at most 100 characters."))


def _traffic_type(record: Mapping[str, Any]) -> int:
    value = record.get("traffic_type")
    found = _integer(value.get("id") if isinstance(value, dict) else value)
    if found not in (TrafficType.DATA, TrafficType.SMS):
        raise BadRecord(_("traffic_type.id is neither 5 (data) nor 6 (SMS). Only these are counted."))
    return found


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    # An exponent of a thousand digits would be worked out in full.
    small = isinstance(value, Decimal) and value.is_finite() and value.adjusted() <= _LONGEST_ID
    return int(value) if small and value == value.to_integral_value() else None


def _volumes(volume: Any, traffic_type: int) -> tuple[int, int, int]:
    """Return total, rx and tx in bytes or messages; what is not sent follows from the rest."""
    if not isinstance(volume, dict):
        raise BadRecord(_("volume is missing. Send an object with total, rx and tx."))
    rx, tx = _volume(volume, "rx", traffic_type), _volume(volume, "tx", traffic_type)
    total = _volume(volume, "total", traffic_type)
    if total is None:
        if rx is None or tx is None:
            raise BadRecord(_("volume.total is missing. Send it, or both rx and tx."))
        total = rx + tx
    return total, rx or 0, tx or 0


def _volume(volume: Mapping[str, Any], key: str, traffic_type: int) -> int | None:
    value = volume.get(key)
    if value is None:
        return None
    if type(value) is int:
        amount = value * BYTES_PER_MB if traffic_type == TrafficType.DATA else value
    else:
        amount = _exact(value, key, traffic_type)
    if not 0 <= amount <= LARGEST:
        raise BadRecord(_("volume.%(key)s is negative or too large. Send what was used.") % {"key": key})
    return amount


def _exact(value: Any, key: str, traffic_type: int) -> int:
    try:
        if isinstance(value, float):
            value = Decimal(repr(value))
        elif isinstance(value, str):
            value = Decimal(value)
        elif not isinstance(value, Decimal):
            raise InvalidOperation
        # An exponent of a thousand digits would be worked out in full.
        if not value.is_finite() or abs(value.adjusted()) > 30:
            if value.is_finite() and value.adjusted() < 0:
                return 0
            raise InvalidOperation
    except InvalidOperation as error:
        raise BadRecord(_("volume.%(key)s is no number. Send MB for data, messages for SMS.") % {"key": key}) from error
    if traffic_type == TrafficType.DATA:
        size: int = round(value * BYTES_PER_MB)
        return size
    if value != value.to_integral_value():
        raise BadRecord(_("volume.%(key)s is no whole number of messages.") % {"key": key})
    return int(value)


def _cost(record: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return cost and currency. Usage counts whatever it costs: what can't be read stays in the payload alone."""
    value, currency = record.get("cost"), _currency(record.get("currency"))
    if currency is None or isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None, None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None, None
    if not amount.is_finite() or amount.adjusted() > _LARGEST_COST:
        return None, None
    # An exponent of a thousand digits would be worked out in full.
    return (round(amount * MICRO) if amount.adjusted() > -_LARGEST_COST else 0), currency


def _currency(sent: Any) -> int | None:
    if not isinstance(sent, dict):
        return None
    code = sent.get("code")
    if isinstance(code, str):
        return CURRENCY_IDS.get(code)
    number = _integer(sent.get("id"))
    return number if number in CURRENCY_IDS.values() else None


def moment_of(record: Mapping[str, Any], key: str) -> datetime:
    """Return a moment of a record, aware. Raises BadRecord."""
    value = record.get(key)
    try:
        if not isinstance(value, str):
            raise TypeError
        return parse_moment(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord(
            _("%(key)s is missing or no time. Send it like 2026-11-21T08:15:00Z.") % {"key": key}
        ) from error


def sim_of(sim: Any) -> tuple[str | None, int | None]:
    """Return ICCID or id: by id only when no ICCID is sent. Raises BadRecord."""
    if not isinstance(sim, dict):
        raise BadRecord(_("sim is missing. Send an object with iccid or id."))
    iccid = sim.get("iccid")
    if iccid is None or iccid == "":
        sim_id = _integer(sim.get("id"))
        if sim_id is None or not 0 < sim_id < 2**63:
            raise BadRecord(_("sim has neither iccid nor id. Send one of them."))
        return None, sim_id
    digits = iccid_text(str(iccid)) if isinstance(iccid, str | int) else ""
    if not _ICCID.fullmatch(digits):
        raise BadRecord(_("sim.iccid is no ICCID. Send its 19 or 20 digits."))
    if len(digits) == 20 and iccid_with_luhn(digits[:19]) != digits:
        raise BadRecord(_("The check digit of sim.iccid is wrong. Compare the number with the card."))
    return digits[:19], None


def payload_of(record: Mapping[str, Any]) -> str:
    """Return a record as JSON that databases can store. Raises BadRecord."""
    try:
        text = orjson.dumps(record, default=_decimal).decode()
    except (TypeError, ValueError) as error:
        raise BadRecord(_("The record holds a value that cannot be stored. Leave it out.")) from error
    if "\\u0000" in text:
        raise BadRecord(_("The record holds a null character. Leave it out."))
    return text


def _decimal(value: Any) -> Any:
    """Write a decimal as the digits it came with, unless they are more than a database stores or can be read back."""
    if isinstance(value, Decimal) and value.is_finite():
        exponent = value.as_tuple().exponent
        if value.adjusted() <= MOST_DIGITS and isinstance(exponent, int) and exponent >= -MOST_DIGITS:
            return orjson.Fragment(str(value))
    raise TypeError
