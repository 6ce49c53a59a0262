"""SIMs by any part of their numbers: how the numbers are kept, and how they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from sims.identifiers import digits_in, iccid_with_luhn, normalise_iccid
from sims.models import Sim, SimNumbers

SHORTEST_PART: Final = 3
"""Digits of a part: the index of PostgreSQL knows groups of three."""
SHORTEST_WHOLE: Final = 14
"""Digits from which a number may be a whole IMSI or ICCID, which have indexes of their own."""


def note_numbers(sims: Iterable[Sim]) -> None:
    """Keep the numbers of new SIMs; a query for each thousand."""
    SimNumbers.objects.bulk_create(
        (
            SimNumbers(sim_id=sim.pk, text=" ".join((iccid_with_luhn(sim.iccid), sim.imsi, sim.msisdn, sim.eid)))
            for sim in sims
        ),
        batch_size=1_000,
    )


def with_number(text: str) -> Q | None:
    """Return the condition for SIMs one of whose numbers holds these digits; `None` where they are no digits.

    Fewer than three digits are taken for the id of a SIM.

    Args:
        text: as typed, with or without separators.
    """
    digits = digits_in(text)
    if not digits:
        return None
    if len(digits) < SHORTEST_PART:
        return Q(pk=int(digits))
    return Q(pk__in=SimNumbers.objects.filter(text__contains=digits).values("sim_id"))


def with_whole_number(text: str) -> Q | None:
    """Return the condition for the SIM that has this ICCID, IMSI, MSISDN or EID; `None` for what can't be one."""
    digits = digits_in(text)
    if not SHORTEST_WHOLE <= len(digits) <= 32:
        return None
    wanted = Q(imsi=digits) | Q(msisdn=digits) | Q(eid=digits)
    if digits.startswith("89") and len(digits) in (19, 20) and iccid_with_luhn(digits[:19]).startswith(digits):
        wanted |= Q(iccid=normalise_iccid(digits))
    return wanted
