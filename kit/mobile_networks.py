"""Mobile networks and countries of the world, from the list that python-stdnum maintains.

Ids are made of published codes, so they are the same everywhere and for ever: a network's is its PLMN (MCC and MNC,
`26201`), a country's the places of its ISO letters in the alphabet (DE: 4 and 5, `405`), since countries share MCCs.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

_KEYS: Final = re.compile(r'(\w+)="([^"]*)"')
_MARKUP: Final = re.compile(r"<[^>]+>")
_UNUSED: Final = frozenset({"Not operational", "Reserved", "Unallocated"})
_TEST_NETWORKS: Final = ("001", "999")
_SEVERAL: Final = re.compile(r"(.+) - ([A-Z]{2})(?:/[A-Z]{2})*")
"""A country that shares its numbers with its territories: `Australia - AU/CC/CX`."""


ZONES: Final[Mapping[int, str]] = MappingProxyType(
    {
        2: "Europe",
        3: "North America and Caribbean",
        4: "Asia and Middle East",
        5: "Australia and Oceania",
        6: "Africa",
        7: "South and Central America",
        9: "International",
    }
)
"""Parts of the world by the first digit of their mobile country codes, as the numbering plan (E.212) has them."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country with mobile networks; "International operators" are listed like one, without an ISO code.

    Args:
        id: made of its ISO code; its lowest MCC where it has none.
        name: in English.
        iso_code: of two lower-case letters, or empty.
        mccs: its mobile country codes, ascending.
    """

    id: int
    name: str
    iso_code: str
    mccs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A mobile network.

    Args:
        id: MCC and MNC as one number.
        name: its brand, else its operator.
        country: where it is.
        mcc, mnc: as text; an MNC has two or three digits.
    """

    id: int
    name: str
    country: Country
    mcc: str
    mnc: str


@dataclass(slots=True)
class _Row:
    mcc: str
    mnc: str
    name: str
    country: str
    iso_code: str


@dataclass(frozen=True)
class _Tables:
    networks: Mapping[int, Network] = field(default_factory=dict)
    countries: Mapping[int, Country] = field(default_factory=dict)


def networks() -> Mapping[int, Network]:
    """Return all networks by id, in the order of ids."""
    return _read().networks


def countries() -> Mapping[int, Country]:
    """Return all countries by id, in the order of ids."""
    return _read().countries


@functools.cache
def country_of(iso_code: str) -> Country | None:
    """Return a country by its ISO 3166 code in any case, `None` for one without networks."""
    wanted = iso_code.lower()
    return next((country for country in countries().values() if wanted and country.iso_code == wanted), None)


def network_name(network_id: int) -> str:
    """Return the name of a network, also of one that has left the list since somebody blocked it."""
    network = networks().get(network_id)
    return network.name if network else f"Network {network_id}"


def zone_of(network_id: int) -> int:
    """Return the part of the world of a network: the first digit of its mobile country code, which is never 0."""
    return int(str(network_id)[0])


def network_of_record(operator: Any) -> int | None:
    """Return the network that a usage record names, `None` when it names none that is known.

    Senders have ids of their own for networks, so the codes count first: `country.mcc` (the first, where there are
    several) and `mnc`. Without them an id that is a network's here is taken as that.

    Args:
        operator: the record's object, whatever was sent.
    """
    if not isinstance(operator, dict):
        return None
    country, mnc = operator.get("country"), operator.get("mnc")
    mcc = country.get("mcc") if isinstance(country, dict) else None
    if isinstance(mcc, str) and isinstance(mnc, str):
        return _network_of_codes(mcc[:100], mnc[:10])
    found = operator.get("id")
    return found if isinstance(found, int) and not isinstance(found, bool) and _known(found) else None


@functools.lru_cache(maxsize=4096)
def _network_of_codes(mcc: str, mnc: str) -> int | None:
    codes = [first.strip() + mnc.strip() for first in mcc.split(",")]
    return next((int(code) for code in codes if code.isascii() and code.isdigit() and _known(int(code))), None)


def _known(network_id: int) -> bool:
    return network_id in _read().networks


@functools.cache
def _read() -> _Tables:
    """Read the list once."""
    text = importlib.resources.files("stdnum").joinpath("imsi.dat").read_text(encoding="utf-8")
    rows = list(_rows(text))
    grouped: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        grouped.setdefault((row.iso_code, row.country if not row.iso_code else ""), set()).add(row.mcc)
    names = {row.iso_code: row.country for row in reversed(rows) if row.iso_code}
    made: dict[tuple[str, str], Country] = {}
    for (iso_code, name), mccs in grouped.items():
        ordered = tuple(sorted(mccs))
        number = _number_of(iso_code) if iso_code else int(ordered[0])
        made[iso_code, name] = Country(number, names.get(iso_code, name), iso_code, ordered)
    found: dict[int, Network] = {}
    for row in rows:
        country = made[row.iso_code, "" if row.iso_code else row.country]
        network = Network(int(row.mcc + row.mnc), row.name, country, row.mcc, row.mnc)
        found[network.id] = network
    by_id = {country.id: country for country in made.values()}
    return _Tables(
        MappingProxyType(dict(sorted(found.items()))),
        MappingProxyType(dict(sorted(by_id.items()))),
    )


def _number_of(iso_code: str) -> int:
    """Return the places of two lower-case letters in the alphabet, two digits each."""
    first, second = (ord(letter) - ord("a") + 1 for letter in iso_code)
    return first * 100 + second


def _rows(text: str) -> Iterator[_Row]:
    """Read the format of stdnum's tables: prefixes at the margin, what follows them indented, then key="value"."""
    mcc = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            mcc = line.split()[0]
            continue
        mnc = line.split()[0]
        values = {key: _MARKUP.sub("", value).strip() for key, value in _KEYS.findall(line)}
        name = values.get("brand") or values.get("operator") or ""
        country = values.get("country", "")
        if not mnc.isdigit() or mcc in _TEST_NETWORKS or not name or not country:
            continue
        if values.get("status") in _UNUSED:
            continue
        iso_code = values.get("cc", "")
        if not iso_code and (several := _SEVERAL.fullmatch(country)):
            country, iso_code = several[1], several[2].lower()
        yield _Row(mcc, mnc, name, country, iso_code)
