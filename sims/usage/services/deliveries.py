"""Whether messages to devices have arrived: the network says so by a usage record, or their time runs out.

A message counts as usage from the moment it is accepted, by a record with the id `portal-sms-<id>`. The network tells
its delivery by sending a record with that id, traffic type SMS and the SIM of the message: it is known and counts no
second time, but the message has arrived then, at the record's end. Like all that the network reports this leaves no
event; the message itself is 10013.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Case, DateTimeField, Value, When

from kit.context import current_context
from sims.models import Sim, Sms, SmsStatus
from sims.models.usage import TrafficType
from sims.usage.records import UsageReading

PREFIX: Final = "portal-sms-"
_PIECE: Final = 500
_ID: Final = re.compile(rf"{PREFIX}([1-9][0-9]{{0,17}})", re.ASCII)


def record_id_of_sms(sms_id: int) -> str:
    """Return the id of the usage record of a message."""
    return f"{PREFIX}{sms_id}"


def note_deliveries(usages: Iterable[UsageReading]) -> int:
    """Mark messages as delivered that records are about; two queries for five hundred, none when there are none.

    Args:
        usages: what the network has reported.

    Returns:
        Number of messages that have arrived.
    """
    arrived: dict[int, UsageReading] = {}
    for usage in usages:
        # Asked first, because of a million records hardly one is a message of ours.
        if usage.traffic_type == TrafficType.SMS and (match := _ID.fullmatch(usage.record_id)):
            arrived[int(match[1])] = usage
    delivered = 0
    ids = sorted(arrived)
    for start in range(0, len(ids), _PIECE):
        delivered += _deliver({sms_id: arrived[sms_id] for sms_id in ids[start : start + _PIECE]})
    return delivered


# untold: what the network reports, like usage; the message itself is 10013
def _deliver(arrived: Mapping[int, UsageReading]) -> int:
    waiting = Sms.objects.filter(pk__in=arrived, status=SmsStatus.PENDING).order_by("pk")
    rows = list(waiting.select_for_update(of=("self",)).values_list("pk", "sim_id"))
    iccids = dict(Sim.objects.filter(pk__in={sim_id for _pk, sim_id in rows}).values_list("pk", "iccid"))
    ids = [pk for pk, sim_id in rows if _is_of(arrived[pk], sim_id, iccids[sim_id])]
    if not ids:
        return 0
    moments = [When(pk=pk, then=Value(arrived[pk].ended, output_field=DateTimeField())) for pk in ids]
    return Sms.objects.filter(pk__in=ids).update(
        status=SmsStatus.DELIVERED, delivered=Case(*moments, output_field=DateTimeField())
    )


def _is_of(usage: UsageReading, sim_id: int, iccid: str) -> bool:
    """Tell whether a record names a SIM; by id only where it has no ICCID."""
    return usage.sim_id == sim_id if usage.iccid is None else usage.iccid == iccid


# untold: what the network has not reported in time; the message is 10013
def expire_messages() -> int:
    """Give up messages whose time is over. Returns how many."""
    overdue = Sms.objects.filter(status=SmsStatus.PENDING, expires__lte=current_context().now())
    return overdue.update(status=SmsStatus.EXPIRED)
