"""P6 and the totals: lists of events over the API, against raw SQL and against a serialiser as frameworks have them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, ClassVar

import orjson
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from pydantic import BaseModel, ConfigDict

from accounts.actors import access_of
from accounts.models import User, Workspace
from accounts.tokens.jwts import encode
from accounts.tokens.user_tokens import Bearer, claims_of_user
from bench.databases import using
from bench.load import EMAIL
from bench.measure import Result, compare
from events.api import list_events
from events.models import Event, FrozenPerson, SealLog, SealState
from events.wire import stamp
from kit.api.lists import ListQuery
from kit.caches import figures
from kit.context import acting_as

WORKSPACE = 1
ROWS = 100
REPETITIONS = 60

_SQL = (
    "SELECT e.id, e.timestamp, e.alert, e.description, e.type, e.source, e.severity, e.detail, e.sim_id, e.iccid,"
    " e.production_date, e.imsi_id, e.imsi, e.import_date, e.device_id, e.device_name, e.device_imei,"
    " e.device_ip_address, e.device_tags, e.user_id, p.name, p.username, w.name"
    " FROM events_event e LEFT JOIN events_frozenperson p ON p.id = e.actor_id"
    " JOIN accounts_workspace w ON w.id = e.workspace_id"
    " WHERE e.workspace_id = %s ORDER BY e.id DESC LIMIT 100"
)


def event_list(vendor: str, values: dict[str, Any]) -> list[Result]:
    """Measure the view that answers `GET /event` against the same rows by hand, and against a serialiser.

    The view is called as the router calls it, after the token; the cost of the whole call stands beside it.
    """
    with using(values):
        user = User.objects.get(email=EMAIL)
        access = access_of(user)
        workspace = Workspace.objects.select_related("package").get(pk=WORKSPACE)
        with acting_as(access.actor):
            request: Any = RequestFactory().get("/api/v1/event", {"sort": "-id"})
            request.auth = Bearer(actor=access.actor, workspace=workspace, user=user)
            query = ListQuery(page=None, per_page=ROWS, q="", sort="-id")

            def view() -> bytes:
                return bytes(list_events(request, query).content)

            # Both sides count the list: the wire's headers demand it.
            results = [
                compare(
                    "P6",
                    f"{vendor}, event list of {ROWS} against raw SQL + orjson",
                    product=view,
                    baseline=_raw,
                    limit=1.6 if vendor == "postgresql" else None,
                    repetitions=REPETITIONS,
                ),
                compare(
                    "P6",
                    f"{vendor}, a serialiser per object against the event list (at least 2.3)",
                    product=_serialised,
                    baseline=view,
                    limit=None,
                    repetitions=REPETITIONS,
                    note="the serialiser's row is other code than ours: the larger, the better for the event list.",
                ),
            ]
            _same(view(), _raw())
        call = _caller(user)
        results.append(
            compare(
                "P6",
                f"{vendor}, the whole call (middleware, token, view) against raw SQL + orjson",
                product=call,
                baseline=_raw,
                limit=None,
                repetitions=REPETITIONS,
            )
        )
    return results


def totals(vendor: str, values: dict[str, Any]) -> list[Result]:
    """Measure what the wire's totals and deep pages cost, and check that the totals are right.

    Raises:
        RuntimeError: a total differs from a plain COUNT; nothing would be worth measuring.
    """
    with using(values):
        figures.clear()
        user = User.objects.get(email=EMAIL)
        access = access_of(user)
        workspace = Workspace.objects.select_related("package").get(pk=WORKSPACE)
        with acting_as(access.actor):
            request: Any = RequestFactory().get("/api/v1/event")
            request.auth = Bearer(actor=access.actor, workspace=workspace, user=user)
            rows = _count()
            by_type = Event.objects.of(WORKSPACE).filter(type=8).count()

            def page(number: int, q: str = "") -> Callable[[], int]:
                query = ListQuery(page=number, per_page=ROWS, q=q, sort="")
                return lambda: int(list_events(request, query).headers["X-Total-Count"])

            first, last, filtered = page(1), page(-(-rows // ROWS)), page(1, "type:8")
            _settle(rows)
            if (first(), last(), filtered()) != (rows, rows, by_type):
                raise RuntimeError(f"Totals are wrong: {first()}, {last()} of {rows}; {filtered()} of {by_type}.")
            title = f"{vendor}, {rows:,} events"
            return [
                compare("totals", f"{title}: {what}", product=ours, baseline=theirs, limit=None, repetitions=20)
                for what, ours, theirs in (
                    ("first page with its total against one COUNT of all", first, _count),
                    ("last page against the first page", last, first),
                    ("first page of one type, its total kept, against the first page of all", filtered, first),
                )
            ]


def _settle(rows: int) -> None:
    """Note what the sealer notes when it has sealed this many events; sealing itself is measured elsewhere."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    SealState.objects.update_or_create(pk=1, defaults={"sealed_id": newest})
    made = {"token": "bench", "origin": "bench", "salt": b"bench"}
    SealLog.objects.update_or_create(
        workspace_id=WORKSPACE, defaults={"size": rows}, create_defaults={**made, "size": rows}
    )


