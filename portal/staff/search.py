"""One search for everything that staff see: an exact hit leads to its page, the rest are groups with links to lists.

Each group asks the page of its kind in the admin site, so that both find the same, and only whoever may open that page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, User, Workspace, WorkspaceRequest
from accounts.people.standings import TONES, Standing
from events import registry
from events.models import Event
from events.search import MAX_ID, as_uuid
from events.selectors import of_requests
from kit.admin.base import StaffAdmin
from kit.rendering import badge, bdi, identifier, state_badge, when
from kit.text import searched
from orders.models import Order
from orders.selectors import STATE_TONES
from orders.states import OrderStatus
from sims.identifiers import digits_in, iccid_with_luhn
from sims.inventory.numbers import with_whole_number
from sims.models import Device, Sim, SimBatch
from sims.states import DeviceStatus, SimStatus

SHOWN: Final = 6
"""Rows of a group; its list has them all."""
MOST_TEXT: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NAMED: Final = re.compile(r"(event|request|sim|device|user|workspace|order|token|batch)\s*:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found: what it is called, where it is, and what tells it from others."""

    title: SafeString | str
    url: str
    note: SafeString | str
    exact: bool


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind; `more` is the address of the list where more was found than is shown."""

    label: str
    icon: str
    hits: Sequence[Hit]
    more: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gives: an address to go to at once, or groups."""

    to: str = ""
    groups: Sequence[Group] = ()


def search(site: AdminSite, request: HttpRequest, text: str) -> Answer:
    """Look for a text in everything that this person may see. At most three short queries a kind.

    Args:
        site: the admin site, whose pages say who may see what.
        request: of the person.
        text: any part of a SIM's number, a name, an address, an id, or a kind with an id: `order:12`.
    """
    text = searched(text, most=MOST_TEXT)
    if not text:
        return Answer()
    finder = _Finder(site, request, text)
    if to := finder.exact():
        return Answer(to)
    groups = [group for group in finder.groups() if group.hits]
    hits = [hit for group in groups for hit in group.hits]
    if len(hits) == 1 and hits[0].exact:
        return Answer(hits[0].url)
    return Answer(groups=groups)


class _Finder:
    """One search."""

    def __init__(self, site: AdminSite, request: HttpRequest, text: str) -> None:
        self.site, self.request, self.text = site, request, text
        self.digits = digits_in(text)
        self.number = int(text) if _NUMBER.fullmatch(text) else None

    def may_see(self, model: Any) -> bool:
        """Tell whether this person may open the pages of a kind."""
        return self._page(model).has_view_permission(self.request)

    def _page(self, model: Any) -> StaffAdmin:
        return cast(StaffAdmin, self.site._registry[model])

    def _url(self, model: Any, pk: Any) -> str:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])

    def _list(self, model: Any, **query: str) -> str:
        return f"{self._page(model).list_url()}?{urlencode(query)}"

    # --- what names one thing ---

    def exact(self) -> str:
        """Return the address of what the text names for certain, "" for none."""
        if named := _NAMED.fullmatch(self.text):
            return self._named(named[1].lower(), named[2])
        # An EID has as many digits as a request id, and may be one by its form.
        request_id = as_uuid(self.text) if self.may_see(Event) else None
        if request_id and Event.objects.filter(of_requests([request_id])).exists():
            return self._list(Event, q=str(request_id))
        if "@" in self.text:
            return self._only(User, Q(email__iexact=self.text))
        if len(self.digits) >= 14:
            return self._by_long_number()
        return ""

    def _only(self, model: Any, wanted: Q) -> str:
        """Return the page of the only row that matches. One query."""
        if not self.may_see(model):
            return ""
        found = list(model._default_manager.filter(wanted).order_by("pk").values_list("pk", flat=True)[:2])
        return self._url(model, found[0]) if len(found) == 1 else ""

    def _named(self, kind: str, value: str) -> str:
        if kind == "request":
            request_id = as_uuid(value)
            return self._list(Event, q=str(request_id)) if request_id and self.may_see(Event) else ""
        if kind == "batch":
            return self._only(SimBatch, Q(bic=digits_in(value)))
        if not _NUMBER.fullmatch(value):
            return ""
        if kind == "token":
            known = self.may_see(Event) and ApplicationToken.objects.filter(pk=int(value)).exists()
            return self._list(Event, q=f"token:{value}") if known else ""
        models = {"event": Event, "sim": Sim, "device": Device, "user": User, "workspace": Workspace, "order": Order}
        return self._only(models[kind], Q(pk=int(value)))

    def _by_long_number(self) -> str:
        whole = with_whole_number(self.digits)
        found = self._only(Sim, whole) if whole is not None else ""
        found = found or self._only(Device, Q(imei=self.digits))
        return found or (self._only(SimBatch, Q(bic=self.digits)) if len(self.digits) == 16 else "")

    # --- what may be meant ---

    def groups(self) -> list[Group]:
        """Return what was found, kind by kind."""
        kinds: tuple[tuple[Any, Callable[[Any], tuple[Any, Any]]], ...] = (
            (Sim, _sim),
            (Device, _device),
            (SimBatch, _batch),
            (Workspace, _workspace),
            (User, _person),
            (Order, _order),
            (WorkspaceRequest, _request),
        )
        found = [self._group(model, describe) for model, describe in kinds if self.may_see(model)]
        return [*found, *self._tokens(), *self._events()]

    def _group(self, model: Any, describe: Callable[[Any], tuple[Any, Any]]) -> Group:
        page = self._page(model)
        everything = page.get_queryset(self.request)
        matching, _double = page.get_search_results(self.request, everything, self.text)
        rows = list(matching.order_by("-pk")[: SHOWN + 1])
        if self.number is not None:
            rows = [*everything.filter(pk=self.number), *(row for row in rows if row.pk != self.number)]
        hits = [
            Hit(title, self._url(model, row.pk), note, self._is(row)) for row in rows for title, note in [describe(row)]
        ]
        # What has the very id or name comes first.
        hits.sort(key=lambda hit: not hit.exact)
        label = str(capfirst(str(model._meta.verbose_name_plural)))
        return Group(label, page.icon, hits[:SHOWN], self._list(model, q=self.text) if len(hits) > SHOWN else "")

    def _is(self, row: Any) -> bool:
        if self.number is not None and row.pk == self.number:
            return True
        return self.text.casefold() in {str(getattr(row, name, "")).casefold() for name in ("name", "email")}

    def _tokens(self) -> list[Group]:
        if not (self.may_see(Workspace) and self.may_see(Event)) or "@" in self.text:
            return []
        wanted = Q(description__icontains=self.text)
        if self.number is not None:
            wanted |= Q(pk=self.number)
        rows = ApplicationToken.objects.filter(wanted).select_related("workspace").order_by("-pk")[:SHOWN]
        hits = [
            Hit(
                bdi(token),
                self._list(Event, q=f"token:{token.pk}"),
                _note(_id(token), badge(token.get_status_display()), token.workspace.name),
                token.pk == self.number,
            )
            for token in rows
        ]
        return [Group(_("Application tokens"), "key-round", hits, "")]

    def _events(self) -> list[Group]:
        if self.number is None or self.number > MAX_ID or not self.may_see(Event):
            return []
        rows = Event.objects.filter(pk=self.number).values_list("pk", "type", "timestamp", "workspace__name")
        hits = [
            Hit(registry.describe(kind), self._url(Event, pk), _note(f"ID {pk}", when(moment), name), exact=True)
            for pk, kind, moment, name in rows
        ]
        return [Group(_("Events"), "scroll-text", hits, "")]


