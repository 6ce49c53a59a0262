"""What the calls about connectivity answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kit.api.document import Absent, Answer, Lookup, NamedRef, Ref
from sims.answers import RegisteredSim
from sims.policies.api.answers import BlockedOperatorAnswer

_TIME = "2026-11-20T08:15:00.000+0000"


class ConnectivityStatus(Answer):
    """ONLINE, ATTACHED or OFFLINE."""

    description: str = Field(examples=["OFFLINE"])


class Location(Answer):
    """Where an endpoint is attached, as the network reported it."""

    iccid: str = Field(examples=["89883030000000000019"])
    imsi: str = Field(examples=["901430000000017"])
    last_updated: str | None = Field(examples=[_TIME], description="Newest report for calls and SMS.")
    last_updated_gprs: str | None = Field(examples=[_TIME], description="Newest report for data.")
    vlr_number: str | None = Field(examples=["491720000001"])
    msc: None = Field(description="Not reported.")
    sgsn_number: str | None = Field(examples=["491720000002"])
    sgsn_ip_address: str | None = Field(examples=["198.51.100.4"])
    operator: dict[str, Any] | None = Field(description="As reported: id, name and country.")
    country: dict[str, Any] | None = Field(description="As reported.")


class ConnectivityAnswer(Answer):
    """How an endpoint is connected, as the network tells."""

    status: ConnectivityStatus
    services: list[str] = Field(examples=[["Data"]])
    location: Location | Absent = None
    pdp_context: dict[str, Any] | Absent = Field(None, description="The open data session as it was reported.")


class ConnectivityInfo(Answer):
    """The answer to the query for a subscriber; there is always one."""

    success: bool = Field(description="Whether the network has reported anything of it.")
    error: str | Absent = Field(None, description='E.g. "No information from the network."')
    status: ConnectivityStatus | Absent = None
    last_seen: str | Absent = Field(None, examples=[_TIME], description="The newest sign of life.")
    operator: BlockedOperatorAnswer | Absent = Field(None, description="The network it came from.")
    traffic_type: Lookup | Absent = Field(None, description="Of the newest usage record: 5 Data, 6 SMS.")


class SmsAnswer(Answer):
    """A message."""

    id: int = Field(examples=[9])
    payload: str = Field(examples=["reboot"])
    source_address: str = Field(examples=["12345"])
    dcs: int = Field(examples=[0])
    udh: str | Absent = None
    submit_date: str = Field(examples=[_TIME])
    expiry_date: str = Field(examples=[_TIME])
    delivery_date: str | Absent = None
    status: Lookup
    sms_type: Lookup
    endpoint: NamedRef
    sim: RegisteredSim
    organisation: Ref