def _same(ours: bytes, raw: bytes) -> None:
    """Check that both sides answer the same events. Raises RuntimeError."""
    if [each["id"] for each in orjson.loads(ours)] != [each["id"] for each in orjson.loads(raw)]:
        raise RuntimeError("The two sides answer different events.")


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM events_event WHERE workspace_id = %s", [WORKSPACE])
        found: int = cursor.fetchone()[0]
    return found


def _raw() -> bytes:
    """Answer by hand, with the least that gives the same JSON."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [WORKSPACE])
        rows = cursor.fetchall()
    _count()
    made = []
    for row in rows:
        event: dict[str, Any] = {
            "timestamp": str(row[1]),
            "alert": row[2],
            "description": row[3],
            "id": row[0],
            "event_type": {"id": row[4], "description": "x"},
            "event_source": {"id": row[5], "description": "API"},
            "event_severity": {"id": row[6], "description": "Info"},
            "organisation": {"id": WORKSPACE, "name": row[22]},
        }
        if row[19] is not None:
            event["user"] = {"id": row[19], "name": row[20], "username": row[21]}
        if row[14] is not None:
            event["endpoint"] = {
                "id": row[14], "imei": row[16], "ip_address": row[17], "name": row[15], "tags": row[18]
            }  # fmt: skip
        if row[8] is not None:
            event["sim"] = {"iccid": row[9], "id": row[8], "production_date": str(row[10])}
        if row[11] is not None:
            event["imsi"] = {"id": row[11], "import_date": str(row[13]), "imsi": row[12]}
        if row[7] is not None:
            event["detail"] = json.loads(row[7]) if isinstance(row[7], str) else row[7]
        made.append(event)
    return orjson.dumps(made)


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(from_attributes=True)


class _Named(_Part):
    id: int
    name: str | None = None
    description: str | None = None
    username: str | None = None


class _Sim(_Part):
    id: int
    iccid: str
    production_date: str | None


class _Imsi(_Part):
    id: int
    imsi: str | None
    import_date: str | None


class _Endpoint(_Part):
    id: int
    name: str | None
    imei: str | None
    ip_address: str | None
    tags: str | None


class _Serialised(_Part):
    id: int
    timestamp: str
    alert: bool
    description: str
    event_type: _Named
    event_source: _Named
    event_severity: _Named
    organisation: _Named
    user: _Named | None
    endpoint: _Endpoint | None
    sim: _Sim | None
    imsi: _Imsi | None
    detail: Any


def _serialised() -> bytes:
    """Answer as frameworks do: model instances, an object of a schema for each, and its dump."""
    events = list(Event.objects.of(WORKSPACE).select_related("workspace").order_by("-id")[:ROWS])
    persons = FrozenPerson.objects.in_bulk([each.actor_id for each in events if each.actor_id is not None])
    _count()
    made = []
    for each in events:
        person = persons.get(each.actor_id or 0)
        made.append(
            _Serialised.model_validate(
                {
                    "id": each.pk,
                    "timestamp": stamp(each.timestamp),
                    "alert": each.alert,
                    "description": each.description,
                    "event_type": {"id": each.type, "description": "x"},
                    "event_source": {"id": each.source, "description": "API"},
                    "event_severity": {"id": each.severity, "description": "Info"},
                    "organisation": {"id": each.workspace_id, "name": each.workspace.name},
                    "user": {"id": person.user_id, "name": person.name, "username": person.username}
                    if person
                    else None,
                    "endpoint": _endpoint(each),
                    "sim": _sim(each),
                    "imsi": _imsi(each),
                    "detail": each.detail,
                }
            )
        )
    return json.dumps([each.model_dump(exclude_none=True) for each in made]).encode()


def _endpoint(event: Any) -> dict[str, Any] | None:
    if event.device_id is None:
        return None
    return {
        "id": event.device_id,
        "name": event.device_name,
        "imei": event.device_imei,
        "ip_address": event.device_ip_address,
        "tags": event.device_tags,
    }


def _sim(event: Any) -> dict[str, Any] | None:
    if event.sim_id is None:
        return None
    return {"id": event.sim_id, "iccid": event.iccid, "production_date": stamp(event.production_date)}


def _imsi(event: Any) -> dict[str, Any] | None:
    if event.imsi_id is None:
        return None
    return {"id": event.imsi_id, "imsi": event.imsi, "import_date": stamp(event.import_date)}


def _caller(user: User) -> Callable[[], bytes]:
    """Return a call of the portal's WSGI application with a token."""
    workspace = Workspace.objects.get(pk=WORKSPACE)
    token = encode(claims_of_user(user, workspace, since=timezone.now()), "auth")
    application = WSGIHandler()

    def call() -> bytes:
        answer: dict[str, str] = {}

        def start(status: str, headers: Any, _info: Any = None) -> Callable[[bytes], object]:
            answer["status"] = status
            return io.BytesIO().write

        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/api/v1/event",
            "QUERY_STRING": "sort=-id&per_page=100",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        response = application(environ, start)
        body = b"".join(response)
        response.close()
        if not answer["status"].startswith("200"):
            raise RuntimeError(f"{answer['status']}: {body[:200]!r}")
        return body

    return call
