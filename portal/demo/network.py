"""A network that delivers: which SIMs report, how much they use, and posting it like emnify's Data Streamer."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import close_old_connections, connection
from django.utils import timezone

from kit.clock import iso_moment
from kit.mobile_networks import networks
from portal.demo.sessions import Sessions
from sims.identifiers import iccid_with_luhn
from sims.models import Sim, Sms, SmsStatus
from sims.models.usage import TrafficType
from sims.policies.coverage import Coverage, coverage_of
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.deliveries import record_id_of_sms

TIMEOUT: Final = 30  # seconds
MOST_SMS: Final = 500
"""Messages of one delivery."""
OPERATORS: Final = (26201, 26202, 20404, 20408, 22201, 22210)
"""Networks that devices of the demo are on, in Germany, the Netherlands and Italy."""
_FIELDS: Final = (
    "pk",
    "iccid",
    "imsi",
    "workspace_id",
    "workspace__name",
    "device_id",
    "device__name",
    "device__coverage_policy_id",
    "status",
)
SimOfNetwork = tuple[int, str, str, int, str, int, str, int | None, int]


class FeedRefused(RuntimeError):
    """The portal does not take our records, and will not the next time either."""


def on_the_network(status: int) -> list[SimOfNetwork]:
    """Return SIMs in a state whose devices are enabled: what a network sees.

    Args:
        status: Activated or Factory Test.
    """
    sims = Sim.objects.filter(status=status, device__status=DeviceStatus.ENABLED, workspace__isnull=False)
    return list(sims.order_by("pk").values_list(*_FIELDS))


def usage_record(
    sim: SimOfNetwork,
    *,
    record_id: int | str,
    ended: datetime,
    size: int | None = None,
    messages: int = 0,
    rng: random.Random,
    operators: Sequence[int] = OPERATORS,
) -> dict[str, Any]:
    """Return one record as the network sends it.

    Args:
        sim: of `on_the_network`.
        record_id: its id.
        ended: in UTC.
        size: bytes; `None` for SMS.
        messages: SMS, where there is no size.
        rng: decides on what matters to nobody.
        operators: networks that the device may be on.
    """
    pk, iccid, imsi, workspace_id, workspace, device_id, device, _policy_id, _status = sim
    if size is None:
        received = rng.randint(0, messages)
        volume: dict[str, Any] = {"total": messages, "rx": received, "tx": messages - received}
        kind, started = {"id": int(TrafficType.SMS), "description": "SMS"}, ended
    else:
        down = size * rng.randint(25, 75) // 100
        volume = {"total": _megabytes(size), "rx": _megabytes(down), "tx": _megabytes(size - down)}
        kind = {"id": int(TrafficType.DATA), "description": "Data"}
        started = ended - timedelta(seconds=rng.randint(5, 45))
    return {
        "id": record_id,
        "event_start_timestamp": iso_moment(started),
        "start_timestamp": iso_moment(started),
        "end_timestamp": iso_moment(ended),
        "traffic_type": kind,
        "volume": volume,
        "sim": {"id": pk, "iccid": iccid_with_luhn(iccid)},
        "imsi": imsi,
        "organisation": {"id": workspace_id, "name": workspace},
        "endpoint": {"id": device_id, "name": device},
        "operator": operator_object(rng.choice(operators)),
        "cost": 0,
        "currency": {"id": 1, "code": "EUR", "symbol": "€"},
    }


def operator_object(network_id: int) -> dict[str, Any]:
    """Return a mobile network as usage records name it."""
    network = networks()[network_id]
    country = {"id": network.country.id, "name": network.country.name, "mcc": network.mcc}
    return {"id": network.id, "name": network.name, "mnc": network.mnc, "country": country}


def delivery_record(sim: SimOfNetwork, sms: Sms, *, ended: datetime, operator_id: int) -> dict[str, Any]:
    """Return the record by which the network says that a message has arrived: it has the id under which it counts."""
    rng = random.Random(0)  # noqa: S311 - nothing is left to chance
    record = usage_record(
        sim, record_id=record_id_of_sms(sms.pk), ended=ended, messages=1, rng=rng, operators=[operator_id]
    )
    return {**record, "volume": {"total": 1, "rx": 1, "tx": 0}}


def _megabytes(size: int) -> Decimal:
    return Decimal(size) / 1_000_000


def _coverage(sims: Sequence[SimOfNetwork]) -> Coverage:
    return coverage_of(device_ids={sim[5] for sim in sims}, policy_ids={sim[7] for sim in sims if sim[7] is not None})


def _usable(sim: SimOfNetwork, coverage: Coverage) -> list[int]:
    """Return the networks that let a device in: none of those that it, or its policy, is kept off."""
    return [each for each in OPERATORS if coverage.allows(each, device_id=sim[5], policy_id=sim[7])]


class DemoNetwork:
    """Delivers what some SIMs have used since the last time, where they are, and which messages have arrived.

    Args:
        url: address of the portal.
        token: network feed token.
        devices: activated SIMs that report each time.
        tested: SIMs in factory test that report each time; the same ones until their tests are over.
        seed: makes it repeatable; the ids of records are not.
    """

    def __init__(self, *, url: str, token: str, devices: int, tested: int, seed: int | None = None) -> None:
        self._url = f"{url.rstrip('/')}/api/v1"
        self._token = token
        self._devices, self._tested = devices, tested
        self._rng = random.Random(seed)  # noqa: S311 - believable, not secret
        self._serial = time.time_ns() // 1_000
        self._sessions = Sessions(self._rng, self._serial)
        self._reports: list[dict[str, Any]] = []

    def deliver(self) -> str:
        """Post what is reported and used; return what became of it, empty when there was nothing or nobody answered.

        Raises:
            FeedRefused: the token is wrong.
        """
        if not connection.in_atomic_block:
            # A database that was started again in between is found again.
            close_old_connections()
        records = self._records()
        reports, self._reports = self._reports, []
        told = [
            self._post("events/ingest", reports) if reports else "",
            self._post("usage", records) if records else "",
        ]
        return "; ".join(filter(None, told))

    def _records(self) -> list[dict[str, Any]]:
        rng = self._rng
        activated = on_the_network(SimStatus.ACTIVATED)
        # The first ones go on until they are through, so that one sees tests come to their end.
        chosen = rng.sample(activated, min(self._devices, len(activated)))
        chosen += on_the_network(SimStatus.FACTORY_TEST)[: self._tested]
        waiting = list(
            Sms.objects.filter(status=SmsStatus.PENDING, expires__gt=timezone.now()).order_by("pk")[:MOST_SMS]
        )
        receivers = {sim[0]: sim for sim in self._receivers(waiting)}
        coverage = _coverage([*chosen, *receivers.values()])
        records = [self._record(sim, operators) for sim in chosen if (operators := _usable(sim, coverage))]
        for sms in waiting:
            receiver = receivers.get(sms.sim_id)
            operators = _usable(receiver, coverage) if receiver else []
            if receiver and operators:
                ended = max(timezone.now(), sms.submitted)
                records.append(delivery_record(receiver, sms, ended=ended, operator_id=operators[0]))
        return records

    def _receivers(self, waiting: Sequence[Sms]) -> list[SimOfNetwork]:
        """Return the SIMs that messages wait for and that can receive them now."""
        usable = Sim.objects.filter(status__in=(SimStatus.ACTIVATED, SimStatus.FACTORY_TEST))
        on = usable.filter(pk__in=[sms.sim_id for sms in waiting], device__status=DeviceStatus.ENABLED)
        return list(on.order_by("pk").values_list(*_FIELDS))

    def _record(self, sim: SimOfNetwork, usable: Sequence[int]) -> dict[str, Any]:
        rng = self._rng
        self._serial += 1
        ended = timezone.now() - timedelta(seconds=rng.uniform(0, 10))
        pk, iccid, imsi = sim[:3]
        # The session begins before what is used in it.
        used_on, told = self._sessions.network_for(pk, iccid, imsi, usable, ended - timedelta(seconds=50))
        self._reports += told
        if rng.random() < 0.2:
            return usage_record(sim, record_id=self._serial, ended=ended, messages=1, rng=rng, operators=[used_on])
        most = 16_000 if sim[-1] == SimStatus.FACTORY_TEST else 400_000
        size = int(most * rng.betavariate(1.5, 4))
        return usage_record(sim, record_id=self._serial, ended=ended, size=max(size, 40), rng=rng, operators=[used_on])

    def _post(self, path: str, records: Sequence[dict[str, Any]]) -> str:
        url = f"{self._url}/{path}"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise FeedRefused(f"{url} is no address of a portal.")
        request = urllib.request.Request(  # noqa: S310 - the scheme has been checked
            url,
            data=as_json(records),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                report = json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403, 404):
                raise FeedRefused(f"{url} answers {error.code}: {error.reason}. Check address and token.") from error
            return ""
        except (TimeoutError, OSError, ValueError):
            # The portal starts, or is busy; the next delivery comes soon.
            return ""
        noun = "records" if path == "usage" else "reports"
        return (
            f"{len(records)} {noun}: {report['accepted']} accepted, {report['duplicates']} duplicates,"
            f" {len(report['rejected'])} rejected"
        )


def as_json(records: Iterable[dict[str, Any]]) -> bytes:
    """Return records as JSON, with volumes as the exact decimals they are."""
    return json.dumps(list(records), default=float).encode()
