"""Nothing of a workspace is shown to, or changed by, anybody outside it: every path, every role, every method."""

from __future__ import annotations

import json
import re
from collections import Counter
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client

from accounts.models import User
from accounts.sign_in.hashers import sha1_hex
from accounts.tokens.services import create_application_token
from events.models import Event
from portal.api import api
from tests.cast import PASSWORD, Cast
from tests.isolation.paths import KNOWN, OPEN_TO_NOBODY, SHARED, all_paths
from tests.isolation.world import COMMON, World, all_models, make_world, strangers

REFUSED = frozenset({400, 401, 403, 404, 405, 409, 422})
EMPTY_LISTS = ("/event",)
"""What may answer an empty list: the log of a SIM that has left this workspace stays readable here, so an id that was
never here is answered like one without events, and nobody learns which it is."""
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/w/1/"}


def known_paths() -> list[tuple[str, tuple[str, ...]]]:
    """All paths but the admin site's, and but the patterns of published calls that nothing stands behind."""
    found = [(path, names) for path, names in all_paths() if not path.startswith(("admin/", "api/^"))]
    return list(dict.fromkeys(found))


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def test_every_path_is_known() -> None:
    unknown = sorted({path for path, _names in known_paths()} - KNOWN)
    assert not unknown, (
        "The isolation test does not know these paths. Add each to tests/isolation/paths.py, and its parameters to "
        f"World.values in tests/isolation/world.py, so that strangers are sent there: {unknown}"
    )


def test_every_parameter_has_a_value(world: World) -> None:
    for path, names in all_paths():
        if path.startswith("admin/"):
            continue
        missing = set(names) - set(world.values(path))
        assert not missing, f"{path}: say in World.values which id of Acme's {sorted(missing)} stand for"


def test_every_model_is_planted(world: World) -> None:
    for model in all_models():
        label = model._meta.label
        if label in COMMON:
            continue
        names = {field.attname for field in model._meta.concrete_fields}
        rows = model._default_manager.all()
        if "workspace_id" in names:
            rows = rows.filter(workspace_id=world.cast.acme.pk)
        assert rows.exists(), f"No row of {label} is in the isolation test's world (tests/isolation/world.py)"


