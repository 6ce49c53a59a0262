"""`ingest_usage` and `simulate_network`."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from events.models import Event
from kit.network_feed import network_feed_token
from portal.demo import network, upkeep
from sims.models import Attachment, Sim, UsageDay, UsageRecord
from sims.states import DeviceStatus
from tests.cast import Cast
from tests.usage.records import check, in_test, record, status


def ingest_file(path: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("ingest_usage", str(path), stdout=out, **options)
    return out.getvalue()


def test_ndjson_plain_and_packed(cast: Cast, tmp_path: Path) -> None:
    (sim,) = in_test(cast)
    lines = [json.dumps(record(sim, sms=1)) for _ in range(3)]
    plain = tmp_path / "usage.ndjson"
    plain.write_text("\n".join([*lines, "", "{", "{}"]))
    told = ingest_file(plain)
    assert "5 records" in told
    assert "3 accepted, 0 duplicates, 2 rejected" in told
    packed = tmp_path / "usage.ndjson.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert "0 accepted, 3 duplicates, 0 rejected" in ingest_file(packed)
    rejected = tmp_path / "rejected"
    ingest_file(plain, rejected=str(rejected))
    assert [json.loads(line)["index"] for line in rejected.read_text().splitlines()] == [3, 4]


def test_csv(cast: Cast, tmp_path: Path) -> None:
    (sim,) = in_test(cast)
    file = tmp_path / "usage.csv"
    file.write_text(
        "id,sim.iccid,traffic_type.id,volume.total,volume.rx,volume.tx,end_timestamp,operator.name\n"
        f"1,{sim.iccid},5,0.0999995,0.05,,{record(sim, sms=1)['end_timestamp']},Example\n"
        f"2,{sim.iccid},6,3,,3,{record(sim, sms=1)['end_timestamp']},\n"
    )
    assert "2 accepted" in ingest_file(file)
    day = UsageDay.objects.get()
    assert (day.data_total, day.data_rx, day.sms_total, day.sms_mo) == (100_000, 50_000, 3, 3)
    assert UsageRecord.objects.get(record_id="1").payload["operator"] == {"name": "Example"}
    assert check() == 1


def test_a_file_that_is_not_there(db: None) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        ingest_file(Path("not-there.ndjson"))


def test_the_network_is_not_played_on_other_peoples_data(cast: Cast) -> None:
    with pytest.raises(CommandError, match="not made by the demo"):
        call_command("simulate_network", rounds=1)


def test_the_network_delivers_what_the_portal_takes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    tested = in_test(cast, 3)
    active = cast.sims(3, status=1)
    for sim in active:
        cast.device(sim=sim)
    (disabled,) = cast.sims(1, status=1)
    cast.device(sim=disabled, status=DeviceStatus.DISABLED)

    def post(self: network.DemoNetwork, path: str, records: Any) -> str:
        answer = Client().post(
            f"/api/v1/{path}",
            network.as_json(records),
            content_type="application/json",
            headers={"Authorization": f"Bearer {network_feed_token()}"},
        )
        assert answer.status_code == 200
        assert answer.json()["rejected"] == []
        return f"{len(records)}: {answer.json()}"

    monkeypatch.setattr(network.DemoNetwork, "_post", post)
    monkeypatch.setattr(upkeep, "is_loaded", lambda: True)
    out = io.StringIO()
    call_command("simulate_network", rounds=60, interval=0, devices=5, tested=2, seed=3, stdout=out)
    assert "5: {'accepted': 5, 'duplicates': 0, 'rejected': []}" in out.getvalue()
    assert not UsageRecord.objects.filter(sim_id=disabled.pk).exists()
    assert set(Event.objects.values_list("type", flat=True)) >= {1, 2, 3, 5}
    assert Attachment.objects.exclude(session=None).filter(sim__in=active).exists()
    check()
    # The first two go on until they are through; nobody checked in between, so the third waited.
    assert [status(sim) for sim in tested] == [1, 1, 4]
    assert Sim.objects.filter(pk__in=[sim.pk for sim in active], status=1).count() == 3


def test_a_network_without_portal_waits_and_one_with_a_wrong_token_ends() -> None:
    player = network.DemoNetwork(url="http://127.0.0.1:9", token="x", devices=1, tested=1)
    assert player._post("usage", []) == ""
    with pytest.raises(network.FeedRefused):
        network.DemoNetwork(url="file:///etc", token="x", devices=1, tested=1)._post("usage", [])
