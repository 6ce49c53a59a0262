"""Usage records as the network sends them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from kit.context import NETWORK, Surface, acting_as
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.usage.services.factory_test import settle
from sims.usage.services.ingest import IngestResult, ingest
from tests.cast import Cast

_ids = itertools.count(1000)


def wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def record(sim: Sim, /, *, mb: str | None = None, sms: int | None = None, **values: Any) -> dict[str, Any]:
    """One record of data in MB, or of messages, that has just ended."""
    amount: Any = Decimal(mb) if mb is not None else sms
    ended = values.pop("ended", None) or timezone.now()
    return {
        "id": next(_ids),
        "sim": {"id": sim.pk, "iccid": sim.iccid},
        "organisation": {"id": sim.workspace_id},
        "traffic_type": {"id": 5 if mb is not None else 6},
        "volume": {"total": amount, "rx": amount, "tx": 0},
        "start_timestamp": wire(ended - timedelta(seconds=30)),
        "end_timestamp": wire(ended),
        "operator": {"id": 4, "name": "Example Mobile"},
        **values,
    }


def deliver(*records: Any, moment: datetime | None = None) -> IngestResult:
    """Take records in as the network."""
    with acting_as(NETWORK, surface=Surface.API, moment=moment):
        return ingest(records)


def check(number: int = 0, *, moment: datetime | None = None) -> int:
    """Run one check of a range as the worker does."""
    with acting_as(NETWORK, moment=moment):
        return settle(number=number)


def in_test(cast: Cast, count: int = 1, *, since: datetime | None = None) -> list[Sim]:
    """SIMs on enabled devices, in factory test since an hour unless said."""
    sims = cast.sims(count)
    for sim in sims:
        cast.device(sim=sim)
    moment = since or timezone.now() - timedelta(hours=1)
    with cast.acting(cast.owner, moment=moment):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=4)
    return list(Sim.objects.filter(pk__in=[sim.pk for sim in sims]).order_by("pk"))


def status(sim: Sim) -> int:
    return Sim.objects.values_list("status", flat=True).get(pk=sim.pk)
