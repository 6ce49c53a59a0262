"""Pages of the admin site for batches, SIMs, devices and policies."""

from sims.admin.batches import SimBatchAdmin
from sims.admin.devices import CoveragePolicyAdmin, DeviceAdmin, ServicePolicyAdmin, SimModelAdmin
from sims.admin.sims import SimAdmin

__all__ = [
    "CoveragePolicyAdmin",
    "DeviceAdmin",
    "ServicePolicyAdmin",
    "SimAdmin",
    "SimBatchAdmin",
    "SimModelAdmin",
]
