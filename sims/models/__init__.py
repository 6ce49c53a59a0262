"""SIMs, devices and policies, and what the network reports of them."""

from sims.models.charges import DepartedSim
from sims.models.connectivity import (
    Attachment,
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    NetworkReport,
    Sms,
    SmsStatus,
)
from sims.models.devices import Device
from sims.models.inventory import Sim, SimBatch, SimModel
from sims.models.policies import CoveragePolicy, ServicePolicy
from sims.models.tenures import PastBar, PastTestLimits, SimTenure
from sims.models.usage import FactoryTestRange, FactoryTestWatch, TrafficType, UsageDay, UsageRecord

__all__ = [
    "Attachment",
    "BlockedOperator",
    "CoverageBlockedOperator",
    "CoverageExcludedZone",
    "CoveragePolicy",
    "DepartedSim",
    "Device",
    "FactoryTestRange",
    "FactoryTestWatch",
    "NetworkReport",
    "PastBar",
    "PastTestLimits",
    "ServicePolicy",
    "Sim",
    "SimBatch",
    "SimModel",
    "SimTenure",
    "Sms",
    "SmsStatus",
    "TrafficType",
    "UsageDay",
    "UsageRecord",
]
