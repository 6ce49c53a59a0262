"""Bodies of the endpoint calls, as the contract has them, and what they ask of the services."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import Field, model_validator

from kit.api.types import Body, BodyId, Flag, Reference, WireText
from sims.devices.services.devices import NewDevice
from sims.devices.services.patches import DevicePatch, SimPatch
from sims.inventory.services.assignment import SimChoice

_PROPERTIES: Final = ("name", "tags", "imei", "imei_lock", "ip_address")
_POLICIES: Final = {"service_profile": "service_policy_id", "tariff_profile": "coverage_policy_id"}


class SimOfNewEndpoint(Body):
    """The SIM to put on a new endpoint."""

    wire_name = "Sim"

    id: BodyId
    activate: Flag = Field(False, description="Factory test where the workspace has it, else activation.")
    status: Reference | None = Field(None, description="1 Activated or 4 Factory Test; wins over `activate`.")

    def choice(self) -> SimChoice:
        """Return the SIM and the state to bring it into."""
        return SimChoice(self.id, self.status.id if self.status else None, self.activate)


class EndpointCreation(Body):
    """A new endpoint."""

    wire_name = "Endpoint"
    invalid_extra = {"status_code": 422}

    name: WireText
    service_profile: Reference
    tariff_profile: Reference
    status: Reference = Field(description="0 Enabled, 1 Disabled.")
    tags: WireText | None = Field(None, description="Names separated by commas.")
    imei: WireText | None = Field(None, description="14 to 16 digits.")
    imei_lock: Flag | None = False
    ip_address: WireText | None = None
    ip_address_space: Reference | None = Field(None, description="Needed with ip_address.")
    organisation: Reference | None = Field(None, description="The workspace of the token.")
    sim: SimOfNewEndpoint | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_sim(cls, value: Any) -> Any:
        """Take `"sim": {"id": null}` for no SIM, as clients write it."""
        return _without_null_sim(value)


class NewEndpoint(Body):
    """One of several new endpoints."""

    wire_name = "Endpoint"

    name: WireText = Field(examples=["Pump 13"])
    tags: WireText | None = None
    imei: WireText | None = Field(None, examples=["490154203237518"])
    imei_lock: Flag | None = False
    ip_address: WireText | None = None
    ip_address_space: Reference | None = Field(None, description="Needed with ip_address.")
    sim: SimOfNewEndpoint | None = None


class EndpointsCreation(Body):
    """New endpoints with the same profiles and status."""

    wire_name = "Endpoint"
    invalid_extra: ClassVar[dict[str, Any]] = {"status_code": 422}

    service_profile: Reference
    tariff_profile: Reference
    status: Reference = Field(description="0 Enabled, 1 Disabled.")
    endpoints: list[NewEndpoint]


def new_device(new: EndpointCreation | NewEndpoint, common: EndpointCreation | EndpointsCreation) -> NewDevice:
    """Return the device that is asked for.

    Args:
        new: what is its own.
        common: where its profiles and status stand: with it, or beside all that are asked for.
    """
    return NewDevice(
        name=new.name,
        service_policy_id=common.service_profile.id,
        coverage_policy_id=common.tariff_profile.id,
        status=common.status.id,
        tags=new.tags or "",
        imei=new.imei or "",
        imei_lock=bool(new.imei_lock),
        ip_address=new.ip_address,
        sim=new.sim.choice() if new.sim is not None else None,
    )


class SimOfEndpoint(Body):
    """What becomes of an endpoint's SIM: another one (`id`), none (`"id": null`), or another status for it."""

    wire_name = "Sim"

    id: BodyId | None = None
    activate: Flag = False
    status: Reference | None = None

    def patch(self) -> SimPatch:
        """Return what becomes of the SIM; `"id": null`, which is not the same as no `id`, takes it off."""
        release = "id" in self.model_fields_set and self.id is None
        return SimPatch(self.id, release, self.status.id if self.status else None, self.activate)


class EndpointPatch(Body):
    """Any part of an endpoint; keys that are not sent stay as they are."""

    wire_name = "Endpoint"
    invalid_text = "Update endpoint validation error"

    name: WireText = ""
    service_profile: Reference = Reference(id=0)
    tariff_profile: Reference = Reference(id=0)
    status: Reference = Field(Reference(id=0), description="0 Enabled, 1 Disabled; moves the endpoint alone.")
    tags: WireText | None = None
    imei: WireText | None = None
    imei_lock: Flag | None = None
    ip_address: WireText | None = None
    ip_address_space: Reference | None = None
    organisation: Reference | None = None
    sim: SimOfEndpoint | None = None

    def patch(self) -> DevicePatch:
        """Return what is asked for the device, out of the keys that were sent."""
        sent = self.model_fields_set
        values: dict[str, Any] = {key: getattr(self, key) for key in _PROPERTIES if key in sent}
        values |= {name: getattr(self, key).id for key, name in _POLICIES.items() if key in sent}
        return DevicePatch(
            values=values,
            status=self.status.id if "status" in sent else None,
            sim=self.sim.patch() if self.sim is not None else None,
        )


class EndpointsPatch(EndpointPatch):
    """A change of one of several endpoints."""

    id: BodyId


class ConnectivityPatch(Body):
    """A reset of the connection: `{"pdp_context": null}`, `{"location": null}` or both."""

    wire_name = "Connectivity"
    invalid_status = 400

    location: None = None
    pdp_context: None = None


def _without_null_sim(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("sim"), dict) and value["sim"].get("id", 0) is None:
        return {key: each for key, each in value.items() if key != "sim"}
    return value
