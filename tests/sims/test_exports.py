"""The inventory as CSV: what the list shows, in the columns that its reader chose."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import exports
from sims.identifiers import iccid_with_luhn
from sims.states import SimStatus
from tests.cast import Cast
from tests.log import last, types

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("exports read row by row, which SQLite does on the one connection"),
]


def export(client: Client, workspace_id: int, kind: str, query: str = "") -> list[list[str]]:
    response: Any = client.post(reverse(f"sims:{kind}_export", args=[workspace_id]), {"filter": query})
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{kind}s-{workspace_id}-' in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(text.removeprefix("\ufeff").splitlines()))


def test_sims_as_the_list_finds_them(cast: Cast) -> None:
    sims = cast.sims(3)
    cast.sims(1, workspace=cast.umbra)
    head, *lines = export(cast.client(cast.observer), cast.acme.pk, "sim")
    assert head[:4] == ["ID", "ICCID", "IMSI", "State"]
    assert [line[0] for line in lines] == sorted((str(sim.pk) for sim in sims), key=int, reverse=True)
    last = max(sims, key=lambda sim: sim.pk)
    assert lines[0][1:4] == [iccid_with_luhn(last.iccid), last.imsi, SimStatus(last.status).label]
    assert len(export(cast.client(cast.owner), cast.acme.pk, "sim", f"iccid={sims[0].iccid}")) == 2


def test_devices_in_chosen_columns_and_never_a_formula(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    sim = cast.sims(1)[0]
    cast.device(sim=sim, name="Pump 12")
    for number in range(3):
        cast.device(name=f"Spare {number}")
    cast.device(name="=HYPERLINK(1)")
    cast.owner.preferences = {"tables": {"devices": {"columns": ["name", "sim"]}}}
    cast.owner.save()
    head, *lines = export(cast.client(cast.owner), cast.acme.pk, "device")
    assert head == ["ID", "Name", "SIM"]
    assert [line[1:] for line in lines] == [
        ["'=HYPERLINK(1)", ""],
        *([f"Spare {number}", ""] for number in (2, 1, 0)),
        ["Pump 12", iccid_with_luhn(sim.iccid)],
    ]


def test_the_heading_of_a_moment_names_its_zone(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    columns = {"sims": {"columns": ["registered", "activated", "updated"]}, "devices": {"columns": ["created"]}}
    cast.owner.preferences = {"timezone": "Asia/Tokyo", "tables": columns}
    cast.owner.save()
    head, line = export(cast.client(cast.owner), cast.acme.pk, "sim")
    assert head == ["ID", "ICCID", "Registered (UTC)", "First activated (UTC)", "Last updated (UTC)"]
    assert line[-1] == sim.last_updated.isoformat()
    assert line[-1].endswith("+00:00")
    (head,) = export(cast.client(cast.owner), cast.acme.pk, "device")
    assert head == ["ID", "Name", "Created (UTC)"]


def test_too_many_and_wrong_filters_are_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.sims(3)
    client = cast.client(cast.owner)
    url = reverse("sims:sim_export", args=[cast.acme.pk])
    assert client.post(url, {"filter": "status=99"}).status_code == 422
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    refused = client.post(url, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Narrow the filter" in refused.content.decode()
    assert types() == []
    assert client.get(url).status_code == 405
    assert cast.client(cast.outsider).post(url).status_code == 404
    assert Client().post(url).status_code == 302


def test_an_export_is_an_event_with_its_filter_and_columns(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    cast.owner.preferences = {"tables": {"sims": {"columns": ["imsi"]}, "devices": {"columns": ["created"]}}}
    cast.owner.save()
    export(cast.client(cast.owner), cast.acme.pk, "sim", f"iccid={sim.iccid}")
    told = last()
    assert (told.type, told.description, told.user_id) == (10086, "1 SIM(s) exported", cast.owner.pk)
    assert told.detail["filters"] == {"iccid": sim.iccid}
    assert told.detail["columns"] == ["iccid", "imsi"]
    export(cast.client(cast.observer), cast.acme.pk, "device")
    assert (last().description, last().user_id) == ("0 device(s) exported", cast.observer.pk)
    assert types() == [10086, 10086]


def test_a_file_has_the_columns_that_the_address_names(cast: Cast) -> None:
    cast.device(name="Pump 1")
    url = reverse("sims:device_export", args=[cast.acme.pk])
    response: Any = cast.client(cast.owner).post(url, {"filter": "", "columns": "name,created,nonsense"})
    head = b"".join(response.streaming_content).decode().splitlines()[0]
    assert "Created" in head
    assert "Coverage policy" not in head
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/?columns=name,created").content.decode()
    assert '<input type="hidden" name="columns" value="name,created">' in page
