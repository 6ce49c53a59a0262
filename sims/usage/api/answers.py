"""What the calls about usage answer, for the OpenAPI document."""

from __future__ import annotations

from pydantic import Field

from accounts.wire import CurrencyAnswer
from kit.api.document import Absent, Answer, Lookup


class Volume(Answer):
    """What was used: MB of data, or messages."""

    volume: float = Field(examples=[1.25])
    volume_tx: float = Field(examples=[0.75], description="From the device.")
    volume_rx: float = Field(examples=[0.5], description="To the device.")
    cost: float = Field(
        examples=[0.0125],
        description="Sum of what the network's usage records state, in the workspace's currency. Costs that they state "
        "in another currency are not in it, and what a data plan includes is not taken off.",
    )
    currency: CurrencyAnswer
    traffic_type: Lookup
    month: str | Absent = Field(None, examples=["2026-11-01"], description="Its first day; of a month's sums only.")


class UsageAnswer(Answer):
    """Data and SMS."""

    data: Volume
    sms: Volume


class StatsAnswer(Answer):
    """Usage of three spans."""

    last_month: UsageAnswer
    current_month: UsageAnswer
    last_hour: UsageAnswer


class SimCounts(Answer):
    """Number of SIMs by state; deleted ones are not counted."""

    issued: int
    factory_mode: int
    active: int
    suspended: int
    total: int


class OrganisationStatsAnswer(StatsAnswer):
    """Usage of three spans, and what the workspace has."""

    sim: SimCounts
    service_profiles: int
    tariff_profiles: int
    users: int
    active_chargeable_sims: int | Absent = Field(
        None, description="SIMs that were Activated here at any time this month, suspended or gone since or not."
    )
    hosting_fees: float | Absent = Field(None, description="What these cost by the package's scale.")
    prepaid_balance: float | Absent = Field(None, description="What is left of the prepaid credit of a trial.")


class DayAnswer(Answer):
    """Usage of a day of the operator's billing zone."""

    date: str = Field(examples=["2026-11-20"])
    data: Volume
    sms: Volume


class HourAnswer(Answer):
    """Usage of an hour."""

    date: str = Field(examples=["2026-11-20T08:00:00.000+0000"], description="Begin of the hour, in UTC.")
    data: Volume
    sms: Volume


class WorkspaceDaysAnswer(Answer):
    """Usage of a workspace by day."""

    id: int = Field(examples=[12])
    name: str = Field(examples=["Example North"])
    stats: list[DayAnswer]
