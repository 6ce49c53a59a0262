"""Reversing as a person does: the dialog, its signed plan, the confirmation."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from events.models import Event
from tests.cast import Cast

HTMX = {"HX-Request": "true"}


class Door:
    """The pages through which somebody reverses."""

    def __init__(self, client: Client, workspace_id: int) -> None:
        self.client = client
        self.base = f"/w/{workspace_id}"

    def ask(self, what: Any) -> Any:
        """Open the dialog for an event, or for a request."""
        path = f"{what.pk}/reverse/" if isinstance(what, Event) else f"requests/{what}/reverse/"
        return self.client.get(f"{self.base}/events/{path}", headers=HTMX)

    def confirm(self, answer: Any, **typed: str) -> Any:
        """Press the button of a dialog that `ask` has shown."""
        page = answer.content.decode()
        (url,) = re.findall(r'<form[^>]* action="([^"]+)"', page)
        fields = dict(re.findall(r'<input type="hidden" name="(plan|reverses)" value="([^"]+)"', page))
        sent = {name: html.unescape(value) for name, value in fields.items()}
        return self.client.post(url, {**sent, **typed}, headers=HTMX)


@pytest.fixture
def door(cast: Cast) -> Door:
    return Door(cast.client(cast.owner), cast.acme.pk)


def newest(type_id: int) -> Any:
    """Return the newest event of a type."""
    return Event.objects.filter(type=type_id).order_by("-id")[0]


def since(event: Event) -> list[Any]:
    """Return the events after one, in the order recorded."""
    return list(Event.objects.filter(pk__gt=event.pk).exclude(type=67).order_by("id"))