class Crawler:
    """Sends requests as somebody; each is undone, so that none spoils the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.count: Counter[str] = Counter()
        self.canaries = world.canaries
        self.failures: list[str] = []
        cast = world.cast
        self.before = Event.objects.of(cast.acme.pk).count()
        self.wrote = False
        event = Event.objects.filter(workspace=cast.acme).latest("pk")
        ids = world.values("")
        self.form = {
            "scope": "ids",
            "ids": [str(ids["sim_id"])],
            "sim": str(ids["sim_id"]),
            "sim_status": "",
            "target": str(cast.acme.pk),
            "workspace": str(cast.acme.pk),
            "role": "Observer",
            "part": "company",
            "name": "Stranger",
            "moment": event.timestamp.isoformat(),
            "seen": "1",
        }
        self.body = {
            "id": ids["sim_id"],
            "sim": {"id": ids["sim_id"]},
            "endpoint": {"id": ids["device_id"]},
            "organisation": {"id": cast.acme.pk},
            "target_organisation": {"id": cast.acme.pk},
            "status": {"id": 1},
            "name": "Stranger",
        }

    def send(self, client: Client, method: str, path: str, **options: Any) -> HttpResponseBase:
        copy = Client(raise_request_exception=False)
        copy.cookies = SimpleCookie(client.cookies)
        with transaction.atomic():
            response: HttpResponseBase = getattr(copy, method)(path, **options)
            self.wrote = Event.objects.of(self.world.cast.acme.pk).count() != self.before
            transaction.set_rollback(True)
        return response

    def check(self, response: HttpResponseBase, what: str, *, closed: bool) -> None:
        """Note what is wrong; the test fails with all of it at its end."""
        content = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
        shown = content + str(response.headers).encode()
        status = response.status_code
        self.count[what.split(" ")[0]] += 1
        self.failures += [
            f"{what}: {status} shows {canary!r}"
            for canary in self.canaries
            if canary in shown and canary.decode() not in what
        ]
        to_sign_in = status in (302, 303) and "/accounts/login/" in response.headers["Location"]
        empty = status == 200 and content == b"[]" and any(part in what for part in EMPTY_LISTS)
        # Published: this path always answers 200; it says the same of an id that is not there.
        empty = empty or ("/connectivity_info" in what and b'"success":false' in content)
        if status >= 500 or (closed and not (to_sign_in or empty or status in REFUSED)):
            self.failures.append(f"{what}: answered {status}")
        if closed and self.wrote:
            self.failures.append(f"{what}: changed something of Acme’s")

    def finish(self, where: str) -> None:
        """Say how many requests were sent, and fail with what was wrong."""
        print(f"isolation: {sum(self.count.values())} requests to {where}, {dict(self.count)}")
        assert not self.failures, "\n".join(self.failures[:40])


def fill(path: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        for converter in ("", "int:", "str:", "slug:", "uuid:", "path:"):
            path = path.replace(f"<{converter}{name}>", str(value))
    assert "<" not in path, f"{path} has a parameter nobody has filled"
    return "/" + path


def test_no_page_shows_or_changes_anything_to_strangers(world: World) -> None:
    crawler = Crawler(world)
    cast = world.cast
    for role, user in strangers(cast).items():
        client = cast.client(user)
        for path, names in known_paths():
            if path.startswith("api/"):
                continue
            values = world.values(path)
            owned = set(names) - SHARED
            targets = [(fill(path, values), bool(owned) or (user is None and path not in OPEN_TO_NOBODY))]
            if owned > {"workspace_id"} and user is not None:
                targets.append((fill(path, {**values, "workspace_id": cast.umbra.pk}), "package_id" not in names))
            elif "workspace_id" in owned and user is not None:
                targets.append((fill(path, {**values, "workspace_id": cast.umbra.pk}), False))
            for target, closed in targets:
                get = crawler.send(client, "get", target)
                crawler.check(get, f"{role} GET {target}", closed=closed)
                fragment = crawler.send(client, "get", target, headers=HTMX)
                if not (user is None and fragment.headers.get("HX-Redirect", "").startswith("/accounts/login/")):
                    crawler.check(fragment, f"{role} GET {target} by htmx", closed=closed)
                post = crawler.send(client, "post", target, data=crawler.form)
                crawler.check(post, f"{role} POST {target}", closed=closed)
    crawler.finish("pages")


def test_the_api_shows_and_changes_nothing_to_strangers(world: World) -> None:
    crawler = Crawler(world)
    cast = world.cast
    offered = {path: tuple(found) for path, found in api.get_openapi_schema()["paths"].items()}
    for role, headers in bearers(cast).items():
        for path, names in known_paths():
            if not path.startswith("api/") or path == "api/":
                continue
            target = fill(path, world.values(path))
            owned = bool(set(names) - SHARED)
            closed = owned or (role == "nobody" and path not in OPEN_TO_NOBODY)
            template = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
            for method in offered.get(template, ("get", "post")):
                options: dict[str, Any] = {"headers": headers}
                if method != "get":
                    body = json.dumps(crawler.body, cls=DjangoJSONEncoder)
                    options |= {"data": body, "content_type": "application/json"}
                response = crawler.send(Client(), method, target, **options)
                crawler.check(response, f"{role} {method.upper()} {target}", closed=closed)
    crawler.finish("the API")


def bearers(cast: Cast) -> dict[str, dict[str, str]]:
    """Return the headers of each role of Umbra, of an application token, and of nobody."""
    found: dict[str, dict[str, str]] = {"nobody": {}}
    for role, user in strangers(cast).items():
        if user is not None:
            found[role] = {"Authorization": f"Bearer {token_of(user)}"}
    with cast.acting(cast.outsider):
        value = create_application_token(workspace_id=cast.umbra.pk, description="stranger").value
    answer = Client().post(
        "/api/v1/authenticate", json.dumps({"application_token": value}), content_type="application/json"
    )
    found["token"] = {"Authorization": f"Bearer {answer.json()['auth_token']}"}
    return found


def token_of(user: User) -> str:
    body = json.dumps({"username": user.email, "password": sha1_hex(PASSWORD)})
    answer = Client().post("/api/v1/authenticate", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    token: str = answer.json()["auth_token"]
    return token


def test_the_admin_site_is_closed_to_customers(world: World) -> None:
    crawler = Crawler(world)
    values = world.values("")
    for role, user in strangers(world.cast).items():
        if role not in ("Administrator", "nobody"):
            continue
        client = world.cast.client(user)
        for path, names in all_paths():
            if not path.startswith("admin/"):
                continue
            target = fill_admin(path, names, values)
            for method in ("get", "post"):
                response = crawler.send(client, method, target, **({"data": crawler.form} if method == "post" else {}))
                crawler.check(response, f"{role} {method.upper()} {target}", closed=False)
                if response.status_code not in {301, 302, 303, 403, 404, 405}:
                    crawler.failures.append(f"{role} {method} {target}: answered {response.status_code}")
    crawler.finish("the admin site")


def fill_admin(path: str, names: tuple[str, ...], values: dict[str, Any]) -> str:
    """Fill an address of the admin site: its objects are Acme's or the first of their kind."""
    filled = path
    for name in names:
        for converter in ("", "int:", "str:", "slug:", "uuid:", "path:"):
            filled = filled.replace(f"<{converter}{name}>", str(values.get(name, 1)))
    for word in ("<url>", "<app_label>"):
        filled = filled.replace(word, "accounts")
    return "/" + filled.replace("(?P", "").strip("^$")
