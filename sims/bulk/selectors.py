"""Questions about objects of bulk actions. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.querysets import CHUNK
from sims.bulk.actions import ObjectKind
from sims.models import Device, Sim


def labels(kind: ObjectKind, ids: Sequence[int]) -> dict[int, str]:
    """Return ICCIDs or device names of objects that an action of the asking workspace has decided on.

    Not bound to the workspace: SIMs it has transferred away stand in its report too.
    """
    found: dict[int, str] = {}
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows: Iterable[tuple[int, str]]
        if kind == "sims":
            rows = Sim.objects.filter(pk__in=part).values_list("pk", "iccid")
        else:
            rows = Device.objects.filter(pk__in=part).values_list("pk", "name")
        found.update(rows)
    return found
