"""Questions of the device and policy pages. Nothing here changes anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet

from kit.filter_values import Values
from sims.devices.connections import Connections
from sims.identifiers import digits_in, iccid_with_luhn
from sims.models import Device, Sim
from sims.states import SimStatus

ROW_FIELDS = (
    "id",
    "name",
    "status",
    "imei",
    "ip_address",
    "tags",
    "created",
    "last_updated",
    "sim__id",
    "sim__iccid",
    "sim__status",
    "service_policy__name",
    "coverage_policy__name",
    "note",
)
OFFERED_SIMS = 20
"""Free SIMs that a picker lists; who has more searches."""


def device_rows(devices: QuerySet[Device]) -> list[dict[str, Any]]:
    """Return what the list shows of devices, in one query, and how they are connected in more once that is shown.

    `tags` becomes a list of names; `full_iccid` is the ICCID of the SIM with its Luhn digit, "" without a SIM;
    `connections` answers for the ids of all rows.
    """
    rows: list[dict[str, Any]] = list(devices.values(*ROW_FIELDS))
    connections = Connections(row["id"] for row in rows)
    for row in rows:
        row["tags"] = row["tags"].split(",") if row["tags"] else []
        row["full_iccid"] = iccid_with_luhn(row["sim__iccid"]) if row["sim__iccid"] else ""
        row["connections"] = connections
    return rows


def device_of(workspace_id: int, device_id: int) -> Device:
    """Return a device with its SIM and policies, deleted ones too. One query.

    Raises:
        NotFound: no such device, or it belongs to another workspace.
    """
    devices = Device.objects.select_related("sim", "service_policy", "coverage_policy__data_plan", "noted_by")
    return devices.one(workspace_id=workspace_id, pk=device_id)


def sim_of(device: Device) -> Sim | None:
    """Return the SIM of a device that was read with it, or `None`."""
    try:
        return device.sim
    except ObjectDoesNotExist:
        return None


@dataclass(frozen=True, slots=True)
class Offer:
    """One SIM of a picker.

    Args:
        sim: the SIM.
        full_iccid: its ICCID as printed, with the Luhn digit.
    """

    sim: Sim
    full_iccid: str

    @property
    def state_key(self) -> str:
        """Name of the SIM's state for its badge."""
        return SimStatus(self.sim.status).name.lower()


@dataclass(frozen=True, slots=True)
class FreeSims:
    """SIMs a picker offers.

    Args:
        offers: the first of them, the chosen one leading.
        more: whether further ones match.
        search: what was searched for.
        chosen: id of the chosen SIM, 0 for none.
    """

    offers: list[Offer]
    more: bool
    search: str
    chosen: int


def free_sims(workspace_id: int) -> QuerySet[Sim]:
    """Return the SIMs of a workspace that are on no device, newest first."""
    return Sim.objects.of(workspace_id).filter(device=None).exclude(status=SimStatus.DELETED).order_by("-pk")


NUMBERS = ("iccid", "imsi", "msisdn", "eid")
MOST_CANDIDATES = 2_000
"""SIMs that one search looks at more closely; a text that leads to more is no number somebody reads off a card."""


