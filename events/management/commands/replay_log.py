"""`manage.py replay_log`: rebuilds what is so from the events alone and compares it with the tables."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max

from accounts.models import Workspace
from events.models import Event
from events.replay import checks
from events.replay.reading import replay_of
from events.replay.state import Replay
from kit.clock import iso_moment, parse_moment
from orders.states import OrderStatus
from sims.states import DEVICE_WIRE_NAMES, SIM_WIRE_NAMES, DeviceStatus


class Command(BaseCommand):
    """Names each difference, and ends with an error when there is one."""

    help = "Rebuild SIMs, devices, memberships, tokens and orders from events alone, and compare with the tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the workspace and the moment."""
        parser.add_argument("--workspace", type=int, help="only this workspace (its id)")
        parser.add_argument(
            "--until", help="rebuild what was so at this moment (ISO 8601), and count it; nothing is compared"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild and compare. Raises CommandError with the number of differences, if there are any."""
        workspace_id = options["workspace"]
        if workspace_id is not None and not Workspace.objects.filter(pk=workspace_id).exists():
            raise CommandError(f"There is no workspace {workspace_id}.")
        if options["until"] is not None:
            try:
                moment = parse_moment(options["until"])
            except (ValueError, OverflowError) as error:
                raise CommandError("--until takes a moment in ISO 8601, such as 2026-11-22T08:15:00Z.") from error
            self._until(workspace_id, moment)
            return
        self._compare(workspace_id)

    def _compare(self, workspace_id: int | None) -> None:
        check = checks.begin(workspace_id=workspace_id)
        while check.finished is None:
            result = checks.step(check)
            for difference in result.differences:
                self.stdout.write(difference.sentence)
            for each in result.breaks:
                self.stdout.write(
                    f"Note: event {each.event_id} says that {each.field} of {each.kind} {each.id} was {each.says!r} "
                    f"before it; event {each.before.event_id} had made it {each.before.value!r}."
                )
        if workspace_id is None:
            check.save(force_insert=True)
        newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
        self.stdout.write(f"{check.objects_compared:,} objects compared, up to event {newest}.")
        if check.untold:
            self.stdout.write(f"{check.untold:,} values are not told by the log, which begins later; not compared.")
        if check.found:
            raise CommandError(f"{check.found:,} differences between log and tables.")
        self.stdout.write("The tables hold what the log says.")

    def _until(self, workspace_id: int | None, moment: datetime) -> None:
        workspaces = Workspace.objects.order_by("pk")
        if workspace_id is not None:
            workspaces = workspaces.filter(pk=workspace_id)
        for pk in workspaces.values_list("pk", flat=True):
            self.stdout.write(f"Workspace {pk}: {summary(replay_of(pk, until=moment), pk)}.")
        when = iso_moment(moment)
        self.stdout.write(f"As the log tells it of {when}. Nothing was compared: the tables hold the present.")


def summary(replay: Replay, workspace_id: int) -> str:
    """Return in a line what a replay holds."""
    sims = Counter(
        SIM_WIRE_NAMES.get(sim.status.value, "state not told")
        for sim in replay.sims.values()
        if sim.workspace.value == workspace_id
    )
    devices = Counter(
        DEVICE_WIRE_NAMES.get(device.status.value, "state not told")
        for device in replay.devices.values()
        if device.status.value != DeviceStatus.DELETED
    )
    orders = Counter(
        OrderStatus(order.status.value).name.title() for order in replay.orders.values() if order.status.told
    )
    members = sum(member.role.value is not None for member in replay.members.values())
    tokens = sum(token.revoked.value is False for token in replay.tokens.values())
    parts = [
        _counted(sims, "SIMs"),
        _counted(devices, "devices"),
        f"{members:,} members",
        f"{tokens:,} live tokens",
        _counted(orders, "orders"),
        f"{replay.events:,} events",
    ]
    return ", ".join(parts)


def _counted(counts: Counter[str], noun: str) -> str:
    each = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    return f"{counts.total():,} {noun}" + (f" ({each})" if each else "")
