"""Forms sent twice by one click make one thing, on the server; and every form holds its button down in the browser."""

from __future__ import annotations

import re
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import ApplicationToken, Invitation, WorkspaceRequest
from accounts.permissions import Role
from kit.models import SubmittedForm
from kit.sent_once import FIELD, new_key
from sims.models import Device, ServicePolicy, SimBatch
from tests.cast import Cast
from tests.log import types

TEMPLATES = Path(settings.BASE_DIR) / "templates"
FORM = re.compile(r"<form\b(?:\{%.*?%\}|\{\{.*?\}\}|[^>])*>", re.DOTALL)
GUEST: dict[str, Any] = {"email": "neu@example.com", "name": "Nora Neu", "role": Role.USER.value}
STAYS = ("data-submit-once", "data-download", "data-theme-form", "data-view-form")
"""A file comes and the page stays; the theme and the view of a list are set and not made."""


def forms() -> list[tuple[str, str]]:
    """Return the opening tag of every POST form with the template that it is in."""
    return [
        (str(path.relative_to(TEMPLATES)), tag)
        for path in sorted(TEMPLATES.rglob("*.html"))
        for tag in FORM.findall(path.read_text())
        if 'method="post"' in tag
    ]


def test_every_form_that_posts_holds_its_button_down() -> None:
    assert len(forms()) > 50
    assert [found for found in forms() if not any(mark in found[1] for mark in STAYS)] == []


def key_in(response: Any) -> str:
    """Return the key of the form on a page."""
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return found[1]


def device_form(cast: Cast, **more: Any) -> dict[str, Any]:
    """Return a form of a device that can be made."""
    service, coverage = cast.policies()
    values = {"name": "Pump", "status": "0", "service_policy": service.pk, "coverage_policy": coverage.pk}
    return {**values, "sim_status": "1", FIELD: new_key(), **more}


def test_a_device_is_created_once(cast: Cast) -> None:
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/create/"
    cast.policies()
    form = device_form(cast, **{FIELD: key_in(client.get(url))})
    first, second = client.post(url, form), client.post(url, form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert Device.objects.count() == 1
    assert types() == [10002]
    assert "It was carried out once." in client.get(second["Location"]).content.decode()


def test_a_refused_form_may_be_sent_again(cast: Cast) -> None:
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/create/"
    form = device_form(cast)
    assert client.post(url, {**form, "imei": "12"}).status_code == 422
    assert not SubmittedForm.objects.exists()
    assert client.post(url, form).status_code == 303


def test_a_key_counts_for_one_person_and_one_address(cast: Cast) -> None:
    form, url = device_form(cast), f"/w/{cast.acme.pk}/devices/create/"
    for user in (cast.owner, cast.member):
        assert cast.client(user).post(url, form).status_code == 303
    other = {**form, **{kind: cast.policies(cast.bolt)[place].pk for place, kind in enumerate(KINDS)}}
    assert cast.client(cast.owner).post(f"/w/{cast.bolt.pk}/devices/create/", other).status_code == 303
    assert Device.objects.count() == 3


KINDS = ("service_policy", "coverage_policy")


@pytest.mark.parametrize("key", ["", "x", "0" * 400])
def test_without_a_key_a_form_is_carried_out_as_it_is(cast: Cast, key: str) -> None:
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/create/"
    for _ in range(2):
        assert client.post(url, device_form(cast, **{FIELD: key})).status_code == 303
    assert Device.objects.count() == 2


def test_policies_invitations_requests_and_tokens_are_made_once(cast: Cast) -> None:
    client, base = cast.client(cast.owner), f"/w/{cast.acme.pk}/"
    tries: list[tuple[str, dict[str, Any], Any]] = [
        ("policies/service/create/", {"name": "Meters"}, ServicePolicy.objects.filter(name="Meters")),
        (
            "settings/users/invite/",
            {"email": "neu@example.com", "name": "Nora Neu", "role": Role.USER.value},
            Invitation.objects,
        ),
        (
            "settings/requests/",
            {"kind": "linked", "contact_email": "a@example.com", "text": "x"},
            WorkspaceRequest.objects,
        ),
        ("integrations/", {"description": "ERP", "role": Role.USER.value}, ApplicationToken.objects),
    ]
    for path, values, made in tries:
        page = client.get(base + path)
        form = {**values, FIELD: key_in(page)}
        first, second = client.post(base + path, form), client.post(base + path, form)
        assert first.status_code < 400, (path, first.content.decode())
        assert second.status_code in (first.status_code, 303), path
        assert made.count() == 1, path


def test_a_dialog_is_answered_twice_alike(cast: Cast) -> None:
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/settings/users/invite/"
    form = {**GUEST, FIELD: new_key()}
    first, second = (client.post(url, form, headers={"HX-Request": "true"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (204, 204)
    assert "dialogClose" in first["HX-Trigger"]
    assert first["HX-Trigger"] == second["HX-Trigger"]
    assert Invitation.objects.count() == 1


def test_staff_create_a_batch_once(cast: Cast) -> None:
    client, url = cast.client(cast.staff), "/admin/sims/simbatch/add/"
    form = {"bic": "1234567890123456", "model": cast.model.pk, FIELD: key_in(client.get(url))}
    first, second = client.post(url, form), client.post(url, form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert SimBatch.objects.filter(bic=form["bic"]).count() == 1


def test_old_keys_are_forgotten(cast: Cast) -> None:
    SubmittedForm.objects.create(key="a" * 64, created=timezone.now() - timedelta(days=2))
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/create/"
    assert client.post(url, device_form(cast)).status_code == 303
    assert not SubmittedForm.objects.filter(key="a" * 64).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.sqlite_too("two requests at once wait for each other otherwise there")
def test_both_clicks_at_the_same_moment_make_one(cast: Cast) -> None:
    form, url = device_form(cast, **{FIELD: str(uuid.uuid4())}), f"/w/{cast.acme.pk}/devices/create/"
    answers: list[tuple[int, str]] = []
    clients: list[Client] = [cast.client(cast.owner) for _ in range(2)]
    both = threading.Barrier(2)

    def click(client: Client) -> None:
        try:
            both.wait()
            response = client.post(url, form)
            answers.append((response.status_code, response["Location"]))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert answers[0][0] == 303
    assert Device.objects.count() == 1
