"""The search box of the log: what was typed is recognised first, so that an index can answer.

Ids, numbers of cards and persons are found however old the event is. Only free text has to be read event by event;
it is looked for in the last 30 days unless a date is chosen, and the page says so (`docs/rules.md` section 12).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Collate
from django.db.models.lookups import IContains
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import staff_are_named
from accounts.models import User, Workspace
from accounts.operator import OPERATOR_ID
from events import registry
from events.covered import Kind, about, occurs
from events.models import Event, FrozenPerson
from events.selectors import of_requests
from events.types.base import escape
from kit.context import STAFF_KINDS
from kit.email_addresses import forms_of
from kit.errors import Invalid
from sims.identifiers import digits_in, normalise_iccid
from sims.models import Device, Sim

TEXT_DAYS: Final = 30
"""Days that are searched for what no index finds."""
MOST_PERSONS: Final = 50
MOST_DEVICES: Final = 200
MAX_ID: Final = 2**63 - 1

SHORTEST_NUMBER: Final = 14
"""Digits of an IMSI, the shortest number of a card; what has fewer is an id."""

NUMBER: Final = re.compile(r"[0-9]{1,19}")
ICCID: Final = re.compile(r"89[0-9]{17,18}")
IMSI: Final = re.compile(r"[0-9]{14,15}")


def text_since() -> datetime:
    """Return the moment from which free text is searched."""
    return timezone.now() - timedelta(days=TEXT_DAYS)


@dataclass(frozen=True)
class Found:
    """How a search was understood.

    Args:
        condition: what it asks of an event.
        bounded: whether the condition has to be held to a span of time.
        notice: a sentence for the reader, "" when the result speaks for itself.
        about: in place of `condition`, the SIMs or devices whose events are asked for.
        also: what else it asks for, by an index of its own.
    """

    condition: Q = field(default_factory=Q)
    bounded: bool = False
    notice: str = ""
    about: tuple[Kind, list[int]] | None = None
    also: Q | None = None


NOTHING: Final = Q(pk__in=())


def understand(workspace_id: int, text: str) -> Found:
    """Say what a search asks for. At most six short queries."""
    digits = digits_in(text)
    if request_id := as_uuid(text):
        return Found(of_requests([request_id]))
    if ICCID.fullmatch(digits):
        return _by_iccid(workspace_id, digits)
    if NUMBER.fullmatch(digits) and int(digits) <= MAX_ID:
        return _by_number(workspace_id, digits)
    if found := _people_named(workspace_id, text):
        return found
    devices = device_ids(workspace_id, [text])
    if devices:
        return Found(about=("device", devices))
    return Found(_mentions(workspace_id, text), bounded=True)


def as_uuid(text: str) -> uuid.UUID | None:
    """Read a request id; `None` for anything else."""
    try:
        return uuid.UUID(text) if len(text) >= 32 else None
    except ValueError:
        return None


def _by_iccid(workspace_id: int, digits: str) -> Found:
    try:
        iccid = normalise_iccid(digits)
    except Invalid as error:
        return Found(NOTHING, notice=error.message)
    sims = sim_ids(workspace_id, iccids=[iccid])
    # A number that was corrected since, or of a card that was never ours, stands in the log only.
    return Found(about=("sim", sims)) if sims else Found(Q(iccid=iccid), bounded=True)


def _by_number(workspace_id: int, digits: str) -> Found:
    """Find a bare number as the id of an event, device or SIM, or as an IMSI. At most three queries."""
    number = int(digits)
    log = Event.objects.filter(workspace_id=OuterRef("pk"))
    imsi = _seen_here(workspace_id, Sim.objects.filter(imsi=digits)).values("pk")[:1]
    known = (
        Workspace.objects.filter(pk=workspace_id)
        .values_list(
            Exists(log.filter(pk=number)),
            ExpressionWrapper(occurs(workspace_id, "device", number), BooleanField()),
            ExpressionWrapper(occurs(workspace_id, "sim", number), BooleanField()),
            Subquery(imsi),
        )
        .first()
    )
    event, device, sim, imsi_sim = known or (False, False, False, None)
    sims = [pk for pk in (number if sim else None, imsi_sim) if pk is not None]
    if event or device or sims:
        condition = Q(pk=number) if event else Q()
        condition |= about("device", [number]) if device else Q()
        return Found(condition | about("sim", sims) if sims else condition)
    return Found(_mentions(workspace_id, digits), bounded=True)


def _people_named(workspace_id: int, text: str) -> Found | None:
    """Find the people with this e-mail address, or exactly this name, now or at any time, whichever part they play."""
    if "@" in text:
        address = Q(username__in=forms_of(text)) | Q(username__iexact=text)
        return _by_people(workspace_id, address) or _by_people(workspace_id, Q(username__icontains=text))
    return _by_people(workspace_id, Q(name__iexact=text)) if " " in text else None


def _by_people(workspace_id: int, named: Q) -> Found | None:
    users, persons = _user_ids(workspace_id, named), _person_ids(workspace_id, named)
    if not users and not persons:
        return None
    acted = Q(user_id__in=users) if users else NOTHING
    return Found(acted, also=concerning(persons)) if persons else Found(acted)


def concerning(persons: Sequence[int]) -> Q:
    """Return the condition that an event concerns one of these persons, or that staff acted for them."""
    return Q(subject_id__in=persons) | Q(acted_for_id__in=persons)


def _user_ids(workspace_id: int, named: Q) -> list[int]:
    """Return the ids of people who are so called and occur in this workspace's log.

    What is found decides how the page reads, so nobody of another workspace may be found: the answer would tell that
    somebody exists there.
    """
    here = Event.objects.filter(workspace_id=workspace_id, user_id=OuterRef("user_id"))
    if not staff_are_named(staff=False):
        here = here.exclude(actor_kind__in=STAFF_KINDS, actor_id=OuterRef("pk"))
    people = FrozenPerson.objects.filter(named).filter(Exists(here)).order_by("user_id")
    return list(people.values_list("user_id", flat=True).distinct()[:MOST_PERSONS])


def _person_ids(workspace_id: int, named: Q) -> list[int]:
    """Return the ids of persons who are so called and whom events of this workspace concern; see `_user_ids`.

    The operator's staff are named in the operator's own log only.
    """
    log = Event.objects.filter(workspace_id=workspace_id)
    here = Exists(log.filter(subject_id=OuterRef("pk"))) | Exists(log.filter(acted_for_id=OuterRef("pk")))
    people = FrozenPerson.objects.filter(named).filter(here)
    if workspace_id != OPERATOR_ID:
        people = people.exclude(user_id__in=User.objects.filter(is_staff=True).values("pk"))
    return list(people.order_by("pk").values_list("pk", flat=True)[:MOST_PERSONS])


def _mentions(workspace_id: int, text: str) -> Q:
    """Return the condition for free text: in the description, in a device's frozen name, in the name of the type."""
    wanted = text.casefold()
    condition = contains("description", escape(text)) | contains("device_name", text)
    types = [kind.id for kind in registry.all_types() if wanted in kind.description.casefold()]
    if types:
        condition |= Q(type__in=types)
    named = Q(name__icontains=text) | Q(username__icontains=text)
    if users := _user_ids(workspace_id, named):
        condition |= Q(user_id__in=users)
    if persons := _person_ids(workspace_id, named):
        condition |= concerning(persons)
    return condition


