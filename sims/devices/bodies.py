"""Bodies of the endpoint calls, as the contract has them (`docs/api.md` section 5)."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from kit.api.types import Body, BodyId, Flag, Reference, WireText


class SimOfNewEndpoint(Body):
    """The SIM to put on a new endpoint."""

    wire_name = "Sim"

    id: BodyId
    activate: Flag = Field(False, description="Factory test where the workspace has it, else activation.")
    status: Reference | None = Field(None, description="1 Activated or 4 Factory Test; wins over `activate`.")


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


class SimOfEndpoint(Body):
    """What becomes of an endpoint's SIM: another one (`id`), none (`"id": null`), or another status for it."""

    wire_name = "Sim"

    id: BodyId | None = None
    activate: Flag = False
    status: Reference | None = None


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
