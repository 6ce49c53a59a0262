"""How staff search the logs of all workspaces at once: only by what an index answers, whatever the number of events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import ApplicationToken
from events.covered import about
from events.models import Event, FrozenPerson
from events.search import ICCID, IMSI, MAX_ID, NOTHING, NUMBER, as_uuid, sim_ids
from kit.context import ActorKind
from kit.email_addresses import forms_of
from kit.errors import Invalid
from sims.identifiers import digits_in, normalise_iccid

MOST_USERS: Final = 5
"""Accounts that had the same address one after the other."""

_NAMED = re.compile(r"(event|request|sim|device|user|workspace|token)\s*:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Understood:
    """How a search was understood.

    Args:
        condition: what it asks of an event; indexes answer it. Not for `users`.
        users: ids of people whose events are asked for; see `people`.
        notice: a sentence for the reader, "" when the result speaks for itself.
    """

    condition: Q = NOTHING
    notice: str = ""
    users: tuple[int, ...] = ()


def understand(text: str) -> Understood:
    """Say what a search in all logs asks for. At most five short queries.

    Args:
        text: an id of an event, request, device or SIM, an ICCID, an IMSI, an e-mail address, or one of the forms
            `event:`, `request:`, `sim:`, `device:`, `user:`, `workspace:` and `token:` with an id.
    """
    text = text.strip()
    if named := _NAMED.fullmatch(text):
        return _by_name(named[1].lower(), named[2])
    if request_id := as_uuid(text):
        return Understood(Q(request_id=request_id))
    digits = digits_in(text)
    if ICCID.fullmatch(digits) or IMSI.fullmatch(digits):
        return _by_number_of_sim(digits)
    if NUMBER.fullmatch(text) and int(text) <= MAX_ID:
        return _by_id(int(text))
    if "@" in text:
        return _by_address(text)
    return Understood(
        NOTHING,
        _(
            "All logs are searched by ID only: event, request, device or SIM ID, ICCID, IMSI, or e-mail address. "
            "Say which with event:, request:, sim:, device:, user:, workspace: or token:."
        ),
    )


def _by_name(kind: str, value: str) -> Understood:
    if kind == "request":
        request_id = as_uuid(value)
        return Understood(Q(request_id=request_id) if request_id else NOTHING)
    if not NUMBER.fullmatch(value) or int(value) > MAX_ID:
        return Understood(NOTHING, _("“%(value)s” is no ID.") % {"value": value[:40]})
    number = int(value)
    if kind == "user":
        return Understood(users=(number,))
    return Understood(_condition(kind, number))


def _condition(kind: str, number: int) -> Q:
    if kind == "sim":
        return about("sim", [number])
    if kind == "device":
        return about("device", [number])
    if kind == "token":
        # Its workspace is named, because the index begins with it.
        places = ApplicationToken.objects.filter(pk=number).values_list("workspace_id", flat=True)
        acted = Q(actor_kind=ActorKind.APPLICATION_TOKEN, actor_ref=number)
        return acted & Q(workspace_id__in=list(places))
    return Q(pk=number) if kind == "event" else Q(workspace_id=number)


def _by_number_of_sim(digits: str) -> Understood:
    if digits.startswith("89") and len(digits) > 15:
        try:
            found = sim_ids(None, iccids=[normalise_iccid(digits)])
        except Invalid as error:
            return Understood(NOTHING, error.message)
    else:
        found = sim_ids(None, imsis=[digits])
    if found:
        return Understood(about("sim", found))
    return Understood(NOTHING, _("No SIM has the number %(number)s.") % {"number": digits})


def _by_id(number: int) -> Understood:
    """Take a bare number for the id of an event, else of a device, else of a SIM: one kind at a time has an index."""
    kinds = (
        ("event", _condition("event", number), _("event")),
        ("device", _condition("device", number), _("device")),
        ("sim", _condition("sim", number), _("SIM")),
    )
    known = [(name, condition, label) for name, condition, label in kinds if Event.objects.filter(condition).exists()]
    if not known:
        return Understood(NOTHING, _("No event, device or SIM of the log has the ID %(id)s.") % {"id": number})
    others = [f"{name}:{number}" for name, _condition, _label in known[1:]]
    notice = ""
    if others:
        notice = _("This is the %(kind)s with ID %(id)s. Search %(others)s for the other objects with this ID.") % {
            "kind": known[0][2],
            "id": number,
            "others": _(" or ").join(others),
        }
    return Understood(known[0][1], notice)


def _by_address(text: str) -> Understood:
    users = list(
        FrozenPerson.objects.filter(Q(username__in=forms_of(text)) | Q(username__iexact=text))
        .values_list("user_id", flat=True)
        .distinct()[:MOST_USERS]
    )
    if users:
        return Understood(users=tuple(users))
    return Understood(NOTHING, _("Nobody in the log has the address %(address)s.") % {"address": text[:254]})
