"""Which networks devices may use: what their own list, their policy's list and its rate zones leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kit.mobile_networks import zone_of
from sims.models import BlockedOperator, CoverageBlockedOperator, CoverageExcludedZone


@dataclass(slots=True)
class Coverage:
    """What is refused to some devices.

    Args:
        of_devices: network ids by device id.
        of_policies: network ids by coverage policy id.
        zones: excluded rate zones by coverage policy id.
    """

    of_devices: dict[int, set[int]] = field(default_factory=dict)
    of_policies: dict[int, set[int]] = field(default_factory=dict)
    zones: dict[int, set[int]] = field(default_factory=dict)

    def allows(self, network_id: int, *, device_id: int, policy_id: int | None) -> bool:
        """Tell whether a device may use a network."""
        if network_id in self.of_devices.get(device_id, ()):
            return False
        if policy_id is None:
            return True
        return network_id not in self.of_policies.get(policy_id, ()) and zone_of(network_id) not in self.zones.get(
            policy_id, ()
        )


def coverage_of(*, device_ids: Iterable[int], policy_ids: Iterable[int]) -> Coverage:
    """Read what is refused to devices and policies. Three queries, whatever their number."""
    found = Coverage()
    devices, policies = list(device_ids), list(policy_ids)
    rows = (
        (found.of_devices, BlockedOperator.objects.filter(device_id__in=devices), ("device_id", "operator_id")),
        (
            found.of_policies,
            CoverageBlockedOperator.objects.filter(policy_id__in=policies),
            ("policy_id", "operator_id"),
        ),
        (found.zones, CoverageExcludedZone.objects.filter(policy_id__in=policies), ("policy_id", "zone")),
    )
    for target, queryset, columns in rows:
        for owner, number in queryset.values_list(*columns):
            target.setdefault(owner, set()).add(number)
    return found
