"""Who and what there is in the demo: the operator, its catalogue, the customers and the people.

All of it is made up. Addresses lie in documentation domains (RFC 2606) and documentation networks (RFC 5737, 3849).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from accounts.models import DataPlan
from accounts.permissions import Role
from sims.models import SimModel

SUPERADMIN, ADMINISTRATOR, USER, OBSERVER = Role.SUPERADMIN, Role.ADMINISTRATOR, Role.USER, Role.OBSERVER

OPERATOR_NAME: Final = "Fernwave Mobile"
OPERATOR_COUNTRY: Final = "SE"

_RATES: Final = [
    {"scale_start": 1, "rate": 0.8},
    {"scale_start": 500, "rate": 0.65},
    {"scale_start": 5000, "rate": 0.5},
]
PACKAGES: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "name": "Trial EUR",
        "description": "60 days with prepaid credit.",
        "evaluation": True,
        "trial_days": 60,
        "prepaid_credit_cents": 10_000,
        "max_data_plans": 1,
        "max_users": 10,
    },
    {
        "name": "Starter EUR",
        "description": "The basic package.",
        "monthly_rate_cents": 2_900,
        "sim_rates": _RATES,
        "max_data_plans": 2,
        "max_active_sims": 1_000,
        "max_users": 15,
    },
    {
        "name": "Plus EUR",
        "description": "Factory test and up to four data plans.",
        "monthly_rate_cents": 19_900,
        "sim_rates": _RATES,
        "factory_test_allowed": True,
        "max_data_plans": 4,
    },
    {
        "name": "Pro EUR",
        "description": "Factory test, linked workspaces and up to six data plans.",
        "monthly_rate_cents": 49_900,
        "sim_rates": _RATES,
        "factory_test_allowed": True,
        "workspaces_allowed": True,
        "max_workspaces": 3,
        "max_data_plans": 6,
    },
    {
        "name": "Enterprise EUR",
        "description": "By agreement.",
        "monthly_rate_cents": 149_000,
        "sim_rates": _RATES,
        "workspaces_allowed": True,
        "max_workspaces": 25,
        "max_data_plans": 12,
    },
)

DATA_PLANS: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "name": "Regional Pro",
        "description": "Europe, pooled.",
        "included_mb": 100,
        "monthly_rate": Decimal("0.30"),
        "excess_rate": Decimal("0.01"),
    },
    {
        "name": "Global Basic",
        "description": "120 countries, pooled.",
        "included_mb": 20,
        "monthly_rate": Decimal("0.40"),
        "excess_rate": Decimal("0.05"),
    },
    {
        "name": "Global Extended",
        "description": "180 countries, each SIM its own volume.",
        "category": DataPlan.Category.FIXED,
        "included_mb": 50,
        "monthly_rate": Decimal("0.90"),
        "excess_rate": Decimal("0.05"),
    },
    {
        "name": "Pay per use",
        "description": "By the megabyte.",
        "category": DataPlan.Category.PAY_PER_USE,
        "excess_rate": Decimal("0.08"),
    },
)

SIM_MODELS: Final[Mapping[str, Mapping[str, Any]]] = {
    "card": {
        "description": "Industrial triple cut",
        "form_factor": SimModel.FormFactor.TRIPLE_CUT,
        "manufacturer": "Cardhouse",
        "memory_size": 256,
    },
    "nano": {
        "description": "Standard nano",
        "form_factor": SimModel.FormFactor.NANO,
        "manufacturer": "Cardhouse",
        "memory_size": 128,
    },
    "chip": {
        "description": "Solderable chip eUICC",
        "form_factor": SimModel.FormFactor.CHIP,
        "manufacturer": "Siliform",
        "memory_size": 512,
    },
}

_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
WINDOWS_CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
WINDOWS_EDGE: Final = WINDOWS_CHROME + " Edg/141.0.0.0"
MAC_SAFARI: Final = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/605.1.15"
LINUX_FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
PHONE: Final = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Mobile/15E148 Safari/604.1"
SCRIPT: Final = "python-requests/2.32.5"


@dataclass(frozen=True, slots=True)
class CastMember:
    """Somebody with an account.

    Args:
        name: full name.
        email: address they sign in with.
        browser: what their requests say of themselves.
        ip: where they work.
        roles: workspace key to role, the default workspace first; empty for staff.
        has_password: whether the demo gives one and prints it.
        staff_role: what staff who are no superusers may do.
    """

    name: str
    email: str
    browser: str
    ip: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    has_password: bool = True
    staff_role: str = ""


STAFF: Final[Mapping[str, CastMember]] = {
    "alma": CastMember("Alma Lindqvist", "alma.lindqvist@fernwave.example.net", LINUX_FIREFOX, "192.0.2.11"),
    "tobias": CastMember(
        "Tobias Okafor", "tobias.okafor@fernwave.example.net", WINDOWS_CHROME, "192.0.2.12", staff_role="support"
    ),
}
"""The first is a superuser and does what the role of the second does not allow: batches and the shop."""

PEOPLE: Final[Mapping[str, CastMember]] = {
    "ingrid": CastMember(
        "Ingrid Solberg", "ingrid.solberg@brightwater.example.com", MAC_SAFARI, "198.51.100.10", {"water": SUPERADMIN}
    ),
    "marco": CastMember(
        "Marco Bianchi",
        "marco.bianchi@brightwater.example.com",
        WINDOWS_EDGE,
        "198.51.100.11",
        {"water": ADMINISTRATOR, "delta": OBSERVER},
    ),
    "priya": CastMember(
        "Priya Raman",
        "priya.raman@brightwater.example.com",
        LINUX_FIREFOX,
        "198.51.100.12",
        {"water": USER, "labs": ADMINISTRATOR},
    ),
    "jonas": CastMember(
        "Jonas Weber",
        "jonas.weber@brightwater.example.com",
        WINDOWS_CHROME,
        "198.51.100.13",
        {"water": OBSERVER, "labs": OBSERVER},
    ),
    "sanne": CastMember(
        "Sanne de Wit", "sanne.dewit@delta.example.com", WINDOWS_CHROME, "198.51.100.40", {"delta": ADMINISTRATOR}
    ),
    "daan": CastMember(
        "Daan Visser", "daan.visser@delta.example.com", WINDOWS_EDGE, "198.51.100.41", {"delta": USER, "labs": USER}
    ),
    "hugo": CastMember(
        "Hugo Marchetti", "hugo.marchetti@kestrel.example.org", MAC_SAFARI, "203.0.113.20", {"cold": SUPERADMIN}
    ),
    "amara": CastMember(
        "Amara Diallo", "amara.diallo@kestrel.example.org", WINDOWS_CHROME, "203.0.113.21", {"cold": ADMINISTRATOR}
    ),
    "ben": CastMember("Ben Carter", "ben.carter@kestrel.example.org", LINUX_FIREFOX, "203.0.113.22", {"cold": USER}),
    "noah": CastMember(
        "Noah Keller",
        "noah.keller@advisory.example.org",
        MAC_SAFARI,
        "2001:db8:40::7",
        {"delta": OBSERVER, "cold": OBSERVER},
    ),
    "farah": CastMember(
        "Farah Haddad", "farah.haddad@quarrylane.example.net", MAC_SAFARI, "203.0.113.90", {"bikes": SUPERADMIN}
    ),
    "oskar": CastMember(
        "Oskar Nowak", "oskar.nowak@quarrylane.example.net", LINUX_FIREFOX, "203.0.113.91", {"bikes": ADMINISTRATOR}
    ),
    "mei": CastMember("Mei Tanaka", "mei.tanaka@quarrylane.example.net", WINDOWS_EDGE, "203.0.113.92", {"bikes": USER}),
    "liam": CastMember("Liam Byrne", "liam.byrne@quarrylane.example.net", PHONE, "203.0.113.93", {"bikes": OBSERVER}),
    # Two who are no longer there; they have no password, so nobody signs in as them.
    "victor": CastMember(
        "Victor Hale",
        "victor.hale@brightwater.example.com",
        WINDOWS_CHROME,
        "198.51.100.14",
        {"water": USER},
        has_password=False,
    ),
    "petra": CastMember(
        "Petra Novak",
        "petra.novak@kestrel.example.org",
        WINDOWS_EDGE,
        "203.0.113.23",
        {"cold": USER},
        has_password=False,
    ),
}


GUESTS: Final[Mapping[str, CastMember]] = {
    "nils": CastMember(
        "Nils Aalto", "nils.aalto@heathmill.example.org", MAC_SAFARI, "203.0.113.150", has_password=False
    ),
    "lena": CastMember(
        "Lena Brandt", "lena.brandt@brightwater.example.com", WINDOWS_CHROME, "198.51.100.15", has_password=False
    ),
    "omar": CastMember(
        "Omar Said", "omar.said@brightwater.example.com", WINDOWS_EDGE, "198.51.100.16", has_password=False
    ),
    "yusuf": CastMember("Yusuf Kaya", "yusuf.kaya@kestrel.example.org", PHONE, "203.0.113.24", has_password=False),
    "greta": CastMember("Greta Lund", "greta.lund@kestrel.example.org", PHONE, "203.0.113.25", has_password=False),
}
"""People who come by mail: they sign up or are invited. Nobody signs in as one of them."""

EVERYBODY: Final[Mapping[str, CastMember]] = {**PEOPLE, **GUESTS}


@dataclass(frozen=True, slots=True)
class Customer:
    """A workspace.

    Args:
        name: what people call it.
        country: ISO 3166 code.
        package: the one it starts with.
        plans: data plans it starts with.
        day: day of the past on which it is made; Monday of the first week is 0.
        program, program_ip: what the application token in use is called, and where it runs.
        agent: what that program says of itself.
        main: key of the main organisation, empty for one of its own.
    """

    name: str
    country: str
    package: str
    plans: tuple[str, ...]
    day: int
    program: str
    program_ip: str
    agent: str
    main: str = ""


CUSTOMERS: Final[Mapping[str, Customer]] = {
    "water": Customer(
        "Brightwater Utilities",
        "DE",
        "Pro EUR",
        ("Regional Pro", "Global Basic"),
        0,
        "Meter head-end",
        "192.0.2.101",
        "HeadEnd/7.3 (Java/21.0.8)",
    ),
    "delta": Customer(
        "Brightwater Delta",
        "NL",
        "Plus EUR",
        ("Regional Pro",),
        0,
        "Field service",
        "192.0.2.102",
        "field-service/2.9 okhttp/4.12.0",
        main="water",
    ),
    "labs": Customer(
        "Brightwater Labs",
        "DE",
        "Trial EUR",
        ("Regional Pro",),
        0,
        "Test bench",
        "192.0.2.103",
        SCRIPT,
        main="water",
    ),
    "cold": Customer(
        "Kestrel Cold Chain",
        "IT",
        "Enterprise EUR",
        ("Global Basic", "Global Extended"),
        0,
        "Fleet tracker",
        "192.0.2.120",
        "fleet-tracker/5.1 (Go-http-client/2.0)",
    ),
    "bikes": Customer(
        "Quarry Lane Bikes",
        "IE",
        "Starter EUR",
        ("Regional Pro",),
        1,
        "Rental backend",
        "192.0.2.140",
        "rental-backend/1.4 axios/1.12.2",
    ),
}
"""In the order of their ids. The first has factory test; the last is a stranger and shares no user with the others."""
