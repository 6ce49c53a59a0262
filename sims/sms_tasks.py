"""Celery's part in messages: those that nobody has received in time are given up."""

from __future__ import annotations

from celery import shared_task

from kit.context import Actor, ActorKind, acting_as
from sims.services.deliveries import expire_messages

SWEEP = Actor(kind=ActorKind.SCHEDULE, id=0, label="SMS expiry", everywhere=True)


@shared_task(name="sims.expire_messages")
def sweep_messages() -> int:
    """Expire messages. Returns how many."""
    with acting_as(SWEEP):
        return expire_messages()
