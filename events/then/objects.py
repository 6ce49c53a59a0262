"""How a SIM or a device was at a moment, from its own events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from events.replay.one_object import replay_of_one
from events.replay.reading import Span, object_rows
from events.replay.states import Known, Row
from events.search import MAX_ID
from events.selectors import log_of
from events.then.facts import Fact, fact, yes_no
from events.then.moment import Then, stamp
from kit.errors import NotFound
from kit.rendering import state_badge
from sims.identifiers import as_printed
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.states import DeviceStatus, SimStatus

STEPS: Final = {
    "sim": (8, 9, 10, 45, 48, 50, 51, 69, 10107),
    "device": (42, 43, 50, 51, 10002, 10003, 10004, 10011),
}
"""Types of events that change what these pages show, by kind of object."""
_ARRIVALS: Final = (48, 69, 10001, 10002)
_POLICY_TYPES: Final = {"service": (10005, 10006), "coverage": (10008, 10009)}


@dataclass(frozen=True)
class Past:
    """An object as it was.

    Args:
        name: how it was called.
        mono: whether the name is an identifier.
        badge: its state.
        facts: what it was.
        absent: why there is nothing to show, "" when there is.
        absent_url: the event that tells why.
        before: moment of the change before, as an address carries it; "" when there is none.
        after: moment of the next change.
    """

    name: str
    mono: bool = False
    badge: str = ""
    facts: list[Fact] = field(default_factory=list)
    absent: str = ""
    absent_url: str = ""
    before: str = ""
    after: str = ""


def sim_past(workspace_id: int, sim_id: int, then: Then) -> Past:
    """Return how a SIM was in a workspace. What it was in another one is that one's business.

    Raises:
        NotFound: the workspace has no such SIM, and its log tells of none.
    """
    if sim_id > MAX_ID:
        raise _no_sim()
    state = replay_of_one("sim", workspace_id, sim_id, until=then.until).sims.get(sim_id)
    here = Sim.objects.of(workspace_id).filter(pk=sim_id).values_list("iccid", "imsi").first()
    first = _first("sim", workspace_id, sim_id) if state is None else None
    if state is None and first is None and here is None:
        raise _no_sim()
    iccid, imsi = here or _numbers(workspace_id, sim_id)
    name = as_printed(iccid) or _("SIM %(id)s") % {"id": sim_id}
    # A batch has one event for all its SIMs, which is not among those of this one.
    arrived = state.workspace.moment if state is not None else None
    before, after = _around("sim", workspace_id, sim_id, then, arrived)
    past = Past(name, mono=bool(iccid), before=before, after=after)
    if state is None:
        return _absent(past, workspace_id, first, _("It was not in this workspace then."))
    if state.workspace.told and state.workspace.value != workspace_id:
        url = reverse("events:detail", args=[workspace_id, state.workspace.event_id])
        return replace(past, absent=_("It was not in this workspace any more."), absent_url=url)
    device = state.device.value
    facts = [
        fact(workspace_id, _("State"), state.status, sim_badge),
        fact(
            workspace_id,
            _("Device"),
            state.device,
            lambda pk: _device_name(workspace_id, pk, then),
            url=_then_url("device", workspace_id, device, then) if device else "",
        ),
        *([fact(workspace_id, _("Note"), state.note)] if state.note.value else []),
        fact(workspace_id, _("In this workspace"), state.workspace, lambda _pk: _("yes")),
        Fact(_("SIM ID"), str(sim_id)),
    ]
    if imsi:
        facts.append(Fact("IMSI", imsi, mono=True))
    badge = sim_badge(state.status.value) if state.status.told else ""
    return replace(past, badge=badge, facts=facts)


def device_past(workspace_id: int, device_id: int, then: Then) -> Past:
    """Return how a device was.

    Raises:
        NotFound: the workspace never had such a device.
    """
    if device_id > MAX_ID:
        raise _no_device()
    state = replay_of_one("device", workspace_id, device_id, until=then.until).devices.get(device_id)
    here = Device.objects.of(workspace_id).filter(pk=device_id).values_list("name", flat=True).first()
    first = _first("device", workspace_id, device_id) if state is None else None
    if state is None and first is None and here is None:
        raise _no_device()
    before, after = _around("device", workspace_id, device_id, then)
    past = Past(here or _("Device %(id)s") % {"id": device_id}, before=before, after=after)
    if state is None:
        return _absent(past, workspace_id, first, _("It did not exist then."))
    sim = state.sim.value
    facts = [
        fact(workspace_id, _("Name"), state.name),
        fact(workspace_id, _("State"), state.status, device_badge),
        fact(
            workspace_id,
            _("SIM"),
            state.sim,
            lambda pk: as_printed(_numbers(workspace_id, pk)[0]) or _("SIM %(id)s") % {"id": pk},
            url=_then_url("sim", workspace_id, sim, then) if sim else "",
            mono=True,
        ),
        fact(workspace_id, _("Tags"), state.tags, lambda tags: tags.replace(",", ", ")),
        fact(workspace_id, _("Service policy"), state.service_policy, _policy("service", workspace_id, then)),
        fact(workspace_id, _("Coverage policy"), state.coverage_policy, _policy("coverage", workspace_id, then)),
        fact(workspace_id, "IMEI", state.imei, mono=True),
        fact(workspace_id, _("IMEI lock"), state.imei_lock, yes_no),
        fact(workspace_id, _("IP address"), state.ip_address, mono=True),
        *([fact(workspace_id, _("Note"), state.note)] if state.note.value else []),
        _created(workspace_id, state.created),
        Fact(_("Device ID"), str(device_id)),
    ]
    badge = device_badge(state.status.value) if state.status.told else ""
    return replace(past, name=state.name.value if state.name.told else past.name, badge=badge, facts=facts)


def _created(workspace_id: int, known: Known) -> Fact:
    """Return when something was created: the moment is the value."""
    found = fact(workspace_id, _("Created"), known)
    if found.moment is None:
        return found
    return replace(found, value=localtime(found.moment).strftime("%Y-%m-%d %H:%M:%S %Z"), moment=None)


def sim_badge(status: int) -> Any:
    """Return the badge of a SIM's state."""
    return _badge(SimStatus, status)


