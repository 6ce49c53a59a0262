"""Ids of another workspace in the body or the query of an API call: none is accepted, none shows anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Membership, Workspace
from accounts.permissions import Role
from events.models import Event
from orders.models import Order
from portal.api import api
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.states import SimStatus
from tests.cast import Cast
from tests.isolation.bodies import BODIES, QUERIES, SHARED_BODIES, SHARED_REFERENCES, STAFF_ONLY
from tests.isolation.test_isolation import bearers
from tests.isolation.world import World, make_world

ROLES = ("Administrator", "token")
"""Who may do most: what is refused to them for the id's sake is refused to all."""


@pytest.fixture
def world(cast: Cast) -> World:
    """Acme's world, and an Umbra that has everything a call can name."""
    cast.sims(2, status=SimStatus.ACTIVATED, workspace=cast.umbra)
    cast.device(workspace=cast.umbra)
    second = Workspace.objects.create(name="Umbra Two", package=cast.umbra.package, main=cast.umbra)
    Membership.objects.create(user=cast.outsider, workspace=second, role=Role.ADMINISTRATOR)
    return make_world(cast)


def ids_of(cast: Cast, workspace: Workspace) -> dict[str, Any]:
    """Return what a workspace has, by the kind of thing."""
    sim = Sim.objects.filter(workspace=workspace, device=None).earliest("pk")
    order = Order.objects.filter(workspace=workspace).first()
    return {
        "sim": sim.pk,
        "iccid": sim.iccid,
        "device": Device.objects.filter(workspace=workspace).latest("pk").pk,
        "service": ServicePolicy.objects.filter(workspace=workspace).latest("pk").pk,
        "coverage": CoveragePolicy.objects.filter(workspace=workspace).latest("pk").pk,
        "workspace": workspace.pk,
        "target": Workspace.objects.filter(main=workspace).latest("pk").pk,
        "user": (cast.outsider if workspace == cast.umbra else cast.member).pk,
        "order": order.pk if order else 0,
    }


def send(headers: dict[str, str], call: str, path: str, body: Any) -> tuple[int, bytes, list[int]]:
    """Send a call and undo it; returns its status, its body, and the types of events that Acme has of it."""
    client = Client(raise_request_exception=False)
    last = Event.objects.latest("pk").pk
    with transaction.atomic():
        answer = client.generic(
            call.split(" ")[0], path, json.dumps(body), content_type="application/json", headers=headers
        )
        written = list(Event.objects.filter(pk__gt=last, workspace__name__startswith="xantho").values_list("type"))
        transaction.set_rollback(True)
    return answer.status_code, answer.content, [each for (each,) in written]


def refused(status: int, content: bytes) -> bool:
    """Tell whether a call was refused, or every part of it."""
    if status != 200:
        return status in {400, 401, 403, 404, 409, 422}
    found = json.loads(content)
    return isinstance(found, dict | list) and b"error" in content


def test_no_body_takes_another_workspaces_id(world: World) -> None:
    cast = world.cast
    theirs, own = ids_of(cast, cast.acme), ids_of(cast, cast.umbra)
    wrong: list[str] = []
    for role, headers in bearers(cast).items():
        if role not in ROLES:
            continue
        for call, build in BODIES.items():
            path = call.split(" ")[1].format(endpoint_id=own["device"], user_id=own["user"])
            kinds: list[str] = []
            body = build(lambda kind, kinds=kinds: kinds.append(kind) or own[kind])  # type: ignore[misc]
            status, content, _written = send(headers, call, path, body)
            if role == "Administrator" and call not in STAFF_ONLY and (status >= 400 or refused(status, content)):
                wrong.append(f"{role} {call}: refused with own ids, {status} {content[:200]!r}")
            for chosen in dict.fromkeys(kinds):
                body = build(lambda kind, chosen=chosen: (theirs if kind == chosen else own)[kind])  # type: ignore[misc]
                status, content, written = send(headers, call, path, body)
                shown = [each for each in world.canaries if each in content and each.decode() not in json.dumps(body)]
                if shown or written or not refused(status, content):
                    wrong.append(f"{role} {call} with Acme's {chosen}: {status} {content[:200]!r} {written} {shown}")
    assert not wrong, "\n".join(wrong)


def test_no_query_finds_another_workspaces_things(world: World) -> None:
    cast = world.cast
    theirs, own = ids_of(cast, cast.acme), ids_of(cast, cast.umbra)
    wrong = []
    for role, headers in bearers(cast).items():
        if role not in ROLES:
            continue
        for path, filters in QUERIES.items():
            for name, text in filters:
                mine = Client().get(path, {name: text.format(**own)}, headers=headers)
                if mine.status_code != 200 and not (role == "token" and mine.status_code == 403):
                    wrong.append(f"{role} {path}?{name}={text}: {mine.status_code} with own ids")
                answer = Client().get(path, {name: text.format(**theirs)}, headers=headers)
                shown = [each for each in world.canaries if each in answer.content]
                empty = answer.status_code == 200 and answer.json() == []
                if shown or not (empty or answer.status_code in {400, 403, 404, 422}):
                    wrong.append(f"{role} {path}?{name}={text}: {answer.status_code} {answer.content[:200]!r}")
    assert not wrong, "\n".join(wrong)


def references(schema: dict[str, Any], document: dict[str, Any], at: str = "") -> Iterator[str]:
    """Yield where a request schema takes ids, or lists of texts: `sims[].id`, `iccids[]`."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from references(choice, document, at)
    for name, inner in schema.get("properties", {}).items():
        if name not in SHARED_REFERENCES:
            yield from references(inner, document, f"{at}.{name}" if at else name)
    if schema.get("type") == "array":
        yield from references(schema["items"], document, f"{at}[]")
    elif (at.endswith("[]") and schema.get("type") == "string") or (
        at.rpartition(".")[2] in ("id", "start", "end") and "properties" not in schema and schema.get("type") != "null"
    ):
        yield at


def named(body: Any, at: str = "") -> Iterator[str]:
    """Yield where a body holds values, in the same words."""
    if isinstance(body, dict):
        for name, inner in body.items():
            yield from named(inner, f"{at}.{name}" if at else name)
    elif isinstance(body, list):
        for inner in body:
            yield from named(inner, f"{at}[]")
    elif body == "here":
        yield at


def test_every_reference_of_the_document_is_tried() -> None:
    document = api.get_openapi_schema()
    missing = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            call = f"{method.upper()} {path}"
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None or call in SHARED_BODIES:
                continue
            tried = {
                place
                for known, build in BODIES.items()
                if " ".join(known.split(" ")[:2]) == call
                for place in named(build(lambda _kind: "here"))
            }
            missing += [f"{call}: {place}" for place in sorted({*references(content["schema"], document)} - tried)]
    assert not missing, (
        f"These calls name things by id. Add each to BODIES in tests/isolation/bodies.py, so that ids of another "
        f"workspace are tried, or to SHARED_REFERENCES: {missing}"
    )
