"""Who may act everywhere is told that there is nothing of an id, by every service that takes one, and never by a 500.

The portal itself and superusers are bound to no workspace, so nothing stops them before the row is looked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

import accounts
import events
import orders
import sims
from accounts.models import User
from kit.context import SYSTEM, acting_as
from kit.errors import DomainError
from orders.quotes import Item
from orders.services.orders import Purchase
from sims.connectivity.services.messages import SmsText
from sims.devices.services.devices import NewDevice
from sims.devices.services.patches import DevicePatch
from sims.inventory.services.assignment import SimChoice
from tests.cast import Cast
from tests.orders.conftest import ADDRESS

NOBODY = 987_654_321


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".services" in found.name:
            yield importlib.import_module(found.name)


def services() -> dict[str, Callable[..., Any]]:
    """Return the services that take an id of something, by name: keyword-only functions of the service modules."""
    found: dict[str, Callable[..., Any]] = {}
    for package in (accounts, sims, orders, events):
        for module in _modules(package):
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("_") or function.__module__ != module.__name__:
                    continue
                parameters = inspect.signature(function).parameters.values()
                keywords = all(each.kind == each.KEYWORD_ONLY for each in parameters)
                if keywords and any(each.name.endswith(("_id", "_ids")) for each in parameters):
                    found[f"{module.__name__}.{name}"] = function
    return found


SERVICES = services()
LISTS: Mapping[str, Any] = {
    # by the parameter's name, where its type says too little
    "changes": {},
    "choices": {NOBODY: SimChoice(NOBODY)},
    "patches": {NOBODY: DevicePatch({"name": "New"})},
    "devices": [NewDevice("New", NOBODY, NOBODY)],
    "add": ["new"],
    "email": "nobody.there@example.com",
    "role": "User",
    "password": "a whole new passphrase",
    "reason": "Ticket 4711",
    "name": "New",
    "link": lambda secret: f"/{secret}",
    "to": 2,
    "status": 1,
    "expires": timezone.now() + timedelta(days=1),
    "day": date(2026, 1, 1),
    "what": "enable",
    "sms": SmsText("Hello"),
    "quantities": {NOBODY: 1},
    "shipping": ADDRESS,
    "billing": ADDRESS,
    "items": [Item(NOBODY, 1)],
    "purchase": Purchase([Item(NOBODY, 1)], NOBODY, 1, ADDRESS, ADDRESS),
    "kind": "browser",
    "code": "123456",
    "content": b"name\nNew\n",
    "options": {},
    "total": 1,
    "removed": [],
}


def test_there_are_services_to_try() -> None:
    assert len(SERVICES) > 60


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["system", "superuser"])
@pytest.mark.parametrize("name", SERVICES)
def test_an_unknown_id_is_answered(cast: Cast, name: str, who: str) -> None:
    service = SERVICES[name]
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(service).parameters.values():
        if parameter.name.endswith("_ids"):
            arguments[parameter.name] = [NOBODY]
        elif parameter.name.endswith("_id"):
            arguments[parameter.name] = NOBODY
        elif parameter.default is parameter.empty:
            arguments[parameter.name] = LISTS.get(parameter.name, "nothing")
    with acting_as(SYSTEM) if who == "system" else cast.staffing():
        try:
            with transaction.atomic():
                service(**arguments)
                # References are looked at here, as at the end of a request.
                transaction.get_connection().check_constraints()
        except DomainError:
            pass
    assert User.objects.filter(pk=cast.owner.pk).exists()
