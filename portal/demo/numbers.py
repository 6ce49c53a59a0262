"""Numbers of cards and devices: valid, in ranges of the demo's own, each continuing where the database ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Max
from stdnum import luhn

from sims.inventory.services.stock import SimRecord
from sims.models import Sim, SimBatch

BIC_RANGE: Final = "44170417"
ICCID_RANGE: Final = "89883030417"
"""89 telecommunication, 883 03 the global network the ICCIDs of this operator begin with, then a part for the demo."""
IMSI_RANGE: Final = "9014304"
MSISDN_RANGE: Final = "8830304"
EID_RANGE: Final = "8904903200000417"
TYPE_ALLOCATION_CODES: Final = ("35041701", "35041702", "86041703")


class Numbers:
    """Hands out what comes next. Make it inside the transaction that uses it."""

    def __init__(self) -> None:
        self._bic = _last(SimBatch.objects.filter(bic__startswith=BIC_RANGE).aggregate(x=Max("bic"))["x"], 8, 15)
        iccids = Sim.objects.filter(iccid__startswith=ICCID_RANGE)
        self._card = max(
            _last(iccids.aggregate(x=Max("iccid"))["x"], len(ICCID_RANGE), 19),
            _last(Sim.objects.filter(imsi__startswith=IMSI_RANGE).aggregate(x=Max("imsi"))["x"], len(IMSI_RANGE), 15),
        )

    def bic(self) -> str:
        """Return a BIC of 16 digits; the last is a check digit."""
        self._bic += 1
        digits = f"{BIC_RANGE}{self._bic:07d}"
        return digits + luhn.calc_check_digit(digits)

    def records(self, count: int, *, produced: datetime, chip: bool) -> list[SimRecord]:
        """Return cards with numbers in a row.

        Args:
            count: how many.
            produced: when, aware.
            chip: whether they have an EID.
        """
        return [self._record(produced, chip) for _card in range(count)]

    def _record(self, produced: datetime, chip: bool) -> SimRecord:
        self._card += 1
        serial = f"{self._card:08d}"
        return SimRecord(
            iccid=ICCID_RANGE + serial,
            imsi=IMSI_RANGE + serial,
            msisdn=MSISDN_RANGE + serial,
            eid=f"{EID_RANGE}{self._card:016d}" if chip else "",
            production_date=produced,
        )


def _last(value: str | None, start: int, end: int) -> int:
    return int(value[start:end]) if value else 0


def imeis() -> Iterator[str]:
    """Yield IMEIs of 15 digits, the last one the check digit."""
    serial = 0
    while True:
        serial += 1
        code = TYPE_ALLOCATION_CODES[serial % len(TYPE_ALLOCATION_CODES)]
        # Spread over the range: devices bought at different times have no numbers in a row.
        digits = f"{code}{serial * 7_919 % 1_000_000:06d}"
        yield digits + luhn.calc_check_digit(digits)


def addresses(network: int) -> Iterator[str]:
    """Yield private addresses of devices.

    Args:
        network: 0 to 15, one for each workspace.
    """
    serial = 0
    while True:
        serial += 1
        yield f"10.{192 + network}.{serial // 250}.{serial % 250 + 2}"
