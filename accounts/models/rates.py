"""The scale of a package's prices: its one schema, for the form, the API, the demo and whoever reads prices."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_STEPS: Final = 50
MOST_SIMS: Final = 100_000_000
MOST_RATE: Final = 1_000_000
DECIMALS: Final = 6
"""Decimals of a price of one SIM a month."""


@dataclass(frozen=True, slots=True)
class RateStep:
    """A step of a package's scale.

    Args:
        scale_start: from how many activated SIMs it counts, 1 for the first.
        rate: price of a SIM a month, in the package's currency.
    """

    scale_start: int
    rate: float


def read_rates(stored: Any) -> list[RateStep]:
    """Return a scale that is stored, or about to be, step by step.

    Raises:
        ValidationError: it is none; the text names the step and says what is wrong with it.
    """
    if not isinstance(stored, list):
        raise ValidationError(_("A scale of prices is a list of steps."), code="no_list")
    if len(stored) > MOST_STEPS:
        raise ValidationError(_("A scale of prices has at most %(n)s steps.") % {"n": MOST_STEPS}, code="too_many")
    steps: list[RateStep] = []
    for place, each in enumerate(stored, start=1):
        step = _step(each)
        if isinstance(step, str):
            raise ValidationError(_("Step %(n)s of the scale: %(why)s") % {"n": place, "why": step}, code="no_step")
        if steps and step.scale_start <= steps[-1].scale_start:
            why = _("it has to start above the step before, which starts at %(start)s SIMs.")
            text = why % {"start": steps[-1].scale_start}
            raise ValidationError(_("Step %(n)s of the scale: %(why)s") % {"n": place, "why": text}, code="order")
        steps.append(step)
    return steps


def known_rates(stored: Any) -> list[RateStep]:
    """Return a stored scale as everybody reads it: up to the first step that is none, should an older one hold such."""
    if not isinstance(stored, list):
        return []
    for count in range(len(stored), 0, -1):
        try:
            return read_rates(stored[:count])
        except ValidationError:
            # A shorter beginning may be a scale.
            continue
    return []


def stored_rates(steps: Iterable[RateStep]) -> list[dict[str, Any]]:
    """Return a scale as it is stored, and as the wire and the events have it."""
    return [{"scale_start": step.scale_start, "rate": step.rate} for step in steps]


def _step(each: Any) -> RateStep | str:
    """Read one step; a text says what is wrong with it."""
    if not isinstance(each, dict) or set(each) != {"scale_start", "rate"}:
        return _("it needs scale_start and rate, and nothing else.")
    start, rate = each["scale_start"], each["rate"]
    # Truth values are numbers to Python.
    if type(start) is not int or not 0 <= start <= MOST_SIMS:
        return _("the number of SIMs is no whole number from 0 to %(most)s.") % {"most": f"{MOST_SIMS:,}"}
    if type(rate) not in (int, float) or not math.isfinite(rate) or not 0 <= rate <= MOST_RATE:
        return _("the price is no number from 0 to %(most)s.") % {"most": f"{MOST_RATE:,}"}
    return RateStep(start, rate)
