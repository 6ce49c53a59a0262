"""What the calls about connectivity answer, for the OpenAPI document."""

from __future__ import annotations

from pydantic import Field

from kit.api.document import Absent, Answer, Lookup, NamedRef, Ref
from sims.answers import RegisteredSim
from sims.policies.api.answers import BlockedOperatorAnswer

_TIME = "2026-11-20T08:15:00.000+0000"


class ConnectivityStatus(Answer):
    """ONLINE, ATTACHED, OFFLINE or BLOCKED."""

    description: str = Field(examples=["OFFLINE"])


class Service(Answer):
    """A service in use."""

    description: str = Field(examples=["Data"])


class ConnectivityAnswer(Answer):
    """How an endpoint is connected, as far as its usage tells."""

    status: ConnectivityStatus
    services: list[Service]


class ConnectivityInfo(Answer):
    """The answer to the query for a subscriber; there is always one."""

    success: bool = Field(description="Whether the network has reported anything of it.")
    error: str | Absent = Field(None, description='E.g. "No information from the network."')
    status: ConnectivityStatus | Absent = None
    last_seen: str | Absent = Field(None, examples=[_TIME], description="End of the newest usage record.")
    operator: BlockedOperatorAnswer | Absent = Field(None, description="The network of that record.")
    traffic_type: Lookup | Absent = Field(None, description="Of that record: 5 Data, 6 SMS.")


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
