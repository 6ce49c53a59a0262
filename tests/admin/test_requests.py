"""Requests for workspaces in the admin site, from the list to the customer's mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Membership, PlatformPackage, Workspace, WorkspaceRequest
from accounts.permissions import Role
from accounts.selectors import entries_of
from accounts.workspaces.services.requests import request_workspace
from tests.admin.conftest import messages_of, text_of
from tests.cast import Cast
from tests.log import rows, types

LIST = "/admin/accounts/workspacerequest/"


@pytest.fixture
def wanted(cast: Cast) -> WorkspaceRequest:
    """A request of Acme for a new workspace."""
    with cast.acting(cast.owner):
        return request_workspace(
            workspace_id=cast.acme.pk, kind="new", contact_email="it@example.com", text="A <b>lab</b>\nin Kiel."
        )


@pytest.fixture
def link_wanted(cast: Cast) -> WorkspaceRequest:
    """A request of Acme for Umbra to be linked."""
    with cast.acting(cast.owner):
        return request_workspace(
            workspace_id=cast.acme.pk, kind="linked", contact_email="it@example.com", text="Umbra is ours now."
        )


Answer = Callable[..., Any]


@pytest.fixture
def answer(staff: Client, django_capture_on_commit_callbacks: Any) -> Answer:
    """Return a function that presses a button of a request's page, and lets the mail go out."""

    def press(request: WorkspaceRequest, what: str, **data: object) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return staff.post(f"{LIST}{request.pk}/answer/{what}/", data, follow=True)

    return press


def test_waiting_ones_come_first_and_the_filter_finds_them(staff: Client, cast: Cast, wanted: WorkspaceRequest) -> None:
    done = WorkspaceRequest.objects.create(
        workspace=cast.umbra, kind="new", contact_email="x@example.net", text="Later", status=1
    )
    found = list(staff.get(LIST).context["cl"].result_list)
    assert found == [wanted, done]
    assert list(staff.get(LIST, {"status": 1}).context["cl"].result_list) == [done]
    assert list(staff.get(LIST, {"kind": "linked"}).context["cl"].result_list) == []


def test_the_page_tells_all_that_an_answer_needs(staff: Client, wanted: WorkspaceRequest) -> None:
    page = staff.get(f"{LIST}{wanted.pk}/change/")
    text = text_of(page)
    for word in ("in Kiel.", "it@example.com", "Acme", "Plus EUR", "2 of 3", "Olga Owner", "Waiting"):
        assert word in text, word
    assert "<b>lab" not in page.content.decode()
    assert "Create the workspace" in text
    assert "Decline with an answer" in text
    assert "Link the workspace" not in text


def test_staff_make_the_workspace(answer: Answer, cast: Cast, wanted: WorkspaceRequest) -> None:
    package = PlatformPackage.objects.get(name="Standard EUR")
    mail.outbox.clear()
    page = answer(wanted, "create", name="Acme Lab", package=package.pk, data_plans=[cast.plan.pk])
    assert messages_of(page) == ["Acme Lab is made and linked to Acme."]
    made = Workspace.objects.get(name="Acme Lab")
    assert (made.main, made.package, list(made.data_plans.all())) == (cast.acme, package, [cast.plan])
    # There was no SuperAdmin: the longest-standing Administrator is it, and enters what is linked.
    cast.acme.refresh_from_db()
    assert cast.acme.super_admin == cast.owner
    assert {entry.name: entry.role for entry in entries_of(cast.owner.pk)}["Acme Lab"] == Role.SUPERADMIN
    assert types(made) == [10071, 10005, 10008]
    assert types(cast.acme) == [10041, 10024, 10040]
    wanted.refresh_from_db()
    assert (wanted.status, wanted.handled_by, wanted.answer) == (
        1,
        cast.staff,
        f"The workspace Acme Lab ({made.pk}) is ready.",
    )
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["it@example.com"], "Your request for Acme is done")
    assert wanted.answer in sent.body
    customer = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/settings/requests/").content.decode()
    assert wanted.answer in customer
    assert "Done" in customer


