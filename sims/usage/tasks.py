"""Celery's part in factory tests: one task for each range of SIMs, and a sweep that asks for all of them.

The SIM's row holds what is to be decided, a task only looks. So a lost message costs a minute, and a repeated one
nothing.
"""

from __future__ import annotations

from celery import shared_task

from accounts.packages.services.trials import CHECK as CHECK_OF_TRIALS
from kit.clock import shared_now
from kit.context import Actor, ActorKind, acting_as
from sims.usage.services import factory_test_watch as watch
from sims.usage.services.deliveries import expire_messages
from sims.usage.services.factory_test import CHECK, settle
from sims.usage.services.prepaid import settle_prepaid


@shared_task(name="sims.settle_factory_tests")
def settle_factory_tests(number: int) -> int:
    """Activate the SIMs of one range whose factory test is over.

    Args:
        number: of the range.

    Returns:
        Number of SIMs activated.
    """
    began = shared_now()
    with acting_as(CHECK):
        settled = settle(number=number)
        watch.note_check(number, began)
        watch.tell_lateness()
    return settled


@shared_task(name="sims.sweep_factory_tests")
def sweep_factory_tests() -> None:
    """Ask for a check of every range with SIMs in factory test.

    Lateness is told before the checks bring everything up to date: whoever was not here to tell it tells it now.
    """
    numbers = watch.ranges_in_test()
    with acting_as(CHECK):
        watch.watch_only(numbers, shared_now())
        watch.tell_lateness()
    watch.wake(numbers)


@shared_task(name="sims.settle_prepaid")
def settle_prepaid_credit() -> int:
    """End the trials whose prepaid credit is used up. Returns how many."""
    with acting_as(CHECK_OF_TRIALS):
        return settle_prepaid()


SWEEP = Actor(kind=ActorKind.SCHEDULE, id=0, label="SMS expiry", everywhere=True)


@shared_task(name="sims.expire_messages")
def sweep_messages() -> int:
    """Expire messages. Returns how many."""
    with acting_as(SWEEP):
        return expire_messages()