def contains(column: str, text: str) -> Q:
    """Return the condition that a column holds a text, in any case.

    PostgreSQL compares plain ASCII by bytes, which takes half the time; what is searched is read event by event.
    """
    if connection.vendor == "postgresql" and text.isascii():
        return Q(IContains(Collate(column, "C"), text))
    return Q(**{f"{column}__icontains": text})


# --- the same for the filters ---


def sim_ids(workspace_id: int | None, *, iccids: Sequence[str] = (), imsis: Sequence[str] = ()) -> list[int]:
    """Return the ids of SIMs by their numbers, wherever they are now: the log of a workspace outlives a transfer.

    Args:
        workspace_id: whose log is searched. SIMs that do not occur in it are not found, as if they did not exist
            anywhere; `None` for staff, who search all logs.
        iccids, imsis: numbers as stored.
    """
    if not iccids and not imsis:
        return []
    sims: QuerySet[Sim] = Sim.objects.filter(Q(iccid__in=iccids) | Q(imsi__in=imsis))
    if workspace_id is not None:
        sims = _seen_here(workspace_id, sims)
    return list(sims.values_list("pk", flat=True))


def _seen_here(workspace_id: int, sims: QuerySet[Sim]) -> QuerySet[Sim]:
    return sims.filter(occurs(workspace_id, "sim", OuterRef("pk")))


def device_ids(workspace_id: int | None, names: Sequence[str]) -> list[int]:
    """Return the ids of a workspace's devices with exactly these names; for staff of all devices (`None`)."""
    if not names:
        return []
    devices = Device.objects.all() if workspace_id is None else Device.objects.of(workspace_id)
    return list(devices.filter(name__in=names).values_list("pk", flat=True)[:MOST_DEVICES])


def known_sims(workspace_id: int, asked: Sequence[str]) -> set[str]:
    """Return which of these ICCIDs, IMSIs and ids are of SIMs that occur in a workspace's log. One query."""
    ids = [int(text) for text in asked if len(text) < SHORTEST_NUMBER]
    sims = Sim.objects.filter(Q(iccid__in=asked) | Q(imsi__in=asked) | Q(pk__in=ids))
    rows = _seen_here(workspace_id, sims).values_list("pk", "iccid", "imsi")
    return {str(value) for row in rows for value in row}.intersection(asked)


def known_devices(workspace_id: int, asked: Sequence[str]) -> set[str]:
    """Return which of these names and ids are of devices of a workspace. One query."""
    ids = [int(text) for text in asked if NUMBER.fullmatch(text) and int(text) <= MAX_ID]
    devices = Device.objects.of(workspace_id).filter(Q(name__in=asked) | Q(pk__in=ids))
    return {str(value) for row in devices.values_list("pk", "name") for value in row}.intersection(asked)


def within(queryset: QuerySet[Any], found: Found, *, dated: bool) -> QuerySet[Any]:
    """Apply a search, held to the last 30 days where it must be and no date was chosen."""
    queryset = queryset.filter(found.condition if found.also is None else found.condition | found.also)
    if found.bounded and not dated:
        queryset = queryset.filter(timestamp__gte=text_since())
    return queryset


def bounded_text() -> str:
    """Return the sentence that says how far back was looked."""
    return _("Only the last %(days)s days were searched for this text.") % {"days": TEXT_DAYS}
