"""What a text may mean in a workspace, by kind. Each question is answered by an index, or looks at a bounded number.

Nothing is found here that the reader could not find in a list: SIMs and devices of the workspace, its log, the people
whom the log or the list of users names to this reader, and the pages that the menu shows.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.people.selectors import people_of
from accounts.permissions import Permission
from accounts.requests import WorkspacePageRequest
from accounts.settings_tabs import settings_tabs
from events import registry
from events.filters import offered_actors
from events.selectors import log_of
from portal.context_processors import Shell
from sims.identifiers import iccid_with_luhn, plain
from sims.inventory.filters import beginning
from sims.models import Device, Sim, SimBatch
from sims.states import DeviceStatus, SimStatus

EACH: Final = 5
"""Results of one kind; the lists have the rest."""
NEWEST_DEVICES: Final = 5_000
"""So many devices are looked through for a part of a name, whatever their number is."""
MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True)
class Hit:
    """One result: where it leads, and what it says.

    Args:
        label: what it is called.
        url: where it is.
        icon: of the lucide set.
        note: what tells it from others of its name.
        number: whether the label is an identifier.
        lasting: whether it may be remembered in the browser as used before; persons may not.
    """

    label: str
    url: str
    icon: str
    note: str = ""
    number: bool = False
    lasting: bool = False


@dataclass(frozen=True)
class Group:
    """The results of one kind."""

    name: str
    hits: list[Hit]


def target(workspace_id: int, text: str) -> str:
    """Return the address of the one object that a whole number or id names, "" when it names none or several."""
    found = list(whole_numbers(workspace_id, plain(text)))
    return found[0].url if len(found) == 1 else ""


def groups(request: WorkspacePageRequest, text: str) -> list[Group]:
    """Return what a text may mean, the likeliest kind first. The number of queries does not grow with the results."""
    if not text:
        return []
    workspace_id, may = request.workspace.pk, request.may
    digits = plain(text.lstrip("+"))
    whole = list(whole_numbers(workspace_id, digits))
    known = {hit.url for hit in whole}
    found = [Group(_("Exactly this number"), whole)]
    if Permission.INVENTORY_READ.name in may:
        found.append(Group(_("SIMs"), [hit for hit in _sims(workspace_id, digits) if hit.url not in known][:EACH]))
        devices = [hit for hit in _devices(workspace_id, text, digits) if hit.url not in known]
        found.append(Group(_("Devices"), devices[:EACH]))
    found.append(Group(_("Pages and actions"), _pages(request, text)[:EACH]))
    if Permission.EVENT_READ.name in may:
        found.append(Group(_("Events"), [hit for hit in _events(request, text) if hit.url not in known][:EACH]))
        found.append(Group(_("People and programs"), _people(request, text)[:EACH]))
    found.append(Group(_("Workspaces"), _workspaces(request, text)[:EACH]))
    found.append(Group(_("Look in a list"), _lists(workspace_id, text)))
    return [group for group in found if group.hits]


# --- whole numbers ---


def whole_numbers(workspace_id: int, digits: str) -> Iterator[Hit]:
    """Find what a whole ICCID, IMSI, EID, IMEI, BIC or request id names. At most three queries, all by an index."""
    if len(digits) == 36 or (len(digits) == 32 and not digits.isdecimal()):
        yield from _request(workspace_id, digits)
        return
    if not (digits.isascii() and digits.isdecimal()) or not 14 <= len(digits) <= 32:
        return
    numbers = Q()
    if len(digits) in (19, 20):
        numbers |= Q(iccid=digits[:19])
    if len(digits) in (14, 15):
        numbers |= Q(imsi=digits)
    if len(digits) == 32:
        numbers |= Q(eid=digits)
    if numbers:
        for sim in Sim.objects.of(workspace_id).filter(numbers).select_related("device")[:EACH]:
            # A number of 20 digits whose last does not fit is a typing error and names nothing.
            if len(digits) != 20 or iccid_with_luhn(sim.iccid) == digits:
                yield _sim_hit(sim)
    if len(digits) <= 16:
        for device in Device.objects.of(workspace_id).filter(imei=digits)[:EACH]:
            yield _device_hit(device)
    if len(digits) == 16 and SimBatch.objects.filter(bic=digits, sims__workspace_id=workspace_id).exists():
        url = f"{reverse('sims:sim_list', args=[workspace_id])}?bic={digits}"
        yield Hit(digits, url, "package", _("SIMs of this batch"), number=True)


def _request(workspace_id: int, text: str) -> Iterator[Hit]:
    try:
        request_id = uuid.UUID(text)
    except ValueError:
        return
    if log_of(workspace_id).filter(request_id=request_id).exists():
        url = f"{reverse('events:list', args=[workspace_id])}?request={request_id}"
        yield Hit(str(request_id), url, "scroll-text", _("Events of this request"), number=True)


# --- SIMs and devices ---


def _sim_hit(sim: Sim) -> Hit:
    state = str(SimStatus(sim.status).label)
    note = f"{state}, {sim.device.name}" if sim.device is not None else state
    url = reverse("sims:sim_detail", args=[sim.workspace_id, sim.pk])
    return Hit(iccid_with_luhn(sim.iccid), url, "card-sim", note, number=True, lasting=True)


def _device_hit(device: Device) -> Hit:
    url = reverse("sims:device_detail", args=[device.workspace_id, device.pk])
    return Hit(device.name, url, "router", str(DeviceStatus(device.status).label), lasting=True)


def _sims(workspace_id: int, digits: str) -> list[Hit]:
    """Find SIMs whose ICCID, IMSI, MSISDN or EID begins with some digits: two queries, each by ranges of indexes."""
    if not (digits.isascii() and digits.isdecimal()):
        return []
    conditions = [beginning("iccid", digits[:19], 19)] if len(digits) <= 20 else []
    if len(digits) <= 15:
        conditions.append(beginning("imsi", digits, 15))
        if not digits.startswith("89"):
            conditions.append(beginning("msisdn", digits, 15))
    if 6 <= len(digits) <= 32:
        conditions.append(~Q(eid="") & beginning("eid", digits, 32))
    mine = Sim.objects.of(workspace_id).exclude(status=SimStatus.DELETED).order_by()
    ids = _first_of([mine.filter(condition) for condition in conditions])
    return [_sim_hit(sim) for sim in Sim.objects.filter(pk__in=ids).select_related("device").order_by("iccid")]


def _first_of(querysets: Sequence[QuerySet[Any]]) -> list[int]:
    """Return the first ids of several searches, read in one query: each stops by itself as soon as it has enough."""
    limited = [queryset.values_list("pk", flat=True)[: EACH * 2] for queryset in querysets]
    found: dict[int, None] = {}
    for part in limited:
        found.update(dict.fromkeys(part))
        if len(found) >= EACH * 2:
            break
    return list(found)


def _devices(workspace_id: int, text: str, digits: str) -> list[Hit]:
    """Find devices by the beginning of their name or IMEI, by indexes, and by any part of the name among the newest."""
    mine = Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED)
    searches = [mine.filter(name__gte=text, name__lte=f"{text}\uffff").order_by("name", "pk")]
    if digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 16:
        searches.append(mine.filter(beginning("imei", digits, 16)).order_by())
    ids = _first_of(searches)
    if len(ids) < EACH:
        wanted = text.casefold()
        # Read and compared here: a condition on the name makes the databases walk through all devices there are.
        newest = mine.order_by("-pk").values_list("pk", "name")[:NEWEST_DEVICES]
        ids += [pk for pk, name in newest if wanted in name.casefold()][: EACH * 2]
    found = Device.objects.filter(pk__in=ids).order_by("name", "pk")
    return [_device_hit(device) for device in found if _named(device, text, digits)]


def _named(device: Device, text: str, digits: str) -> bool:
    """Tell whether a device is really called so: databases differ in what stands between two names."""
    return text.casefold() in device.name.casefold() or (bool(digits) and device.imei.startswith(digits))


# --- the log and who stands in it ---


def _events(request: WorkspacePageRequest, text: str) -> list[Hit]:
    workspace_id = request.workspace.pk
    found = []
    if text.isascii() and text.isdecimal() and int(text) <= MAX_ID:
        row = log_of(workspace_id).filter(pk=int(text)).values_list("type", flat=True).first()
        if row is not None:
            kind = registry.find(row)
            url = reverse("events:detail", args=[workspace_id, int(text)])
            label = _("Event %(id)s") % {"id": text}
            found.append(Hit(label, url, "scroll-text", kind.description if kind else "", lasting=True))
    base, wanted = reverse("events:list", args=[workspace_id]), text.casefold()
    kinds = [kind for kind in registry.all_types() if kind.status != "name only" and kind.audience != "staff"]
    return found + [
        Hit(kind.description, f"{base}?type={kind.id}", "scroll-text", _("Event type"))
        for kind in kinds
        if wanted in kind.description.casefold()
    ]


def _people(request: WorkspacePageRequest, text: str) -> list[Hit]:
    """Find who acted in this log, and for those who manage users also who is in the workspace."""
    workspace_id, wanted = request.workspace.pk, text.casefold()
    base = reverse("events:list", args=[workspace_id])
    found = [
        Hit(label, f"{base}?{urlencode({'actor': value})}", "circle-user", _("Their events"))
        for value, label in offered_actors(workspace_id)
        if wanted in label.casefold()
    ]
    if Permission.USER_MANAGE.name in request.may:
        people = people_of(request.workspace).filter(Q(shown_name__icontains=text) | Q(shown_email__icontains=text))
        users = reverse("accounts:workspace_users", args=[workspace_id])
        for name, email in people.order_by("shown_name").values_list("shown_name", "shown_email")[:EACH]:
            label = f"{name}, {email}" if name else email
            found.insert(0, Hit(label, f"{users}?{urlencode({'q': email})}", "users", _("User")))
    return found


# --- pages ---


def _pages(request: WorkspacePageRequest, text: str) -> list[Hit]:
    wanted = text.casefold()
    return [hit for hit in all_pages(request) if wanted in hit.label.casefold() or wanted in hit.note.casefold()]


def all_pages(request: WorkspacePageRequest) -> list[Hit]:
    """Return the pages and actions that this reader's menus have; no query."""
    workspace_id = request.workspace.pk
    action, settings, account = _("Action"), _("Workspace settings"), _("Your account")
    actions = (
        (_("Register SIMs"), "sims:register", (), Permission.SIM_REGISTER, "plus"),
        (_("Create device"), "sims:device_create", (), Permission.DEVICE_UPDATE, "plus"),
        (_("Order SIMs"), "orders:shop", (), Permission.ORDER_CREATE, "shopping-cart"),
        (_("Invite user"), "accounts:workspace_user_invite", (), Permission.USER_MANAGE, "user-plus"),
        (_("Create service policy"), "sims:policy_create", ("service",), Permission.POLICY_UPDATE, "plus"),
        (_("Create coverage policy"), "sims:policy_create", ("coverage",), Permission.POLICY_UPDATE, "plus"),
        (_("Workspace as it was"), "events:workspace_then", (), Permission.EVENT_READ, "history"),
    )
    found = [Hit(item.label, item.url, item.icon, lasting=True) for item in Shell(request).nav]
    found += [
        Hit(label, reverse(name, args=[workspace_id, *args]), icon, action, lasting=True)
        for label, name, args, right, icon in actions
        if right.name in request.may
    ]
    tabs = settings_tabs(request, "")
    found += [Hit(str(tab["label"]), tab["url"], "settings", settings, lasting=True) for tab in tabs[1:]]
    own = (
        (account, "accounts:account"),
        (_("Second factor"), "accounts:account_security"),
        (_("Where you are signed in"), "accounts:account_sessions"),
    )
    found += [Hit(label, reverse(name), "circle-user", account if label != account else "") for label, name in own]
    found.append(Hit(_("API documentation"), reverse("api_docs"), "plug", lasting=True))
    return found


def _workspaces(request: WorkspacePageRequest, text: str) -> list[Hit]:
    wanted = text.casefold()
    return [
        Hit(each.name, reverse("dashboard", args=[each.id]), "building-2", str(each.id))
        for each in request.workspaces or []
        if each.id != request.workspace.pk and (wanted in each.name.casefold() or str(each.id).startswith(wanted))
    ]


def _lists(workspace_id: int, text: str) -> list[Hit]:
    """Return the three lists that can search further, with the text in them."""
    lists = (
        (_("SIMs with “%(text)s”"), "card-sim", "sims:sim_list"),
        (_("Devices with “%(text)s”"), "router", "sims:device_list"),
        (_("Events that mention “%(text)s”"), "scroll-text", "events:list"),
    )
    query = urlencode({"q": text})
    return [
        Hit(label % {"text": text}, f"{reverse(name, args=[workspace_id])}?{query}", icon)
        for label, icon, name in lists
    ]
