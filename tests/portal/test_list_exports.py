"""Users as a CSV file, and files in the order of their list."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.people.selectors import people_of
from kit import exports
from tests.cast import Cast
from tests.log import last, types

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("exports read row by row, which SQLite does on the one connection"),
]


def export(client: Client, name: str, workspace_id: int, **data: str) -> list[list[str]]:
    response: Any = client.post(reverse(name, args=[workspace_id]), data)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(text.removeprefix("\ufeff").splitlines()))


USERS = "accounts:workspace_user_export"


def test_users_with_their_address_and_an_event(cast: Cast) -> None:
    cast.owner.preferences = {"tables": {"people": {"columns": ["name", "role", "access", "security", "last_seen"]}}}
    cast.owner.save()
    head, *lines = export(cast.client(cast.owner), USERS, cast.acme.pk, filter="role=Observer")
    assert head == ["ID", "Name", "E-mail", "User role", "Access", "Account security", "Last sign-in (UTC)"]
    assert [line[:6] for line in lines] == [
        [str(cast.observer.pk), cast.observer.name, cast.observer.email, "Observer", "Active", "Not set"]
    ]
    told = last()
    assert (told.type, told.description, told.user_id) == (10130, "1 user(s) exported", cast.owner.pk)
    assert told.detail == {
        "filters": {"role": "Observer"},
        "columns": ["name", "email", "role", "access", "security", "last_seen"],
    }
    page = cast.client(cast.owner).get(reverse("accounts:workspace_users", args=[cast.acme.pk])).content.decode()
    assert f'action="{reverse(USERS, args=[cast.acme.pk])}"' in page


def test_users_in_the_order_of_the_screen_and_in_parts(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    names = sorted(people_of(cast.acme).values_list("shown_name", flat=True))
    assert len(names) >= 3
    client = cast.client(cast.owner)
    for sort, expected in (("", names), ("name", names), ("-name", names[::-1]), ("nonsense", names)):
        lines = export(client, USERS, cast.acme.pk, filter="", sort=sort)[1:]
        assert [line[1] for line in lines] == expected, sort


def test_only_who_manages_users_reads_them_out(cast: Cast) -> None:
    url = reverse(USERS, args=[cast.acme.pk])
    for user in (cast.member, cast.observer):
        assert cast.client(user).post(url).status_code == 403
    assert cast.client(cast.outsider).post(url).status_code == 404
    assert cast.client(cast.owner).get(url).status_code == 405
    assert types() == []


def test_sims_in_the_order_of_the_screen(cast: Cast) -> None:
    sims = sorted(cast.sims(4), key=lambda sim: sim.iccid)
    client = cast.client(cast.owner)
    ids = [str(sim.pk) for sim in sims]
    assert [line[0] for line in export(client, "sims:sim_export", cast.acme.pk, sort="iccid")[1:]] == ids
    assert [line[0] for line in export(client, "sims:sim_export", cast.acme.pk, sort="-iccid")[1:]] == ids[::-1]
    page = client.get(f"/w/{cast.acme.pk}/sims/?sort=-iccid").content.decode()
    assert '<input type="hidden" name="sort" value="-iccid">' in page
