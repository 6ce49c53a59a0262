"""A text that people chose stands by itself (`<bdi>`): one from right to left must not turn what stands around it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client

from events.models import Event
from sims.models import Device, Sim
from tests.cast import Cast
from tests.isolation import world as worlds
from tests.isolation.paths import all_paths
from tests.isolation.test_isolation import fill, fill_admin

pytestmark = pytest.mark.django_db

NAME = "שלוםעולם"
ISOLATED = frozenset({"bdi"})
NO_TEXT = frozenset({"option", "title", "textarea", "script", "style", "pre"})
"""Elements that hold text alone, for which the browser sees to the direction, and code."""
VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "col", "path", "circle", "rect", "line", "source", "wbr"})


class Reader(HTMLParser):
    """Notes each place where the name stands among other text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found = 0
        self.bare: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        """Elements that close themselves hold no text."""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        # Addresses of mails are one word of Latin letters in life.
        text = re.sub(rf"{NAME}\d*@", "@", data)
        if NAME not in text:
            return
        self.found += 1
        if not (ISOLATED | NO_TEXT) & set(self.open):
            self.bare.append(f"<{' '.join(self.open[-3:])}> {text.strip()[:90]}")


@pytest.fixture
def world(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    monkeypatch.setattr(worlds, "CANARY", NAME)
    return worlds.make_world(cast)


class Crawl:
    """Reads pages and notes where a name stands bare."""

    def __init__(self) -> None:
        self.found = 0
        self.bare: dict[str, set[str]] = {}

    def read(self, path: str, response: HttpResponseBase) -> None:
        assert response.status_code < 500, path
        if response.streaming or "text/html" not in response.headers.get("Content-Type", ""):
            return
        reader = Reader()
        reader.feed(response.content.decode())  # type: ignore[attr-defined]
        self.found += reader.found
        if reader.bare:
            self.bare.setdefault(path, set()).update(reader.bare)


def undone(client: Client, address: str, form: dict[str, Any], **options: Any) -> HttpResponseBase:
    """Send a form; what it changed is as it was afterwards."""
    with transaction.atomic():
        response: HttpResponseBase = client.post(address, form, **options)
        transaction.set_rollback(True)
    return response


HTMX = {"HX-Request": "true"}


def test_every_page_keeps_names_by_themselves(world: worlds.World) -> None:
    client = world.cast.client(world.cast.owner)
    crawl = Crawl()
    for path in dict.fromkeys(path for path, _names in all_paths()):
        if not path.startswith(("admin/", "api/", "accounts/logout")):
            address = fill(path, world.values(path))
            crawl.read(path, client.get(address))
            crawl.read(path, client.get(address, headers=HTMX))
    for row in Event.objects.of(world.cast.acme.pk):
        crawl.read("event", client.get(f"/w/{world.cast.acme.pk}/events/{row.pk}/"))
    for query in ("sims/?tag=", "devices/?name=", "devices/?tag=", "events/?q=", "events/?device="):
        crawl.read(query, client.get(f"/w/{world.cast.acme.pk}/{query}{NAME}"))
    assert not crawl.bare, "\n".join(f"{path}: {sorted(places)}" for path, places in crawl.bare.items())
    assert crawl.found > 200


def test_every_dialog_keeps_names_by_themselves(world: worlds.World) -> None:
    client = world.cast.client(world.cast.owner)
    sims = Sim.objects.filter(workspace=world.cast.acme)
    devices = Device.objects.filter(workspace=world.cast.acme)
    crawl = Crawl()
    for path in dict.fromkeys(path for path, _names in all_paths()):
        if path.startswith(("admin/", "api/", "accounts/logout")):
            continue
        rows = devices if "device" in path else sims
        form = {
            "scope": "ids",
            "ids": [str(row.pk) for row in rows],
            "target": str(world.cast.bolt.pk),
            "role": "Observer",
            "name": NAME,
            "add": NAME,
        }
        for headers in ({}, HTMX):
            crawl.read(path, undone(client, fill(path, world.values(path)), form, headers=headers))
    for kind, rows, actions in (
        ("sims", sims, ("suspend", "activate", "delete", "release", "transfer", "reset-test")),
        ("devices", devices, ("enable", "disable", "delete", "release", "tags", "policy")),
    ):
        form = {"scope": "ids", "ids": [str(row.pk) for row in rows]}
        for action in actions:
            address = f"/w/{world.cast.acme.pk}/{kind}/bulk/{action}/"
            crawl.read(address, undone(client, address, form, headers=HTMX))
    assert not crawl.bare, "\n".join(f"{path}: {sorted(places)}" for path, places in crawl.bare.items())
    assert crawl.found > 20


def test_the_admin_site_keeps_names_by_themselves(world: worlds.World) -> None:
    client = world.cast.client(world.cast.staff)
    crawl = Crawl()
    for path, names in dict(all_paths()).items():
        if path.startswith("admin/") and "logout" not in path:
            crawl.read(path, client.get(fill_admin(path, names, world.values(path))))
    for row in Event.objects.of(world.cast.acme.pk):
        crawl.read("event", client.get(f"/admin/events/event/{row.pk}/change/"))
    assert not crawl.bare, "\n".join(f"{path}: {sorted(places)}" for path, places in crawl.bare.items())
    assert crawl.found > 50