def printed_as(*, partial: Iterable[str], patterns: Iterable[str] = ()) -> re.Pattern[str]:
    """Return what an ICCID as printed, with its Luhn digit, fits when it is asked for in part or by pattern.

    A partial value fits anywhere, so a stored ICCID, which is all but the last digit, is covered too. A pattern may
    mean the stored or the printed form.
    """
    inside = [f".*{re.escape(value)}.*" for value in partial]
    whole = [".*".join(map(re.escape, pattern.split("*"))) + r"\d?" for pattern in patterns]
    ends = [".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns]
    return re.compile("|".join((*inside, *whole, *ends)))


def devices_by_iccid(workspace_id: int, asked: Values) -> list[int] | None:
    """Return the devices whose SIM has an ICCID as asked for in part or by pattern; `None` when they are too many.

    People read the last digits off a card or a page, and the very last one is computed: no column holds it. So the
    database finds what fits without that digit, and the rest is looked at here. One query.

    Args:
        workspace_id: owner.
        asked: partial values and patterns; whole values are left to the caller.
    """
    condition = Q()
    for value in asked.partial:
        condition |= Q(iccid__contains=value[:-1] if len(value) > 3 else value)
    for pattern in asked.patterns:
        condition |= Q(iccid__wildcard=pattern) | Q(iccid__wildcard=pattern[:-1] or pattern)
    if not condition:
        return []
    sims = Sim.objects.of(workspace_id).filter(condition, device__isnull=False).order_by()
    rows = list(sims.values_list("device_id", "iccid")[: MOST_CANDIDATES + 1])
    if len(rows) > MOST_CANDIDATES:
        return None
    fits = printed_as(partial=asked.partial, patterns=asked.patterns)
    return [device_id for device_id, iccid in rows if device_id and fits.fullmatch(iccid_with_luhn(iccid))]


def devices_by_number(workspace_id: int, digits: str) -> list[int] | None:
    """Return the devices whose SIM has a number that contains some digits; `None` when they are too many. One query.

    Args:
        workspace_id: owner.
        digits: four or more.
    """
    found = with_number(Sim.objects.of(workspace_id).filter(device__isnull=False).order_by(), digits)
    rows = list(found[: MOST_CANDIDATES + 1])
    if len(rows) > MOST_CANDIDATES:
        return None
    return [sim.device_id for sim in rows if sim.device_id and has_number(sim, digits)]


def with_number(sims: QuerySet[Sim], digits: str) -> QuerySet[Sim]:
    """Narrow SIMs to those that may have a number with these digits; `has_number` decides.

    A whole ICCID is looked up by its index, so that a scan costs the same in any inventory.
    """
    if len(digits) in (19, 20) and digits.startswith("89"):
        return sims.filter(iccid=digits[:19])
    # The last digit may be the Luhn digit, which is not stored.
    condition = Q(iccid__contains=digits[:-1] if len(digits) > 3 else digits)
    for number in NUMBERS[1:]:
        condition |= Q(**{f"{number}__contains": digits.removeprefix("00") if number == "msisdn" else digits})
    return sims.filter(condition)


def has_number(sim: Sim, digits: str) -> bool:
    """Tell whether a SIM has a number that contains these digits; its ICCID counts as printed."""
    if digits.startswith("00") and digits[2:] in sim.msisdn:
        return True
    return any(digits in number for number in (iccid_with_luhn(sim.iccid), sim.imsi, sim.msisdn, sim.eid))


def found_free(workspace_id: int, search: str, most: int) -> list[Sim]:
    """Return free SIMs with a number that contains what was typed, newest first. One query.

    Args:
        workspace_id: owner.
        search: as typed; separators are ignored, and what is no number leads nowhere.
        most: how many at most.
    """
    free = free_sims(workspace_id)
    if not search.strip():
        return list(free[:most])
    digits = digits_in(search)
    if not digits:
        return []
    candidates = with_number(free, digits)[:MOST_CANDIDATES]
    return [sim for sim in candidates if has_number(sim, digits)][:most]


def offered_sims(workspace_id: int, *, search: str = "", chosen: int = 0) -> FreeSims:
    """Return the free SIMs a picker lists. Two queries at most, whatever the inventory.

    Args:
        workspace_id: owner.
        search: part of an ICCID, IMSI, MSISDN or EID.
        chosen: id of the SIM that is chosen already; it stays in the list if it is free. When none is, the only SIM
            that a search leads to is chosen.
    """
    search = search.strip()[:100]
    rows = found_free(workspace_id, search, OFFERED_SIMS + 1)
    more = len(rows) > OFFERED_SIMS
    rows = rows[:OFFERED_SIMS]
    kept = [sim for sim in rows if sim.pk == chosen] or (
        list(free_sims(workspace_id).filter(pk=chosen)) if chosen else []
    )
    if search and not kept and len(rows) == 1:
        kept = rows
    listed = [*kept, *(sim for sim in rows if sim not in kept)]
    return FreeSims(
        offers=[Offer(sim, iccid_with_luhn(sim.iccid)) for sim in listed],
        more=more,
        search=search,
        chosen=kept[0].pk if kept else 0,
    )


def only_match(workspace_id: int, search: str) -> int | None:
    """Return the id of the one free SIM a text leads to, or `None` when it is none or several.

    So that a scanned ICCID can be sent without picking it from the list.
    """
    found = found_free(workspace_id, search, 2) if search.strip() else []
    return found[0].pk if len(found) == 1 else None
