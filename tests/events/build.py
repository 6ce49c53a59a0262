"""Events for the tests of the pages, written the way the product writes them, and pages read the way people do."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from django.test import Client

from accounts.actors import actor_of, staff_actor
from accounts.models import Workspace
from events import registry
from events.models import Event
from events.writer import PendingEvent, log, objects_of
from kit.action import action
from kit.context import NETWORK, Actor, Person, Surface, acting_as
from sims.locking import read_devices, read_sims
from sims.models import Device, Sim
from tests.cast import Cast

NOW = datetime.now(UTC)


def ago(**span: float) -> datetime:
    """Return a moment before now."""
    return NOW - timedelta(**span)


def record(
    workspace: Workspace,
    type_id: int,
    actor: Actor,
    *,
    text: str = "default",
    moment: datetime | None = None,
    sim: Sim | None = None,
    device: Device | None = None,
    subject: Person | None = None,
    detail: dict[str, Any] | None = None,
    request_id: uuid.UUID | None = None,
    times: int = 1,
    states: tuple[int, int] | None = None,
    **values: object,
) -> int:
    """Write events and return the id of the last one."""
    kind = registry.get(type_id)
    sim_row = read_sims(workspace.pk, [sim.pk])[0] if sim is not None else None
    device_row = read_devices(workspace.pk, [device.pk])[0] if device is not None else None
    entry = PendingEvent(
        type=kind,
        workspace_id=workspace.pk,
        description=kind.text(text, **{**kind.sample, **values}),
        objects=objects_of(sim_row, device_row),
        detail=detail,
        subject=subject,
        text=text,
        old_state=states[0] if states else None,
        new_state=states[1] if states else None,
    )
    with (
        acting_as(
            actor, surface=Surface.PORTAL, moment=moment, request_id=request_id, ip="192.0.2.7", user_agent="Browser/1"
        ),
        action(),
    ):
        log([entry] * times)
    return int(Event.objects.order_by("-id").values_list("pk", flat=True)[0])


HTMX = {"HX-Request": "true"}


def url(workspace: Workspace, rest: str = "") -> str:
    return f"/w/{workspace.pk}/events/{rest}"


def page(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, (address, response.status_code, response.headers)
    return response.content.decode()


def words(html: str) -> str:
    """Return the text of a page as a reader sees it."""
    html = re.sub(r"<(script|style|template)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


def shown(html: str) -> list[int]:
    """Return the ids of the events in a list, in its order."""
    return [int(found) for found in re.findall(r'<tr data-row data-id="(\d+)"', html)]


def tell_story(cast: Cast) -> dict[str, Any]:
    """Events that differ in everything a filter asks for."""
    one, other = cast.sims(2)
    pump = cast.device(name="Pump 12")
    kiosk = cast.device(name="Kiosk")
    request_id = uuid.uuid4()
    located = next(iter(registry.get(2).texts))
    return {
        "one": one,
        "other": other,
        "pump": pump,
        "kiosk": kiosk,
        "request": request_id,
        "suspended": record(cast.acme, 9, actor_of(cast.owner), sim=one, device=pump, moment=ago(hours=1)),
        "deleted": record(cast.acme, 10004, actor_of(cast.member), device=kiosk, moment=ago(days=2)),
        "location": record(cast.acme, 2, NETWORK, sim=other, text=located, moment=ago(days=8)),
        "token": record(cast.acme, 9, cast.token(), sim=other, request_id=request_id, moment=ago(days=40)),
        "staff": record(cast.acme, 9, staff_actor(cast.staff), sim=one, moment=ago(days=90)),
    }


ORDER = ("suspended", "deleted", "location", "token", "staff")


def names_of(story: dict[str, Any], ids: list[int]) -> list[str]:
    by_id = {story[name]: name for name in ORDER}
    return [by_id[event_id] for event_id in ids]
