"""SIMs, devices and policies, and what the network reports of them."""

from sims.models.charges import DepartedSim
from sims.models.connectivity import (
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    Sms,
    SmsStatus,
)
from sims.models.devices import Device
from sims.models.inventory import Sim, SimBatch, SimModel
from sims.models.policies import CoveragePolicy, ServicePolicy
from sims.models.schedule import ScheduledAction, ScheduledObject
from sims.models.tenures import PastBar, PastTestLimits, SimTenure
from sims.models.usage import FactoryTestRange, FactoryTestWatch, TrafficType, UsageDay, UsageRecord

__all__ = [
    "BlockedOperator",
    "CoverageBlockedOperator",
    "CoverageExcludedZone",
    "CoveragePolicy",
    "DepartedSim",
    "Device",
    "FactoryTestRange",
    "FactoryTestWatch",
    "PastBar",
    "PastTestLimits",
    "ScheduledAction",
    "ScheduledObject",
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