# --- how each kind looks ---


def _id(row: Any) -> str:
    return _("ID %(id)s") % {"id": row.pk}


def _note(*parts: Any) -> SafeString:
    """Return what tells a row from others, in one line."""
    shown = [part if isinstance(part, SafeString) else bdi(part) for part in parts if part]
    html = SafeString("")
    for part in shown:
        html = format_html("{} {}", html, part) if html else part
    return html


def _sim(sim: Sim) -> tuple[Any, Any]:
    state = SimStatus(sim.status)
    owner = sim.workspace.name if sim.workspace else _("In stock")
    shown = state_badge(state.name.lower(), str(state.label))
    return identifier(iccid_with_luhn(sim.iccid), "ICCID", copy=False), _note(
        shown, owner, sim.device.name if sim.device else "", identifier(sim.imsi, "IMSI", copy=False)
    )


def _device(device: Device) -> tuple[Any, Any]:
    state = DeviceStatus(device.status)
    shown = state_badge(state.name.lower(), str(state.label))
    imei = identifier(device.imei, "IMEI", copy=False) if device.imei else ""
    return bdi(device.name), _note(_id(device), shown, device.workspace.name, imei)


def _batch(batch: SimBatch) -> tuple[Any, Any]:
    owner = batch.workspace.name if batch.workspace else _("In stock")
    return identifier(batch.bic, "BIC", copy=False), _note(f"{batch.quantity} × {batch.model}", owner)


def _workspace(workspace: Workspace) -> tuple[Any, Any]:
    return bdi(workspace.name), _note(_id(workspace), workspace.package.name)


def _person(user: Any) -> tuple[Any, Any]:
    shown = badge(str(Standing(user.standing).label), TONES[user.standing])
    staff = badge(_("Operator staff"), "accent") if user.is_staff else ""
    return bdi(user.name), _note(shown, staff, user.email)


def _order(order: Order) -> tuple[Any, Any]:
    state = OrderStatus(order.status)
    shown = badge(str(state.label), STATE_TONES[state])
    return str(order), _note(shown, order.workspace.name, when(order.submitted_at))


def _request(request: WorkspaceRequest) -> tuple[Any, Any]:
    title = _("Request %(id)s") % {"id": request.pk}
    return title, _note(request.get_kind_display(), badge(request.get_status_display()), request.workspace.name)
