"""What the calls about SIMs and endpoints answer, for the OpenAPI document."""

from __future__ import annotations

from pydantic import Field

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
    """A batch that may be registered; most numbers are strings. What we have no value for is null."""

    id: int = Field(examples=[31])
    sim_batch_status_id: str = Field(examples=["0"])
    bsn: str | None
    bic: str = Field(examples=["1234567890123456"])
    quantity: str = Field(examples=["25"])
    sim_model_id: str = Field(examples=["4"])
    issuer_org_id: str = Field(examples=["1"])
    customer_org_id: int | None = Field(examples=[12], description="null: whoever holds the code may register it.")
    reseller_org_id: int = Field(examples=[1])
    activated: str = Field(examples=["0"])
    logistic_center_id: str | None
    article_id: str | None
    status: Lookup
    model: SimModelAnswer


class RegisteredSim(Answer):
    """A SIM that was registered."""

    id: int = Field(examples=[2210])
    iccid: str = Field(examples=[_ICCID])


class RegistrationAnswer(Answer):
    """The SIMs that a registration brought: all of the batch."""

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
