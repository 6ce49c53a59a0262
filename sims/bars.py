"""Lifting what keeps devices off networks, without forgetting it: usage of that time may arrive later."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from kit.context import current_context
from sims.models import BlockedOperator, CoverageBlockedOperator, CoverageExcludedZone, PastBar

Bar = BlockedOperator | CoverageBlockedOperator | CoverageExcludedZone

_COLUMNS: Final[dict[type[Bar], tuple[PastBar.Kind, str, str]]] = {
    BlockedOperator: (PastBar.Kind.DEVICE, "device_id", "operator_id"),
    CoverageBlockedOperator: (PastBar.Kind.POLICY, "policy_id", "operator_id"),
    CoverageExcludedZone: (PastBar.Kind.ZONE, "policy_id", "zone"),
}


# untold: for services that tell what is allowed again
def lift(bars: QuerySet[BlockedOperator] | QuerySet[CoverageBlockedOperator] | QuerySet[CoverageExcludedZone]) -> int:
    """Remove bars and remember until when they held. Returns how many.

    Args:
        bars: rows of one kind.
    """
    kind, owner, number = _COLUMNS[bars.model]
    now = current_context().now()
    PastBar.objects.bulk_create(
        PastBar(kind=kind, owner_id=owner_id, number=barred, since=since, until=now)
        for owner_id, barred, since in bars.values_list(owner, number, "created")
    )
    return bars.delete()[0]
