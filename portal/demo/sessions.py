"""The data sessions of a network that is played: devices attach, roam, and open and close sessions."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from kit.clock import iso_moment
from kit.mobile_networks import networks
from sims.identifiers import iccid_with_luhn

ROAMS, ENDS = 0.03, 0.08
"""How often a device that is asked for finds another network, or closes its session."""
_RADIO: Final = (6, 6, 6, 2, 1, 8)
"""What sessions run on, by the numbers of `sims.devices.connections.RADIO`: most on 4G."""


@dataclass(slots=True)
class _Session:
    """An open session of a SIM."""

    name: str
    network: int
    context: dict[str, Any]


class Sessions:
    """The sessions of all SIMs that are played.

    Args:
        rng: decides on what happens.
        serial: id of the first report.
    """

    def __init__(self, rng: random.Random, serial: int) -> None:
        self._rng = rng
        self._serial = serial
        self._open: dict[int, _Session] = {}

    def network_for(
        self, pk: int, iccid: str, imsi: str, usable: Sequence[int], moment: datetime
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return the network that a SIM uses now, and what is reported of it.

        Args:
            pk, iccid, imsi: of the SIM.
            usable: networks that let it in, at least one.
            moment: when it uses the network.
        """
        current, told = self._open.get(pk), []
        sim = {"sim": {"id": pk, "iccid": iccid_with_luhn(iccid)}, "imsi": {"id": pk, "imsi": imsi}}
        leaves = current is not None and (current.network not in usable or self._rng.random() < ROAMS)
        if current is not None and (leaves or self._rng.random() < ENDS):
            told.append(self._ended(sim, current, moment - timedelta(seconds=3)))
            if not leaves:
                usable = [current.network]
            current = None
        if current is None:
            network = self._rng.choice(usable)
            current = self._open[pk] = _Session(str(uuid.UUID(int=self._rng.getrandbits(128))), network, {})
            told += self._begun(sim, imsi, current, moment - timedelta(seconds=2))
        return current.network, told

    def _begun(self, sim: dict[str, Any], imsi: str, session: _Session, moment: datetime) -> list[dict[str, Any]]:
        operator = operator_of_events(session.network)
        number = f"49{session.network}0001"
        address = f"198.51.100.{self._rng.randint(1, 254)}"
        session.context = {
            "apn": "iot.example",
            "rat_type": self._rng.choice(_RADIO),
            "ue_ip_address": f"203.0.113.{self._rng.randint(1, 254)}",
            "sgsn_control_plane_ip_address": address,
            "mcc": operator["country"]["mcc"],
            "mnc": operator["mnc"][0]["mnc"],
            "tunnel_created": iso_moment(moment)[:19],
            "region": "eu-central-1",
            "imsi": imsi,
        }
        detail = {**operator, "session_id": session.name, "pdp_context": session.context}
        return [
            self._report(
                sim,
                1,
                moment,
                f"New location received from VLR for IMSI='{imsi}', now attached to VLR='{number}'.",
                operator,
            ),
            self._report(
                sim,
                2,
                moment,
                f"New location received from SGSN for IMSI='{imsi}', now attached to SGSN='{number}', IP='{address}'.",
                operator,
            ),
            self._report(
                sim,
                3,
                moment,
                f"New PDP Context successfully activated with SGSN CP={address}, DP={address}.",
                detail,
            ),
        ]

    def _ended(self, sim: dict[str, Any], session: _Session, moment: datetime) -> dict[str, Any]:
        detail = {**operator_of_events(session.network), "session_id": session.name, "pdp_context": session.context}
        return self._report(sim, 5, moment, "PDP Context deleted.", detail)

    def _report(
        self, sim: dict[str, Any], kind: int, moment: datetime, said: str, detail: dict[str, Any]
    ) -> dict[str, Any]:
        self._serial += 1
        return {
            "id": self._serial,
            "timestamp": iso_moment(moment),
            "event_type": {"id": kind},
            "event_source": {"id": 0, "description": "Network"},
            "event_severity": {"id": 0, "description": "Info"},
            "alert": False,
            "description": said,
            **sim,
            "detail": detail,
        }


def operator_of_events(network_id: int) -> dict[str, Any]:
    """Return a mobile network as events of the network name it."""
    network = networks()[network_id]
    country = {"id": network.country.id, "name": network.country.name, "mcc": network.mcc}
    if network.country.iso_code:
        country["iso_code"] = network.country.iso_code
    return {"id": network.id, "name": network.name, "country": country, "mnc": [{"id": network.id, "mnc": network.mnc}]}
