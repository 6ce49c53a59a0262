"""Actions that the database broke off because of another one are done again, whole."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from events.models import Event
from kit.action import TRIES, action, retried
from sims.devices.services.tags import change_tags
from sims.models import Device
from tests.cast import Cast

BASE = Path(__file__).parents[2]
APPS = ("accounts", "sims", "orders", "events")


class _BrokenOff(Exception):
    sqlstate = "40P01"


def refusing(times: int, cause: Exception) -> Any:
    calls: list[int] = []

    @retried
    def service() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("broken off") from cause
        return len(calls)

    return service


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_tried_again_a_few_times() -> None:
    assert refusing(TRIES - 1, _BrokenOff())() == TRIES
    with pytest.raises(OperationalError):
        refusing(TRIES, _BrokenOff())()


@pytest.mark.django_db(transaction=True)
def test_what_else_goes_wrong_is_not_tried_again() -> None:
    with pytest.raises(OperationalError):
        refusing(1, ValueError())()


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_the_whole_is_what_is_tried() -> None:
    with transaction.atomic(), pytest.raises(OperationalError):
        refusing(1, _BrokenOff())()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_actions_that_wait_for_each_other_both_happen_and_are_told_once(cast: Cast) -> None:
    """A real deadlock: each holds its own device and wants the other's."""
    first, second = (cast.device() for _ in range(2))
    meet = threading.Barrier(2, timeout=20)
    met: set[str] = set()

    @retried
    def cross(name: str, mine: int, other: int) -> None:
        with cast.acting(cast.owner), action():
            list(Device.objects.filter(pk=mine).select_for_update())
            if name not in met:
                met.add(name)
                meet.wait()
            change_tags(workspace_id=cast.acme.pk, device_ids=[other], add=[name])

    def run(name: str, mine: int, other: int) -> None:
        try:
            cross(name, mine, other)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=("left", first.pk, second.pk)),
        threading.Thread(target=run, args=("right", second.pk, first.pk)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {device.pk: device.tags for device in Device.objects.filter(pk__in=[first.pk, second.pk])} == {
        first.pk: "right",
        second.pk: "left",
    }
    assert Event.objects.filter(workspace=cast.acme, device_id__in=[first.pk, second.pk]).count() == 2


def public_services() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted(each for app in APPS for each in (BASE / app).rglob("*.py")):
        if "services" in path.parts or path.stem == "services":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"{path.relative_to(BASE)}:{node.name}", node


def opens_an_action(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.With) and any(ast.unparse(item.context_expr) == "action()" for item in each.items)
        for each in ast.walk(node)
    )


def test_every_service_is_done_again() -> None:
    found = dict(public_services())
    assert len(found) > 100
    forgotten = [
        name
        for name, node in found.items()
        if opens_an_action(node) and "retried" not in [ast.unparse(each) for each in node.decorator_list]
    ]
    assert forgotten == [], "put @retried above these"
