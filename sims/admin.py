"""Pages of the admin site for batches, SIMs, devices and policies."""

from sims.devices.admin import DeviceAdmin
from sims.inventory.admin.batches import SimBatchAdmin
from sims.inventory.admin.models import SimModelAdmin
from sims.inventory.admin.sims import SimAdmin
from sims.policies.admin import CoveragePolicyAdmin, ServicePolicyAdmin

__all__ = [
    "CoveragePolicyAdmin",
    "DeviceAdmin",
    "ServicePolicyAdmin",
    "SimAdmin",
    "SimBatchAdmin",
    "SimModelAdmin",
]
