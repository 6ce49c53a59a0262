"""The context of a request, the actor of a session, and the workspace of an address."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, User, Workspace
from kit.context import Surface
from portal.middleware import client_ip, surface_of
from tests.accounts.conftest import Facts, Firm
from tests.cast import PASSWORD

pytestmark = pytest.mark.urls("tests.accounts.urls")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(workspace: Workspace) -> str:
    return f"/w/{workspace.pk}/"


# --- the context ---


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/", Surface.PORTAL),
        ("/w/1/", Surface.PORTAL),
        ("/api/v1/sim", Surface.API),
        ("/api", Surface.API),
        ("/apiary/", Surface.PORTAL),
        ("/admin/", Surface.ADMIN),
        ("//admin/", Surface.ADMIN),
        ("/administrators/", Surface.PORTAL),
    ],
)
def test_the_path_says_which_door(path: str, surface: Surface) -> None:
    assert surface_of(path) == surface


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 192.0.2.50", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "nonsense", None),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_only_our_own_proxies_are_believed(settings: Any, proxies: int, forwarded: str, expected: str | None) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_ip(request) == expected


def test_a_unix_socket_has_no_address() -> None:
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="")) is None


def test_each_answer_carries_its_request_id(db: None) -> None:
    client = Client()
    first = client.get("/who/", HTTP_USER_AGENT="x" * 300)
    second = client.get("/nowhere/")
    assert first.json()["request_id"] == first.headers["X-Request-ID"]
    assert uuid.UUID(second.headers["X-Request-ID"]) != uuid.UUID(first.headers["X-Request-ID"])
    assert second.status_code == 404
    assert first.json()["user_agent"] == "x" * 256
    assert (first.json()["surface"], first.json()["ip"], first.json()["kind"]) == ("PORTAL", "127.0.0.1", None)


# --- the actor ---


def test_a_session_acts_as_its_user(firm: Firm) -> None:
    answer = signed_in(firm.member).get("/who/").json()
    assert (answer["kind"], answer["everywhere"]) == ("USER", False)


def test_staff_act_as_staff_in_the_admin_site_only(firm: Firm) -> None:
    client = signed_in(firm.staff)
    assert client.get("/admin/who/").json()["kind"] == "STAFF"
    assert client.get("/who/").json()["kind"] == "USER"
    assert client.get("/who/").json()["everywhere"] is False


def test_customers_are_no_staff_in_the_admin_site(firm: Firm) -> None:
    assert signed_in(firm.owner).get("/admin/who/").json()["kind"] == "USER"


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_a_cookie_opens_nothing_in_the_api(firm: Firm, who: str) -> None:
    client = signed_in(getattr(firm, who))
    for path in ("/api/v1/who", f"/api/v1/w/{firm.acme.pk}/who"):
        answer = client.get(path).json()
        assert (answer["surface"], answer["kind"], answer["user"]) == ("API", None, "AnonymousUser")


def test_times_are_shown_in_the_users_zone_and_only_there(firm: Firm) -> None:
    from django.utils import timezone

    User.objects.filter(pk=firm.member.pk).update(preferences={"timezone": "Europe/Berlin"})
    signed_in(firm.member).get("/who/")
    assert timezone.get_current_timezone_name() == "UTC"


# --- the workspace ---


def test_members_enter_and_see_their_role(firm: Firm) -> None:
    assert signed_in(firm.member).get(address(firm.acme)).content == b"Acme User"
    assert signed_in(firm.owner).get(address(firm.bolt)).content == b"Bolt SuperAdmin"


@pytest.mark.parametrize("who", ["outsider", "staff", "admin"])
def test_a_foreign_workspace_looks_like_none(firm: Firm, who: str) -> None:
    client = signed_in(getattr(firm, who))
    foreign = client.get(address(firm.bolt))
    nothing = client.get("/w/999999/")
    assert foreign.status_code == nothing.status_code == 404
    assert b"Bolt" not in foreign.content


def test_anonymous_visitors_are_sent_to_sign_in(firm: Firm) -> None:
    response = Client().get(address(firm.acme) + "?q=8988")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/accounts/login/?next=/w/{firm.acme.pk}/%3Fq%3D8988"


def test_htmx_is_sent_to_sign_in_as_a_whole_page(firm: Firm) -> None:
    response = Client().get(
        address(firm.acme), HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=f"http://testserver{address(firm.acme)}missing/"
    )
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["HX-Redirect"] == f"/accounts/login/?next=/w/{firm.acme.pk}/missing/"


@pytest.mark.parametrize(("what", "status"), [("forbidden", 403), ("not_found", 404), ("conflict", 409)])
def test_refusals_of_services_become_answers(firm: Firm, what: str, status: int) -> None:
    client = signed_in(firm.observer)
    path = f"{address(firm.acme)}refuses/{what}/"
    toast = client.get(path, HTTP_HX_REQUEST="true")
    assert toast.status_code == status
    assert toast.headers["Content-Type"].startswith("text/plain")
    page = client.get(path)
    assert page.status_code == status
    if what == "forbidden":
        assert "Your role Observer may not change SIMs." in page.content.decode()


@pytest.mark.parametrize("workspaces", [0, 40])
def test_a_page_costs_three_queries_whatever_the_number_of_workspaces(firm: Firm, workspaces: int) -> None:
    more = [Workspace(name=f"More {n}", package=firm.acme.package) for n in range(workspaces)]
    for workspace in Workspace.objects.bulk_create(more):
        Membership.objects.create(user=firm.member, workspace=workspace, role="User")
    client = signed_in(firm.member)
    client.get(address(firm.acme))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address(firm.acme))
    assert len(queries) == 3, [query["sql"] for query in queries]


# --- event 67 ---


def test_entering_the_default_workspace_after_sign_in_is_no_switch(firm: Firm, facts: Facts) -> None:
    client = signed_in(firm.member)
    client.get(address(firm.acme))
    client.get(address(firm.acme))
    assert facts.names == []


def test_entering_another_workspace_is_a_switch_each_time(firm: Firm, facts: Facts) -> None:
    client = signed_in(firm.member)
    for workspace in (firm.bolt, firm.bolt, firm.acme, firm.bolt):
        client.get(address(workspace))
    assert facts.seen == [
        ("workspace_switched", {"workspace_id": workspace.pk, "user_id": firm.member.pk})
        for workspace in (firm.bolt, firm.acme, firm.bolt)
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HX_REQUEST": "true"},
        {"HTTP_SEC_PURPOSE": "prefetch"},
        {"HTTP_SEC_PURPOSE": "prefetch;prerender"},
    ],
)
def test_fragments_and_prefetches_are_no_switch(firm: Firm, facts: Facts, headers: dict[str, Any]) -> None:
    client = signed_in(firm.member)
    assert client.get(address(firm.bolt), **headers).status_code == 200
    assert facts.names == []
    client.get(address(firm.acme))
    assert facts.names == [], "the session is still where it was"


@pytest.mark.parametrize("headers", [{"HTTP_HX_BOOSTED": "true"}, {"HTTP_HX_HISTORY_RESTORE_REQUEST": "true"}])
def test_whole_pages_through_htmx_are_a_switch(firm: Firm, facts: Facts, headers: dict[str, Any]) -> None:
    signed_in(firm.member).get(address(firm.bolt), HTTP_HX_REQUEST="true", **headers)
    assert facts.names == ["workspace_switched"]


def test_other_methods_and_failures_are_no_switch(firm: Firm, facts: Facts) -> None:
    client = signed_in(firm.member)
    client.head(address(firm.bolt))
    client.post(address(firm.bolt))
    client.get(address(firm.bolt) + "missing/")
    client.get(address(firm.umbra))
    client.get(f"{address(firm.bolt)}refuses/conflict/")
    assert facts.names == []


# --- sign-in and sign-out through the browser ---


def sign_in(client: Client, user: User, password: str = PASSWORD, **data: str) -> Any:
    return client.post("/accounts/login/", {"login": user.email, "password": password, **data})


def test_signing_in_leads_to_the_default_workspace_and_is_told_once(firm: Firm, facts: Facts) -> None:
    client = Client()
    response = sign_in(client, firm.member)
    assert response.headers["Location"] == address(firm.acme)
    assert facts.seen == [("user_signed_in", {"workspace_id": firm.acme.pk})]
    facts.clear()
    client.get(address(firm.acme))
    assert facts.names == []
    assert client.post("/accounts/logout/").status_code == 302
    client.post("/accounts/logout/")
    assert facts.seen == [("user_signed_out", {"workspace_id": firm.acme.pk})]


def test_signing_in_towards_another_workspace_is_a_sign_in_and_a_switch(firm: Firm, facts: Facts) -> None:
    client = Client()
    response = sign_in(client, firm.member, next=address(firm.bolt))
    client.get(response.headers["Location"])
    assert facts.names == ["user_signed_in", "workspace_switched"]


def test_staff_use_the_same_door_and_are_told_in_the_operators_workspace(firm: Firm, facts: Facts) -> None:
    client = Client()
    assert sign_in(client, firm.staff).headers["Location"] == "/admin/"
    assert facts.seen == [("user_signed_in", {"workspace_id": firm.operator.pk})]
    facts.clear()
    # The admin site sends there.
    client.post("/accounts/logout/")
    assert facts.seen == [("user_signed_out", {"workspace_id": firm.operator.pk})]


def test_the_form_tells_wrong_and_locked_apart_and_nothing_else(firm: Firm, facts: Facts) -> None:
    client = Client()

    def errors(email: str, password: str) -> list[str]:
        response = client.post("/accounts/login/", {"login": email, "password": password})
        assert response.status_code in (200, 422)
        return list(response.context["form"].non_field_errors())

    wrong = errors(firm.member.email, "wrong")
    assert wrong == errors("nobody@example.com", "wrong") == ["The e-mail address or the password is wrong."]
    errors(firm.member.email, "wrong")
    [locked] = errors(firm.member.email, "wrong")
    assert "locked until" in locked
    assert errors(firm.member.email, PASSWORD) == [locked]
    assert "_auth_user_id" not in client.session
    assert facts.names == ["sign_in_failed", "sign_in_failed", "sign_in_failed", "user_locked"]


def test_a_suspended_person_loses_the_session(firm: Firm) -> None:
    client = signed_in(firm.member)
    User.objects.filter(pk=firm.member.pk).update(status=User.Status.SUSPENDED)
    assert client.get(address(firm.acme)).status_code == 302


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51008", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("_hidden", None),
        ("203.0.113.7:port", None),
        ("", None),
    ],
)
def test_an_address_is_known_however_a_proxy_writes_it(settings: Any, written: str, address: str | None) -> None:
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR=written)) == address
    settings.TRUSTED_PROXY_COUNT = 1
    forwarded = RequestFactory().get("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=f"198.51.100.9, {written}")
    assert client_ip(forwarded) == address
