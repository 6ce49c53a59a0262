"""Names for the devices of the demo's customers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

_DISTRICTS: Final = (
    "Lindenhof",
    "Harbour East",
    "Mill Hill",
    "Old Town",
    "Westend",
    "Riverside",
    "Hochfeld",
    "Airport",
)
_TOWNS: Final = ("Utrecht", "Dordrecht", "Gouda", "Zwolle", "Breda", "Delft")
_ROUTES: Final = ("Milan", "Verona", "Lyon", "Basel", "Munich", "Antwerp", "Trieste")
_STATIONS: Final = ("Dock Road", "Market Square", "University", "Central Station", "Canal Bridge", "City Park")


def _water(rng: random.Random, number: int) -> tuple[str, str]:
    district = rng.choice(_DISTRICTS)
    kind = rng.choices(("Meter", "Pump", "Valve", "Reservoir"), (80, 10, 8, 2))[0]
    tags = [kind.lower(), district.lower().replace(" ", "-")]
    if number <= 60:
        tags.append("pilot")
    return f"{kind} {district} {number:03d}", ",".join(tags)


def _delta(rng: random.Random, number: int) -> tuple[str, str]:
    town = rng.choice(_TOWNS)
    kind = rng.choices(("Gateway", "Level sensor", "Weir"), (5, 4, 1))[0]
    return f"{kind} {town} {number:02d}", f"{kind.split()[0].lower()},{town.lower()}"


def _labs(rng: random.Random, number: int) -> tuple[str, str]:
    return f"Bench {1 + number // 8} slot {1 + number % 8}", rng.choice(("bench,nb-iot", "bench,lte-m", "bench"))


def _cold(rng: random.Random, number: int) -> tuple[str, str]:
    route = rng.choice(_ROUTES)
    kind = rng.choices(("Reefer", "Cold store", "Van"), (6, 1, 3))[0]
    if kind == "Reefer":
        return f"Reefer KCCU {400_000 + number * 37}", f"reefer,{route.lower()}"
    return f"{kind} {route} {number}", f"{kind.lower().replace(' ', '-')},{route.lower()}"


def _bikes(rng: random.Random, number: int) -> tuple[str, str]:
    return f"Bike {1000 + number}", "bike," + rng.choice(_STATIONS).lower().replace(" ", "-")


NAMES: Final[dict[str, Callable[[random.Random, int], tuple[str, str]]]] = {
    "water": _water,
    "delta": _delta,
    "labs": _labs,
    "cold": _cold,
    "bikes": _bikes,
}
"""Workspace key to a function of random source and running number, which returns a device's name and its tags."""