def test_a_package_without_room_is_refused_and_nothing_is_half_done(
    staff: Client, cast: Cast, wanted: WorkspaceRequest
) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_workspaces=2)
    page = staff.post(f"{LIST}{wanted.pk}/answer/create/", {"name": "Acme Lab", "package": cast.acme.package_id})
    assert page.status_code == 422
    assert "allows 2 workspaces, and there are 2" in text_of(page)
    cast.acme.refresh_from_db()
    assert (cast.acme.super_admin, types(cast.acme)) == (None, [10041])
    assert not Workspace.objects.filter(name="Acme Lab").exists()


def test_staff_link_a_workspace_whose_superadmin_steps_back(
    answer: Answer, cast: Cast, link_wanted: WorkspaceRequest
) -> None:
    Workspace.objects.filter(pk=cast.umbra.pk).update(super_admin=cast.outsider)
    page = answer(link_wanted, "link", workspace=cast.umbra.pk, answer="Welcome, Umbra.")
    assert messages_of(page) == ["Umbra is linked to Acme."]
    cast.umbra.refresh_from_db()
    assert (cast.umbra.main, cast.umbra.super_admin) == (cast.acme, None)
    assert Membership.objects.get(workspace=cast.umbra).role == Role.ADMINISTRATOR
    assert [type_ for type_, _text in rows(cast.umbra)] == [10024, 10040]
    assert {entry.name for entry in entries_of(cast.owner.pk)} == {"Acme", "Bolt", "Umbra"}
    assert mail.outbox[-1].to == ["it@example.com"]
    assert "Welcome, Umbra." in mail.outbox[-1].body


@pytest.mark.parametrize(("name", "text"), [("acme", "linked to itself"), ("bolt", "already"), ("operator", "own")])
def test_what_cannot_be_linked(staff: Client, cast: Cast, link_wanted: WorkspaceRequest, name: str, text: str) -> None:
    page = staff.post(f"{LIST}{link_wanted.pk}/answer/link/", {"workspace": getattr(cast, name).pk})
    assert page.status_code == 422
    assert text in text_of(page)
    link_wanted.refresh_from_db()
    assert link_wanted.status == 0


def test_declining_needs_a_reason_and_the_next_request_is_free(
    staff: Client, answer: Answer, cast: Cast, wanted: WorkspaceRequest
) -> None:
    assert staff.post(f"{LIST}{wanted.pk}/answer/decline/", {"answer": " "}).status_code == 422
    answer(wanted, "decline", answer="Too many already.")
    wanted.refresh_from_db()
    assert (wanted.status, wanted.answer) == (2, "Too many already.")
    assert mail.outbox[-1].subject == "Your request for Acme was declined"
    again = answer(wanted, "create", name="Acme Lab", package=cast.acme.package_id)
    assert messages_of(again) == ["This request was answered already."]
    with cast.acting(cast.owner):
        request_workspace(workspace_id=cast.acme.pk, kind="new", contact_email="it@example.com", text="Then smaller.")


def test_buttons_need_their_rights(
    granted: Callable[..., Client], cast: Cast, wanted: WorkspaceRequest, link_wanted: WorkspaceRequest
) -> None:
    client = granted("accounts.view_workspacerequest")
    assert "Create the workspace" not in text_of(client.get(f"{LIST}{wanted.pk}/change/"))
    assert client.get(f"{LIST}{wanted.pk}/answer/decline/").status_code == 403
    client = granted("accounts.change_workspacerequest")
    assert client.get(f"{LIST}{wanted.pk}/answer/create/").status_code == 403
    assert client.get(f"{LIST}{wanted.pk}/answer/link/").status_code == 403
    assert client.get(f"{LIST}{wanted.pk}/answer/decline/").status_code == 200
