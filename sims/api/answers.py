"""What the calls about SIMs and endpoints answer, for the OpenAPI document."""

from __future__ import annotations

from pydantic import Field

from accounts.wire import CurrencyAnswer
from kit.api.document import Absent, Answer, Lookup, NamedRef, Ref

_TIME = "2026-11-20T08:15:00.000+0000"
_ICCID, _FULL_ICCID, _IMSI = "8988303000000000001", "89883030000000000012", "901430000000001"


class Manufacturer(Answer):
    """Who made a card."""

    name: str = Field(examples=["Example Cards"])


class SimModelAnswer(Answer):
    """A kind of card or chip."""

    id: int = Field(examples=[1])
    description: str = Field(examples=["Industrial nano"])
    memory_size: int = Field(examples=[128], description="kB.")
    formfactor: NamedRef
    manufacturer: Manufacturer


class EndpointOfSim(Answer):
    """The endpoint that a SIM is on."""

    id: int = Field(examples=[5120])
    name: str = Field(examples=["Pump 12"])
    created: str = Field(examples=[_TIME])
    last_updated: str = Field(examples=[_TIME])
    organisation_id: int = Field(examples=[12])
    service_profile_id: int | None = Field(examples=[3])
    tariff_profile_id: int | None = Field(examples=[4])
    imei: str | Absent = Field(None, examples=["490154203237518"])
    tags: str | Absent = Field(None, examples=["north,pump"])
    ip_address: str | Absent = Field(None, examples=["10.192.0.7"])
    ip_address_space_id: int | Absent = Field(None, examples=[1])


class SimAnswer(Answer):
    """A SIM."""

    id: int = Field(examples=[2210])
    iccid: str = Field(examples=[_ICCID], description="19 digits.")
    iccid_with_luhn: str = Field(examples=[_FULL_ICCID])
    imsi: str = Field(examples=[_IMSI])
    msisdn: str | Absent = Field(None, examples=["882360012345678"])
    eid: str | Absent = None
    production_date: str = Field(examples=[_TIME])
    activation_date: str | Absent = Field(None, examples=[_TIME], description="First activation.")
    status: Lookup
    customer_org: NamedRef
    issuer_org: NamedRef | Absent = None
    reseller_org: NamedRef | Absent = None
    model: SimModelAnswer
    endpoint: EndpointOfSim | Absent = None


class SimOfEndpoint(Answer):
    """The SIM of an endpoint."""

    id: int = Field(examples=[2210])
    iccid: str = Field(examples=[_ICCID])
    iccid_with_luhn: str = Field(examples=[_FULL_ICCID])
    imsi: str = Field(examples=[_IMSI])
    msisdn: str | Absent = Field(None, examples=["882360012345678"])
    eid: str | Absent = None
    status: Lookup


class EndpointAnswer(Answer):
    """An endpoint."""

    id: int = Field(examples=[5120])
    name: str = Field(examples=["Pump 12"])
    tags: str | Absent = Field(None, examples=["north,pump"])
    created: str = Field(examples=[_TIME])
    last_updated: str = Field(examples=[_TIME])
    status: Lookup
    organisation: NamedRef
    service_profile: NamedRef
    tariff_profile: NamedRef
    imei: str | Absent = Field(None, examples=["490154203237518"])
    imei_with_luhn: str | Absent = Field(None, examples=["490154203237518"])
    imei_lock: bool
    ip_address: str | Absent = Field(None, examples=["10.192.0.7"])
    ip_address_space: Ref | Absent = None
    sim: SimOfEndpoint | Absent = None


class BatchAnswer(Answer):
    """A batch that may be registered; its numbers are strings."""

    id: str = Field(examples=["7"])
    bic: str = Field(examples=["1234567890120001"])
    quantity: str = Field(examples=["25"])
    sim_model_id: str = Field(examples=["1"])
    customer_org_id: str | Absent = Field(None, examples=["12"])
    model: SimModelAnswer


class RegisteredSim(Answer):
    """A SIM that was registered."""

    id: int = Field(examples=[2210])
    iccid: str = Field(examples=[_ICCID])


class RegistrationAnswer(Answer):
    """All SIMs of the batch."""

    sim: list[RegisteredSim]


class MovedSim(Answer):
    """A SIM that moves, as it was before."""

    id: int = Field(examples=[2210])
    iccid: str = Field(examples=[_ICCID])
    iccid_with_luhn: str = Field(examples=[_FULL_ICCID])
    endpoint: NamedRef | Absent = None
    status: Lookup
    source_workspace: NamedRef


class MigrationAnswer(Answer):
    """What was moved, or in a dry run would be."""

    sim_count: int = Field(examples=[1])
    dry_run: bool
    allowed_sim_statuses: list[Lookup] | Absent = None
    target_workspace: NamedRef
    auto_detach_devices: bool
    sims: list[MovedSim]


class MigrationProblem(Answer):
    """One reason why SIMs can't move."""

    error_code: int = Field(examples=[1502])
    message: str = Field(examples=["SIMs are on devices."])
    sims: list[RegisteredSim]


class MigrationRefused(Answer):
    """Nothing was moved."""

    status_code: int = Field(examples=[409])
    message: str = Field(examples=["SIMs are on devices."])
    errors: list[MigrationProblem]


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


class Usage(Answer):
    """Data and SMS."""

    data: Volume
    sms: Volume


class StatsAnswer(Answer):
    """Usage of three spans."""

    last_month: Usage
    current_month: Usage
    last_hour: Usage


class DayAnswer(Answer):
    """Usage of a day, in UTC."""

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


class OperatorMnc(Answer):
    """A network code."""

    mnc: str = Field(examples=["01"])


class CountryAnswer(Answer):
    """A country with mobile networks."""

    id: int = Field(examples=[405])
    name: str = Field(examples=["Germany"])
    iso_code: str | Absent = Field(None, examples=["de"])
    mcc: str = Field(examples=["262"], description="Mobile country codes, separated by commas.")


class OperatorAnswer(Answer):
    """A mobile network; its id is MCC and MNC as one number."""

    id: int = Field(examples=[26201])
    name: str = Field(examples=["Telekom"])
    country: CountryAnswer
    mnc: list[OperatorMnc]


class BlockedOperatorAnswer(Answer):
    """A network that an endpoint is kept off."""

    id: int = Field(examples=[26201])
    name: str = Field(examples=["Telekom"])
    country: NamedRef | Absent = None


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
