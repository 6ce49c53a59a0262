"""Networks and countries as the calls answer them, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kit.api.document import Absent, Answer, NamedRef
from kit.mobile_networks import network_name, networks


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


def blocked_operator_object(operator_id: int) -> dict[str, Any]:
    """Return a network as lists of blocked ones have it, also one that has left the list of networks since."""
    made: dict[str, Any] = {"id": operator_id, "name": network_name(operator_id)}
    network = networks().get(operator_id)
    if network is not None:
        made["country"] = {"id": network.country.id, "name": network.country.name}
    return made