def device_badge(status: int) -> Any:
    """Return the badge of a device's state."""
    return _badge(DeviceStatus, status)


def _badge(states: type[SimStatus] | type[DeviceStatus], status: int) -> Any:
    if status not in states.values:
        return str(status)
    state = states(status)
    return state_badge(state.name.lower(), str(state.label))


def _no_sim() -> NotFound:
    return NotFound(_("There is no SIM of this ID in this workspace, nor in its log."))


def _no_device() -> NotFound:
    return NotFound(_("There is no device of this ID in this workspace, nor in its log."))


def _first(kind: str, workspace_id: int, pk: int) -> Row | None:
    """Return the first event of the log that tells of an object."""
    for _id, rows in object_rows(kind, workspace_id, Span(pk, pk)):
        return next(rows, None)
    return None


def _absent(past: Past, workspace_id: int, first: Row | None, text: str) -> Past:
    """Say why nothing is told of an object up to a moment: it came later, or nothing had happened."""
    if first is None or first.type not in _ARRIVALS:
        return replace(past, absent=_("Up to then the log tells nothing of it."))
    own = first.workspace_id == workspace_id
    url = reverse("events:detail", args=[workspace_id, first.id]) if own else ""
    return replace(past, absent=text, absent_url=url)


def _then_url(kind: str, workspace_id: int, pk: int, then: Then) -> str:
    url = reverse(f"events:{kind}_then", args=[workspace_id, pk])
    return f"{url}?at={stamp(then.moment)}" if then.asked else url


def _numbers(workspace_id: int, sim_id: int) -> tuple[str, str]:
    """Return ICCID and IMSI of a SIM as the log of a workspace names it; they never change."""
    rows = log_of(workspace_id).filter(sim_id=sim_id, iccid__isnull=False).newest()
    found = rows.values_list("iccid", "imsi").first()
    return (found[0] or "", found[1] or "") if found else ("", "")


def _device_name(workspace_id: int, device_id: int, then: Then) -> str:
    """Return how a device was called: each of its events keeps its name."""
    rows = log_of(workspace_id).filter(device_id=device_id)
    if then.until is not None:
        rows = rows.filter(timestamp__lte=then.until)
    name = rows.newest().values_list("device_name", flat=True).first()
    return name or _("Device %(id)s") % {"id": device_id}


def _policy(kind: str, workspace_id: int, then: Then) -> Any:
    def named(pk: int) -> str:
        rows = log_of(workspace_id).filter(type__in=_POLICY_TYPES[kind], detail__policy__id=pk)
        if then.until is not None:
            rows = rows.filter(timestamp__lte=then.until)
        name = rows.newest().values_list("detail__policy__name", flat=True).first()
        if name is None:
            # Made before the log begins: only what it is called today is known.
            model = ServicePolicy if kind == "service" else CoveragePolicy
            policies = model._default_manager.filter(workspace_id=workspace_id, pk=pk)
            name = policies.values_list("name", flat=True).first()
        return _("%(name)s (ID %(id)s)") % {"name": name, "id": pk} if name else _("ID %(id)s") % {"id": pk}

    return named


def _around(kind: str, workspace_id: int, pk: int, then: Then, arrived: datetime | None = None) -> tuple[str, str]:
    """Return the moments of the change before the one that holds, and of the next. Two or three queries.

    Args:
        kind: "sim" or "device".
        workspace_id: whose log.
        pk: id of the object.
        then: the moment.
        arrived: when it came, where none of its own events tells that.
    """
    changes = log_of(workspace_id).filter(**{f"{kind}_id": pk, "type__in": STEPS[kind]})
    newest = changes.filter(timestamp__lte=then.moment).newest().values_list("timestamp", flat=True)
    holds = newest.first()
    before = changes.filter(timestamp__lt=holds).newest() if holds is not None else changes.none()
    after = changes.filter(timestamp__gt=then.moment).order_by("timestamp", "id")
    earlier = before.values_list("timestamp", flat=True).first()
    if earlier is None and holds is not None and arrived is not None and arrived < holds:
        earlier = arrived
    return (
        _stamp(earlier),
        _stamp(after.values_list("timestamp", flat=True).first()) if then.asked else "",
    )


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else stamp(moment)
