"""Events that speak of many SIMs or devices at once, as the log of each of these finds them.

A transfer or the registration of a batch is one line of the workspace's log. It is a line of each SIM's own log too:
whoever helps a customer reads that first. `events_eventobject` leads there, filled by triggers (`covered_guards`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Exists, OuterRef, Q

from events.covered_guards import KINDS
from events.models import Event, EventObject

Kind = Literal["sim", "device"]
MOST: Final = 1_000
"""Such events that are found for one question, the newest: of one SIM there are a few in its life."""


def covering(kind: Kind, ids: Iterable[int]) -> list[int]:
    """Return the ids of the events that speak of any of these objects among others, in any log. One query.

    Args:
        kind: of the objects.
        ids: theirs.
    """
    found = EventObject.objects.filter(kind=KINDS[kind], object_id__in=list(ids)).order_by("-event_id")
    return list(found.values_list("event_id", flat=True).distinct()[:MOST])


@dataclass(frozen=True, slots=True)
class About:
    """What asks for the events of some objects, in two parts that have an index each.

    A condition for both at once is answered by reading all of them and sorting; or, where the database guesses wrong,
    by walking the log of the whole workspace. Lists in the order of time read each part by itself and merge them.

    Args:
        named: events that name one of the objects.
        among: those that cover it, `None` for none.
    """

    named: Q
    among: Q | None = None

    @property
    def any(self) -> Q:
        """Both at once."""
        return self.named if self.among is None else self.named | self.among


def asked_about(kind: Kind, ids: Iterable[int]) -> About:
    """Return the two conditions for the events of any of these objects. One query.

    Args:
        kind: of the objects.
        ids: theirs.
    """
    wanted = list(ids)
    named = Q(**{f"{kind}_id": wanted[0]}) if len(wanted) == 1 else Q(**{f"{kind}_id__in": wanted})
    among = covering(kind, wanted)
    return About(named, Q(pk__in=among) if among else None)


def about(kind: Kind, ids: Iterable[int]) -> Q:
    """Return the condition for the events of any of these objects, at once. Arguments as `asked_about`."""
    return asked_about(kind, ids).any


def covers(kind: Kind, object_id: int | OuterRef) -> Q:
    """Return the condition for the events that speak of an object among others, within one statement.

    Args:
        kind: of the object.
        object_id: its id, or the column of the outer query that has it.
    """
    rows = EventObject.objects.filter(kind=KINDS[kind], object_id=object_id)
    return Q(pk__in=rows.values("event_id"))


def occurs(workspace_id: int, kind: Kind, object_id: int | OuterRef) -> Q:
    """Return the condition that an object occurs in the log of a workspace.

    Args:
        workspace_id: whose log.
        kind: of the object.
        object_id: its id, or the column of the outer query that has it.
    """
    log = Event.objects.filter(workspace_id=workspace_id)
    inner = OuterRef(object_id) if isinstance(object_id, OuterRef) else object_id
    return Q(Exists(log.filter(**{f"{kind}_id": object_id}))) | Q(Exists(log.filter(covers(kind, inner))))
