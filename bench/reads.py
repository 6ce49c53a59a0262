"""P3, P5, P7 and P11: the event page, at any size of the log, at any depth and under any one filter."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from accounts.models import User
from bench.databases import using
from bench.load import EMAIL
from bench.measure import Result, compare
from events.models import Event
from kit.paging import Cursor, capped_count

WORKSPACE = 1
PAGE = f"/w/{WORKSPACE}/events/"


class Browser:
    """A signed-in person who calls the portal's WSGI application itself: everything but the network."""

    def __init__(self) -> None:
        self.application = WSGIHandler()
        user = User.objects.get(email=EMAIL)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "accounts.sign_in.authentication.PortalBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["workspace_id"] = WORKSPACE
        session.create()
        self.session_key = session.session_key

    def get(self, path: str, **query: object) -> bytes:
        """Return the body of a page.

        Raises:
            RuntimeError: the page is not 200; nothing would have been measured.
        """
        answer: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Callable[[bytes], object]:
            answer["status"] = status
            answer["headers"] = dict(headers)
            return io.BytesIO().write

        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_COOKIE": f"sessionid={self.session_key}",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        response = self.application(environ, start)
        body = b"".join(response)
        response.close()
        if not answer["status"].startswith("200"):
            raise RuntimeError(f"{path}?{environ['QUERY_STRING']}: {answer['status']} {answer['headers']}")
        return body


def deep_cursor(depth: int, query: str = "") -> str:
    """Return the cursor of a place so many rows down the log of the workspace."""
    row = Event.objects.of(WORKSPACE).newest().values_list("timestamp", "id")[depth : depth + 1][0]
    return Cursor(row[0], row[1]).dump(query)


def filters() -> dict[str, dict[str, object]]:
    """Return one query string for each filter of the page, with values that occur at every size."""
    event = Event.objects.of(WORKSPACE).exclude(sim_id=None).exclude(device_id=None).newest()[20]
    return {
        "none": {},
        "type, common": {"type": 8},
        "type, rare": {"type": 10020},
        "severity": {"severity": 2},
        "source": {"source": 1},
        # A page full of rows at every size, as the others; a user of the small log has but a few.
        "actor": {"actor": "token:1"},
        "device": {"device": event.device_id},
        "SIM": {"sim": event.sim_id},
        "request": {"request": str(event.request_id)},
    }


@contextmanager
def at(values: dict[str, Any]) -> Iterator[Browser]:
    """Open the portal over one database."""
    with using(values):
        yield Browser()


def sizes(
    goal: str, vendor: str, small: dict[str, Any], large: dict[str, Any], label: str, limit: float
) -> list[Result]:
    """P3 and P11: each kind of page over a large log against the same page over a small one."""
    results = []
    with at(small) as browser:
        near, asked_near = browser, filters()
        depth_near = 1_000
        cursor_near = deep_cursor(depth_near)
    with at(large) as browser:
        far, asked_far = browser, filters()
        depth_far = Event.objects.of(WORKSPACE).count() - 1_000
        cursor_far = deep_cursor(depth_far)
    asked_near["deep"], asked_far["deep"] = {"cursor": cursor_near}, {"cursor": cursor_far}
    for name, query in asked_far.items():

        def on_large(query: dict[str, object] = query) -> None:
            with using(large):
                far.get(PAGE, **query)

        def on_small(query: dict[str, object] = asked_near[name]) -> None:
            with using(small):
                near.get(PAGE, **query)

        title = f"{vendor}, {label}, {name}" + (
            f" (row {depth_far:,} against {depth_near:,})" if name == "deep" else ""
        )
        results.append(
            compare(
                goal, title, product=on_large, baseline=on_small, limit=3 if name == "SIM" else limit, repetitions=30
            )
        )
    return results


def page_cost(vendor: str, values: dict[str, Any]) -> list[Result]:
    """P5: the whole page of a signed-in person, and the list alone, against raw SQL and f-strings."""
    with at(values) as browser:
        shell = browser.get(PAGE)
        start, end = shell.index(b"<tbody"), shell.index(b"</tbody>")
        before, after = shell[:start].decode(), shell[end:].decode()

        def page() -> None:
            browser.get(PAGE)

        def list_alone() -> None:
            rows = _raw_rows()
            "".join(map(_row_html, rows)).encode()

        def raw_page() -> None:
            _raw_person(str(browser.session_key))
            rows = _raw_rows()
            (before + "".join(map(_row_html, rows)) + after).encode()

        return [
            compare(
                "P5",
                f"{vendor}, event page against raw SQL for the same questions and f-strings",
                product=page,
                baseline=raw_page,
                limit=None,
                repetitions=60,
            ),
            compare(
                "P5",
                f"{vendor}, event page against the list's SQL and f-strings alone",
                product=page,
                baseline=list_alone,
                limit=4,
                repetitions=60,
                note="The product's side is the whole page: session, user, memberships, navigation, filters, count.",
            ),
        ]


def _raw_person(session_key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_data FROM django_session WHERE session_key = %s", [session_key])
        cursor.fetchone()
        cursor.execute("SELECT * FROM accounts_user WHERE id = 1")
        cursor.fetchone()
        cursor.execute(
            "SELECT w.*, p.*, m.role FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id"
            " JOIN accounts_platformpackage p ON p.id = w.package_id WHERE m.user_id = 1"
        )
        cursor.fetchall()


def _raw_rows() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, e.timestamp, e.severity, e.source, e.type, e.device_id, e.device_name, e.sim_id, e.iccid,"
            " e.actor_label, p.name, p.username, e.description FROM events_event e"
            " LEFT JOIN events_frozenperson p ON p.id = e.actor_id"
            " WHERE e.workspace_id = %s ORDER BY e.timestamp DESC, e.id DESC LIMIT 51",
            [WORKSPACE],
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM events_event WHERE workspace_id = %s LIMIT 10001) AS c", [WORKSPACE]
        )
        cursor.fetchone()
    return rows[:50]


def _row_html(row: tuple[Any, ...]) -> str:
    escape = html.escape
    link = f"{PAGE}{row[0]}/"
    return (
        f'<tr data-row data-id="{row[0]}"><td><span class="severity">{row[2]}</span></td>'
        f'<td><time datetime="{row[1]}" title="{row[1]}">{row[1]}</time></td><td>{row[3]}</td>'
        f'<th scope="row"><a class="row-link" href="{link}">{row[4]}</a></th><td>{escape(row[6] or "")}</td>'
        f"<td>{row[8] or ''}</td><td>{escape(row[10] or row[9])}</td></tr>"
    )


def shown_count(vendor: str, large: dict[str, Any]) -> Result:
    """P7: the count a page shows, in milliseconds; its ratio is against one indexed look-up."""
    with using(large):
        events = Event.objects.of(WORKSPACE)
        newest = events.newest().values_list("pk", flat=True)

        def count() -> None:
            capped_count(events)

        def lookup() -> None:
            list(newest[:1])

        result = compare("P7", f"{vendor}, capped count", product=count, baseline=lookup, limit=None, repetitions=60)
    verdict = "met" if result.times["product"] <= 3 else "not met"
    result.note = f"the goal is 3 ms for the count itself: {result.times['product']:.2f} ms on {vendor}, {verdict}"
    return result
