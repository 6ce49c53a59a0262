"""How objects that an action left alone are described: "9 are Issued", "5 are on a device: release them first"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.urls import reverse
from django.utils.translation import ngettext

from kit.bulk import SHOWN_ITEMS, ReasonGroup
from kit.outcomes import Refusal
from sims.bulk.actions import ObjectKind
from sims.identifiers import iccid_with_luhn
from sims.states import SimStatus

_TEXTS: dict[str, Callable[[int], str]] = {
    "has_device": lambda n: ngettext("is on a device: release it first", "are on devices: release them first", n),
    "no_sim": lambda n: ngettext("has no SIM", "have no SIM", n),
    "has_sim": lambda n: ngettext("has a SIM: release it first", "have a SIM: release it first", n),
    "disabled": lambda n: ngettext("is Disabled: enable it first", "are Disabled: enable them first", n),
    "not_found": lambda n: ngettext("is not in this workspace, or deleted", "are not in this workspace, or deleted", n),
    "too_long": lambda n: ngettext(
        "would have tags of more than 500 characters", "would have tags of more than 500 characters", n
    ),
    "not_reached": lambda n: ngettext("was not reached", "were not reached", n),
}


def reason_text(code: str, reason: str, count: int) -> str:
    """Return a reason so that it continues a count.

    Args:
        code: the refusal's code.
        reason: its sentence, used where the code has no wording of its own.
        count: number of objects.
    """
    if code.startswith("from_"):
        state = SimStatus(int(code.removeprefix("from_"))).label
        return ngettext("is %(state)s", "are %(state)s", count) % {"state": state}
    if code in _TEXTS:
        return _TEXTS[code](count)
    return f"– {reason}"


def object_url(kind: ObjectKind, workspace_id: int, pk: int) -> str:
    """Return the page of a SIM or device."""
    return reverse("sims:sim_detail" if kind == "sims" else "sims:device_detail", args=[workspace_id, pk])


def shown_label(kind: ObjectKind, label: str) -> str:
    """Return what people call an object: a SIM by the 20 digits on its card."""
    return iccid_with_luhn(label) if kind == "sims" and len(label) == 19 and label.isdigit() else label


def items(kind: ObjectKind, workspace_id: int, named: Iterable[tuple[int, str]]) -> list[tuple[str, str]]:
    """Return label and link of objects given by id and label."""
    return [(shown_label(kind, label), object_url(kind, workspace_id, pk)) for pk, label in named]


def groups_of(kind: ObjectKind, workspace_id: int, refused: Sequence[Refusal]) -> list[ReasonGroup]:
    """Return refused objects by reason, the commonest first, each with the first fifty by name."""
    by_reason: dict[tuple[str, str], list[Refusal]] = {}
    for refusal in refused:
        by_reason.setdefault((refusal.code, refusal.reason if refusal.code != "not_found" else ""), []).append(refusal)
    return [
        ReasonGroup(
            text=reason_text(code, reason, len(found)),
            count=len(found),
            # What is not in this workspace has no page here.
            items=[(refusal.label, "") for refusal in found[:SHOWN_ITEMS]]
            if code == "not_found"
            else items(kind, workspace_id, ((refusal.id, refusal.label) for refusal in found[:SHOWN_ITEMS])),
            more=max(0, len(found) - SHOWN_ITEMS),
        )
        for (code, reason), found in sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    ]
