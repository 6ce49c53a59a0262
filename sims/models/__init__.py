"""SIMs, devices and policies, and what the network reports of them."""

from sims.models.batches import SimBatch, SimModel
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
from sims.models.device_files import DeviceFile
from sims.models.devices import NOTE_LENGTH, Device
from sims.models.imports import SimImport
from sims.models.inventory import Sim
from sims.models.numbers import SimNumbers
from sims.models.policies import CoveragePolicy, ServicePolicy
from sims.models.schedule import ScheduledAction, ScheduledObject
from sims.models.tenures import PastBar, PastTestLimits, SimTenure
from sims.models.usage import FactoryTestRange, FactoryTestWatch, TrafficType, UsageDay, UsageRecord

__all__ = [
    "NOTE_LENGTH",
    "Attachment",
    "BlockedOperator",
    "CoverageBlockedOperator",
    "CoverageExcludedZone",
    "CoveragePolicy",
    "DepartedSim",
    "Device",
    "DeviceFile",
    "FactoryTestRange",
    "FactoryTestWatch",
    "NetworkReport",
    "PastBar",
    "PastTestLimits",
    "ScheduledAction",
    "ScheduledObject",
    "ServicePolicy",
    "Sim",
    "SimBatch",
    "SimImport",
    "SimModel",
    "SimNumbers",
    "SimTenure",
    "Sms",
    "SmsStatus",
    "TrafficType",
    "UsageDay",
    "UsageRecord",
]
