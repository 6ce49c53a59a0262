"""No text is longer than its column, on either database: every text of every body and form is sent too long.

PostgreSQL answers such a text with an error of its own, which is a 500; SQLite stores it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from django.db import models, transaction
from django.db.models import Max
from django.db.models.functions import Length
from django.test import Client

from portal.api import api
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.isolation.test_isolation import fill, known_paths
from tests.isolation.world import World, all_models, make_world

pytestmark = pytest.mark.sqlite_too("SQLite does not know how long a column is")

LONG: Final = ("ä" * 400, "ä" * 5_000, f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.example")
"""Longer than most columns, longer than all, and an address that Django takes and no column."""
TYPED: Final = frozenset({"text", "search", "email", "tel", "url", "password"})
LEFT_OUT: Final = ("/accounts/logout", "/account/security/", "/api/")


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def overlong() -> list[str]:
    """Return the columns that hold more than they may. A query for each model."""
    found = []
    for model in all_models():
        columns = [
            column
            for column in model._meta.concrete_fields
            if isinstance(column, models.CharField) and column.max_length is not None
        ]
        if columns:
            longest = model._base_manager.aggregate(**{each.attname: Max(Length(each.attname)) for each in columns})
            found += [
                f"{model._meta.label}.{column.name}: {longest[column.attname]}"
                for column in columns
                if (longest[column.attname] or 0) > (column.max_length or 0)
            ]
    return found


def sent(client: Client, path: str, what: str, **options: Any) -> list[str]:
    """Send a request, undo it, and say what is wrong with it."""
    with transaction.atomic():
        method = options.pop("method", "post")
        response = client.generic(method, path, **options) if method != "post" else client.post(path, **options)
        wrong = [f"{what}: {response.status_code}"] if response.status_code >= 500 else []
        if response.status_code < 400:
            wrong += [f"{what}: {each}" for each in overlong()]
        transaction.set_rollback(True)
    return wrong


# --- bodies of the API ---


def example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """Return a value that a schema allows."""
    if reference := schema.get("$ref"):
        return example(document["components"]["schemas"][reference.rpartition("/")[2]], document)
    if "anyOf" in schema:
        return example(next(each for each in schema["anyOf"] if each.get("type") != "null"), document)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("type") == "object":
        return {name: example(each, document) for name, each in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example(schema.get("items", {}), document)]
    return {"integer": 1, "boolean": False, "number": 1}.get(schema.get("type", ""), "Pump")


def lengthened(value: Any, text: str) -> Iterator[tuple[str, Any]]:
    """Yield a body with each of its texts replaced in turn, and where it stood."""
    if isinstance(value, str):
        yield "", text
    elif isinstance(value, dict):
        for name, inner in value.items():
            for place, changed in lengthened(inner, text):
                yield f".{name}{place}", {**value, name: changed}
    elif isinstance(value, list) and value:
        for place, changed in lengthened(value[0], text):
            yield f"[]{place}", [changed, *value[1:]]


def test_no_body_brings_a_text_that_is_too_long(world: World) -> None:
    document: dict[str, Any] = api.get_openapi_schema()
    values = {name: str(value) for name, value in world.values("").items()}
    token = sign_in(world.cast.owner).token
    client = Client(raise_request_exception=False)
    wrong: list[str] = []
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            names = [each["name"] for each in operation.get("parameters", ())]
            target = path.format_map({name: values.get(name, "1") for name in names})
            for text in LONG:
                for place, body in lengthened(example(content["schema"], document), text):
                    tried += 1
                    wrong += sent(
                        client,
                        target,
                        f"{method.upper()} {path} {place} ({len(text)})",
                        method=method.upper(),
                        data=json.dumps(body),
                        content_type="application/json",
                        headers={"authorization": f"Bearer {token}"},
                    )
    print(f"lengths: {tried} bodies")
    assert tried > 100
    assert wrong == []


# --- forms of the pages ---


class Forms(HTMLParser):
    """The forms of a page that send something: where to, and with what."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self._form: tuple[str, dict[str, str], list[str]] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            posts = given.get("method", "").lower() == "post"
            self._form = (given.get("action", ""), {}, []) if posts else None
        if self._form is None:
            return
        _action, values, texts = self._form
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or not values.get(self._select)):
            values[self._select] = given.get("value", "")
        elif tag == "textarea" or (tag == "input" and kind in TYPED):
            values[name] = given.get("value", "") or "Pump"
            texts.append(name)
        elif (
            tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given or name not in values)
        ):
            values[name] = given.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "form" and self._form is not None:
            self.found.append(self._form)
            self._form = None


def pages(world: World) -> Iterator[tuple[Client, str]]:
    owner, staff = world.cast.client(world.cast.owner), world.cast.client(world.cast.staff)
    for path, _names in known_paths():
        target = fill(path, world.values(path))
        if not target.startswith(LEFT_OUT):
            yield (staff if target.startswith("/admin/") else owner), target


def test_no_form_brings_a_text_that_is_too_long(world: World) -> None:
    wrong: list[str] = []
    tried: set[tuple[str, str]] = set()
    for client, page in pages(world):
        client.raise_request_exception = False
        with transaction.atomic():
            response = client.get(page)
            transaction.set_rollback(True)
        if response.status_code != 200 or response.streaming or "text/html" not in response.headers["Content-Type"]:
            continue
        reader = Forms()
        reader.feed(response.content.decode())
        for action, values, texts in reader.found:
            for name in texts:
                target = action or page
                if (target, name) in tried or not name or target.startswith(LEFT_OUT):
                    continue
                tried.add((target, name))
                for text in LONG:
                    data = {**values, name: text}
                    wrong += sent(client, target, f"{target} {name} ({len(text)})", data=data)
    print(f"lengths: {len(tried)} inputs of forms")
    assert len(tried) > 30
    assert wrong == []
