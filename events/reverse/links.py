"""What the panel of an event says about reversing it: how, why not, and what was reversed by what."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from events.reversals import BULK, Never, Reversal, reversal_of
from events.reverse.past import DEVICE_TYPES
from events.reverse.sims import NO_WAY_BACK
from events.selectors import Neighbours, Siblings, log_of
from events.text import REVERSES

LOOKED_AT: Final = 300
"""Later events among which the one is looked for that reversed an event."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ReversalLinks:
    """What a panel shows.

    Args:
        url: of the dialog that reverses the event, "" when the reader may not or it can't be.
        request_url: of the dialog that reverses all events of its request, "" when there is no other.
        why_not: why it can't be, "" otherwise.
        reverses: what this event reversed, in words, "" for nothing.
        reverses_url: where that stands.
        reversed_by: id of the event that reversed this one, `None` when none was found.
    """

    url: str = ""
    request_url: str = ""
    why_not: str = ""
    reverses: str = ""
    reverses_url: str = ""
    reversed_by: int | None = None


def links_of(row: Row, others: Siblings, around: Neighbours, may: Container[str]) -> ReversalLinks:
    """Return what the panel of an event says about reversing it.

    One query, none where there is no opposite, or nothing came later.

    Args:
        row: of `selectors.event_row`.
        others: the other events of its request.
        around: its neighbours on the log of its SIM or device.
        may: names of the rights of the reader.
    """
    workspace_id = row["workspace_id"]
    text, text_url = _reverses(row)
    entry = reversal_of(row["type"])
    why_not = str(entry.why) if isinstance(entry, Never) else _refusal(row)
    allowed = isinstance(entry, Reversal) and entry.permission.name in may
    many = [other["type"] for other in others.rows if _is_bulk(other["type"])]
    request_url = reverse("events:reverse_request", args=[workspace_id, row["request_id"]])
    # A part of what a request did may go back where its first event can't.
    offered = many and (allowed or isinstance(entry, Never)) and _may_any(many, may)
    looked_for = isinstance(entry, Reversal) and not (around.of and around.newer is None)
    return ReversalLinks(
        url=reverse("events:reverse", args=[workspace_id, row["id"]]) if allowed and not why_not else "",
        request_url=request_url if offered and row["type"] in _OBJECTS else "",
        why_not=why_not,
        reverses=text,
        reverses_url=text_url,
        reversed_by=_reversed_by(row, entry) if looked_for and isinstance(entry, Reversal) else None,
    )


_OBJECTS: Final = BULK["sims"] | DEVICE_TYPES | {10, 45}
"""Types that tell of SIMs and devices, whose requests are reversed as a whole."""


def _is_bulk(type_id: int) -> bool:
    return any(type_id in types for types in BULK.values())


def _may_any(types: list[int], may: Container[str]) -> bool:
    entries = map(reversal_of, types)
    return any(isinstance(entry, Reversal) and entry.permission.name in may for entry in entries)


def _refusal(row: Row) -> str:
    """Say why an event can't be reversed although others of its type can, "" when it can."""
    if row["type"] == 8 and row["old_state"] in NO_WAY_BACK:
        return NO_WAY_BACK[row["old_state"]]()
    if row["type"] == 10085 and "role" in (row["detail"] or {}).get("changes", {}):
        return _("The rights of a token are never raised. Create a new one with the role that is needed.")
    return ""


def _reverses(row: Row) -> tuple[str, str]:
    """Return what an event reversed, in words, and its address."""
    named = row["detail"].get(REVERSES) if isinstance(row["detail"], Mapping) else None
    if not isinstance(named, Mapping):
        return "", ""
    workspace_id = row["workspace_id"]
    if isinstance(event_id := named.get("event"), int):
        return _("event %(id)s") % {"id": event_id}, reverse("events:detail", args=[workspace_id, event_id])
    if isinstance(request_id := named.get("request"), str):
        url = f"{reverse('events:list', args=[workspace_id])}?request={request_id}"
        return _("the events of request %(id)s") % {"id": request_id[:8]}, url
    return "", ""


def _reversed_by(row: Row, entry: Reversal) -> int | None:
    """Return the first later event that names this one, or its request, as reversed.

    It is looked for among the next events of the same SIM or device, else of the types that a reversal writes: an
    index finds these, and none keeps what an event reverses.
    """
    later = log_of(row["workspace_id"]).after(row["timestamp"], row["id"]).filter(type__in=entry.told_by)
    of = next((name for name in ("sim_id", "device_id") if row[name] is not None), None)
    if of is not None:
        later = later.filter(**{of: row[of]})
    wanted = ({"event": row["id"]}, {"request": str(row["request_id"])})
    found = later.order_by("timestamp", "id").values_list("pk", f"detail__{REVERSES}")[:LOOKED_AT]
    return next((pk for pk, named in found if named in wanted), None)
