"""What the network reports: it counts once, belongs to whoever had the SIM then, and says how a device is connected."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from kit.context import NETWORK, ActorKind, Surface, acting_as
from kit.network_feed import network_feed_token
from sims.connectivity.tasks import forget_reports
from sims.devices.connections import connection_of
from sims.devices.services.status import reset_connectivity
from sims.inventory.services.assignment import release_sims
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Attachment, Device, NetworkReport, Sim, SimTenure
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.sims.test_bulk import words

URL = "/api/v1/events/ingest"
_ids = itertools.count(31_000_000_001)

OPERATOR = {
    "id": 3,
    "name": "Example Mobile",
    "country": {"id": 74, "name": "Germany", "country_code": "49", "mcc": "262", "iso_code": "de"},
    "tapcode": [{"id": 2, "tapcode": "DEUEX"}],
    "mnc": [{"id": 3, "mnc": "01"}],
}
VLR = "New location received from VLR for IMSI='{imsi}', now attached to VLR='491720000001'."
SGSN = "New location received from SGSN for IMSI='{imsi}', now attached to SGSN='491720000002', IP='198.51.100.4'."
CREATED = "New PDP Context successfully activated with SGSN CP=198.51.100.4, DP=198.51.100.5."
CONTEXT = {"rat_type": 6, "ue_ip_address": "203.0.113.77", "apn": "iot.example", "mcc": "262", "mnc": "01", "ci": 4711}


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def report(sim: Sim, kind: int, moment: datetime, /, text: str = "", **values: Any) -> dict[str, Any]:
    """One event as the Data Streamer posts it."""
    return {
        "id": next(_ids),
        "timestamp": moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
        "alert": False,
        "description": text.format(imsi=sim.imsi),
        "event_type": {"id": kind, "description": "…"},
        "event_source": {"id": 0, "description": "Network"},
        "event_severity": {"id": 0, "description": "Info"},
        "organisation": {"id": 1, "name": "whoever"},
        "sim": {"id": 1, "iccid": sim.iccid},
        **values,
    }


def located(sim: Sim, moment: datetime) -> dict[str, Any]:
    return report(sim, 1, moment, VLR, detail=OPERATOR)


def session(sim: Sim, moment: datetime, name: str = "one") -> dict[str, Any]:
    return report(sim, 3, moment, CREATED, detail={**OPERATOR, "session_id": name, "pdp_context": CONTEXT})


def ended(sim: Sim, moment: datetime, name: str = "one") -> dict[str, Any]:
    detail = {**OPERATOR, "session_id": name, "volume": {"total": 0.75, "rx": 0.5, "tx": 0.25}, "pdp_context": CONTEXT}
    return report(sim, 5, moment, "PDP Context deleted.", detail=detail)


def post(*reports: Any, token: str | None = None) -> Any:
    key = network_feed_token() if token is None else token
    body = reports[0] if len(reports) == 1 else list(reports)
    return Client().post(
        URL, json.dumps(body), content_type="application/json", headers={"authorization": f"Bearer {key}"}
    )


def taken(*reports: Any) -> tuple[int, int, list[str]]:
    """Deliver reports; return how many were taken in, how many had come before, and why others were refused."""
    answer = post(*reports)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return told["accepted"], told["duplicates"], [each["error"] for each in told["rejected"]]


@pytest.fixture
def meter(cast: Cast) -> Device:
    """A device of Acme's that may use the network, since some days."""
    return with_sim(cast)


def with_sim(cast: Cast) -> Device:
    (sim,) = cast.sims(1, status=1)
    device = cast.device(sim=sim)
    SimTenure.objects.filter(sim_id=sim.pk).delete()
    cast.hold(Sim.objects.filter(pk=sim.pk), since=ago(days=5))
    return device


def sim_of(device: Device) -> Sim:
    return Sim.objects.get(device=device)


def status(device: Device) -> str:
    with acting_as(NETWORK, surface=Surface.API):
        return connection_of(Device.objects.get(pk=device.pk)).status


# --- the log ---


def test_a_report_is_an_event_of_the_network_at_its_own_moment(cast: Cast, meter: Device) -> None:
    sim, moment = sim_of(meter), ago(hours=3).replace(microsecond=0)
    assert taken(located(sim, moment)) == (1, 0, [])
    event = Event.objects.get(type=1)
    assert (event.workspace_id, event.timestamp, event.source, event.severity) == (cast.acme.pk, moment, 0, 0)
    assert (event.sim_id, event.device_id, event.device_name) == (sim.pk, meter.pk, meter.name)
    assert event.actor_kind == ActorKind.NETWORK
    assert event.user_id is None
    assert event.description == VLR.format(imsi=sim.imsi)
    assert event.detail == OPERATOR


EXAMPLES = [
    (1, VLR, 0), (2, SGSN, 0), (3, CREATED, 0), (5, "PDP Context deleted.", 0),
    (15, "VLR location information has been purged for IMSI='{imsi}'.", 0),
    (16, "SGSN location information has been purged for IMSI='{imsi}'.", 0),
    (3, "PDP Context Request rejected, because SIM is not activated.", 1),
    (3, "PDP Context Request rejected, because endpoint has no quota.", 1),
    (1, "Location update rejected from VLR 49172 (Example) for IMSI {imsi}. This operator is currently not supported"
        " for this IMSI. A different IMSI or operator will be used for the network registration.", 1),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "severity"), EXAMPLES)
def test_published_words_keep_their_severity(cast: Cast, meter: Device, kind: int, text: str, severity: int) -> None:
    assert taken(report(sim_of(meter), kind, ago(hours=1), text)) == (1, 0, [])
    event = Event.objects.get()
    assert (event.type, event.description, event.severity) == (kind, text.format(imsi=sim_of(meter).imsi), severity)


def test_other_words_are_kept_as_they_came(cast: Cast, meter: Device) -> None:
    said = "Attached {actor.name}\n to 5G   core"
    assert taken({**located(sim_of(meter), ago(hours=1)), "description": said}) == (1, 0, [])
    shown = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/events/{Event.objects.get().pk}/").content.decode()
    assert "Attached {actor.name} to 5G core" in shown
    assert taken({**located(sim_of(meter), ago(hours=1)), "description": None}) == (1, 0, [])
    assert Event.objects.latest("pk").description == "Update location"


def test_what_nobody_sees_in_a_text_is_marked(cast: Cast, meter: Device) -> None:
    """A text of somebody outside can't reverse the line in which a log shows it, nor speak to a terminal."""
    said = "Attached\u202eto\x1b[2J\n\u200bVLR\u2028here"
    assert taken(report(sim_of(meter), 1, ago(minutes=3), said)) == (1, 0, [])
    assert Event.objects.latest("pk").description == "Attached\ufffdto\ufffd[2J \ufffdVLR here"


def test_a_report_counts_once(cast: Cast, meter: Device) -> None:
    first = located(sim_of(meter), ago(hours=1))
    assert taken(first, first, session(sim_of(meter), ago(minutes=5))) == (2, 1, [])
    assert taken(first) == (0, 1, [])
    assert Event.objects.count() == 2


def test_what_cannot_be_taken_in_says_why_and_may_come_again(cast: Cast, meter: Device) -> None:
    sim = sim_of(meter)
    stranger = Sim(iccid="8988303000000000001", imsi="1")
    wrong = [
        (5, "The event is no object"),
        ({**located(sim, ago(hours=1)), "event_type": {"id": 8}}, "event_type.id is none of 1, 2, 3, 5, 15, 16"),
        ({**located(sim, ago(hours=1)), "timestamp": "yesterday"}, "timestamp is missing or no time"),
        (located(sim, timezone.now() + timedelta(days=2)), "timestamp lies more than a day ahead"),
        (located(sim, ago(days=91)), "timestamp lies more than 90 days back"),
        ({**located(sim, ago(hours=1)), "id": None}, "id is missing or malformed"),
        ({**located(sim, ago(hours=1)), "sim": {"iccid": "12"}}, "sim.iccid is no ICCID"),
        ({**located(sim, ago(hours=1)), "sim": None, "imsi": {"imsi": "x"}}, "imsi is no IMSI"),
        (located(stranger, ago(hours=1)), "sim is not known here"),
        (located(sim, ago(days=9)), "sim was in no workspace at timestamp"),
    ]
    accepted, duplicates, reasons = taken(*(body for body, _reason in wrong))
    assert (accepted, duplicates) == (0, 0)
    told = {reason: any(said.startswith(reason) for said in reasons) for _body, reason in wrong}
    assert all(told.values()), (told, reasons)
    assert not Event.objects.exists()
    assert not NetworkReport.objects.exists()


def test_an_id_that_was_refused_once_and_taken_in_once_is_known(cast: Cast, meter: Device) -> None:
    """Two events under one id, one of a SIM that nobody knows: the other must not count again."""
    good = located(sim_of(meter), ago(hours=1))
    lost = {**located(Sim(iccid="8988303000000000001", imsi="1"), ago(hours=1)), "id": good["id"]}
    assert taken(lost, good) == (1, 0, ["sim is not known here. Import it first."])
    assert taken(good) == (0, 1, [])
    assert Event.objects.count() == 1


@pytest.mark.parametrize("by", ["id", "imsi", "imsi object"])
def test_the_sim_may_be_named_otherwise(cast: Cast, meter: Device, by: str) -> None:
    sim = sim_of(meter)
    named: dict[str, dict[str, Any]] = {
        "id": {"sim": {"id": sim.pk}},
        "imsi": {"sim": None, "imsi": sim.imsi},
        "imsi object": {"sim": None, "imsi": {"id": 1, "imsi": sim.imsi}},
    }
    assert taken({**located(sim, ago(hours=1)), **named[by]}) == (1, 0, [])
    assert Event.objects.get().sim_id == sim.pk


def test_a_report_belongs_to_whoever_had_the_sim_then(cast: Cast, meter: Device) -> None:
    sim = sim_of(meter)
    with cast.acting(cast.owner):
        release_sims(workspace_id=cast.acme.pk, device_ids=[meter.pk])
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], dry_run=False)
    assert taken(located(sim, ago(hours=2)), located(sim, timezone.now())) == (2, 0, [])
    before, after = Event.objects.filter(type=1).order_by("timestamp")
    assert (before.workspace_id, before.device_id) == (cast.acme.pk, meter.pk)
    assert (after.workspace_id, after.device_id) == (cast.bolt.pk, None)
    row = Attachment.objects.get()
    assert (row.workspace_id, row.device_id) == (cast.bolt.pk, None)


@pytest.mark.parametrize("token", ["", "wrong"])
def test_only_the_network_gets_in(cast: Cast, meter: Device, token: str) -> None:
    assert post(located(sim_of(meter), ago(hours=1)), token=token).status_code == 401
    assert not Event.objects.exists()


def test_no_query_more_for_many(cast: Cast) -> None:
    devices = [with_sim(cast) for _ in range(12)]

    def queries(some: list[Device]) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert taken(*(located(sim_of(each), ago(hours=1)) for each in some))[0] == len(some)
        return len(caught) - len(some)

    queries(devices[:2])
    assert queries(devices[:2]) == queries(devices)


def test_ids_are_remembered_as_long_as_a_report_may_come_again(cast: Cast, meter: Device) -> None:
    taken(located(sim_of(meter), ago(hours=1)))
    NetworkReport.objects.update(received=ago(days=90, hours=23))
    assert forget_reports() == 0
    NetworkReport.objects.update(received=ago(days=91, hours=1))
    assert forget_reports() == 1


# --- how a device is connected ---

Step = Callable[[Sim], dict[str, Any]]

STORIES: dict[str, tuple[list[Step], str]] = {
    "nothing is known": ([], "OFFLINE"),
    "located": ([lambda sim: located(sim, ago(hours=1))], "ATTACHED"),
    "located for data": ([lambda sim: report(sim, 2, ago(hours=1), SGSN, detail=OPERATOR)], "ATTACHED"),
    "a session is open": ([lambda sim: session(sim, ago(hours=1))], "ONLINE"),
    "a session is over": (
        [
            lambda sim: located(sim, ago(hours=3)),
            lambda sim: session(sim, ago(hours=2)),
            lambda sim: ended(sim, ago(hours=1)),
        ],
        "ATTACHED",
    ),
    "the end came before the beginning": (
        [
            lambda sim: ended(sim, ago(hours=1)),
            lambda sim: session(sim, ago(hours=2)),
            lambda sim: located(sim, ago(hours=3)),
        ],
        "ATTACHED",
    ),
    "the end of another session": (
        [lambda sim: session(sim, ago(hours=2), "two"), lambda sim: ended(sim, ago(hours=1), "one")],
        "ONLINE",
    ),
    "purged": (
        [lambda sim: located(sim, ago(hours=2)), lambda sim: report(sim, 15, ago(hours=1))],
        "OFFLINE",
    ),
    "purged before": (
        [lambda sim: report(sim, 15, ago(hours=2)), lambda sim: located(sim, ago(hours=1))],
        "ATTACHED",
    ),
    "silent for a day": ([lambda sim: located(sim, ago(hours=25))], "OFFLINE"),
    "a session that was refused": (
        [lambda sim: report(sim, 3, ago(hours=1), "PDP Context Request rejected, because SIM is not activated.")],
        "OFFLINE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("together", [True, False])
def test_connection(cast: Cast, meter: Device, story: str, together: bool) -> None:
    steps, found = STORIES[story]
    reports = [step(sim_of(meter)) for step in steps]
    for some in [reports] if together else [[each] for each in reports]:
        if some:
            assert taken(*some)[0] == len(some)
    assert status(meter) == found


def test_the_api_tells_location_and_session(cast: Cast, meter: Device) -> None:
    sim = sim_of(meter)
    taken(located(sim, ago(hours=3)), report(sim, 2, ago(hours=2), SGSN, detail=OPERATOR), session(sim, ago(hours=1)))
    told = sign_in(cast.owner).get(f"/endpoint/{meter.pk}/connectivity").json()
    assert told["status"] == {"description": "ONLINE"}
    assert told["services"] == ["Data"]
    assert told["location"]["vlr_number"] == "491720000001"
    assert (told["location"]["sgsn_number"], told["location"]["sgsn_ip_address"]) == ("491720000002", "198.51.100.4")
    assert told["location"]["operator"] == {key: OPERATOR[key] for key in ("id", "name", "country")}
    assert told["pdp_context"] == {**CONTEXT, "rat_type": {"id": 6, "description": "4G"}}


def test_a_reset_ends_what_is_known(cast: Cast, meter: Device) -> None:
    taken(located(sim_of(meter), ago(hours=3)), session(sim_of(meter), ago(hours=1)))
    assert status(meter) == "ONLINE"
    with cast.acting(cast.owner):
        assert reset_connectivity(workspace_id=cast.acme.pk, device_ids=[meter.pk]).changed
    assert status(meter) == "OFFLINE"
    # What was under way before the reset says nothing of what is now.
    taken(session(sim_of(meter), ago(minutes=30), "two"))
    assert status(meter) == "OFFLINE"
    taken(located(sim_of(meter), timezone.now() + timedelta(seconds=1)))
    assert status(meter) == "ATTACHED"


def test_another_device_begins_anew(cast: Cast, meter: Device) -> None:
    sim = sim_of(meter)
    taken(session(sim, ago(hours=1)))
    with cast.acting(cast.owner):
        release_sims(workspace_id=cast.acme.pk, device_ids=[meter.pk])
    assert status(meter) == "OFFLINE"
    other = cast.device(sim=sim)
    assert status(other) == "OFFLINE"
    taken(located(sim, timezone.now() + timedelta(seconds=1)))
    assert status(other) == "ATTACHED"


# --- the page ---


def test_a_device_tells_how_it_is_connected(cast: Cast, meter: Device) -> None:
    sim = sim_of(meter)
    client, base = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/{meter.pk}/connection/"
    nothing = words(client.get(base))
    assert "Offline" in nothing
    assert "The network has reported nothing yet." in nothing
    taken(located(sim, ago(hours=3)), report(sim, 2, ago(hours=2), SGSN, detail=OPERATOR), session(sim, ago(hours=1)))
    page = words(client.get(base))
    for told in ("Online", "Telekom", "Germany", "491720000001", "491720000002", "4G", "203.0.113.77", "iot.example"):
        assert told in page, told
    line = words(client.get(f"{base}line/"))
    assert line.startswith("Online Telekom , Germany 4G")
    taken(ended(sim, ago(minutes=30)))
    assert "No data session is open" in words(client.get(base))
    assert words(client.get(f"{base}line/")).startswith("Attached Telekom , Germany")


def test_the_list_and_its_file_tell_it_too(cast: Cast, meter: Device) -> None:
    taken(session(sim_of(meter), ago(hours=1)))
    client, base = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/"
    columns = "name,connection,network,country,radio,session_ip,seen"
    listed = words(client.get(f"{base}?columns={columns}"))
    told = ("Online", "Telekom", "Germany", "4G", "203.0.113.77")
    assert [each for each in told if each not in listed] == []
    sent = client.post(f"{base}export/", {"filter": "", "columns": columns})
    file = b"".join(sent.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed answer
    assert [each for each in told if each not in file] == []


@pytest.mark.parametrize(
    ("number", "counts"),
    [
        ("1.5", True),
        ("1e-300", True),
        ("18446744073709551615", True),
        ("1e30", False),
        ("1e400", False),
        ("1e999999999", False),
        ("1e-999999999", False),
        ("9" * 5_000, False),
    ],
)
def test_a_number_that_nobody_can_store_is_refused_alone(cast: Cast, meter: Device, number: str, counts: bool) -> None:
    """It takes nothing of the delivery with it, and what is stored can be read by everybody."""
    odd = session(sim_of(meter), ago(minutes=3))
    odd["detail"] = {**odd["detail"], "pdp_context": {**CONTEXT, "ci": "N"}}
    body = json.dumps([odd, located(sim_of(meter), ago(minutes=2))]).replace('"N"', number)
    headers = {"authorization": f"Bearer {network_feed_token()}"}
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer.json()["accepted"] == 1 + counts
    assert ["cannot be stored" in each["error"] for each in answer.json()["rejected"]] == [True] * (not counts)
    read = sign_in(cast.owner).get(f"/endpoint/{meter.pk}/connectivity")
    assert (read.status_code, "pdp_context" in read.json()) == (200, counts)


def test_a_key_that_stands_twice_is_refused(cast: Cast, meter: Device) -> None:
    body = json.dumps(located(sim_of(meter), ago(minutes=2)))[:-1] + ', "description": "Something else"}'
    headers = {"authorization": f"Bearer {network_feed_token()}"}
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    assert answer.json()["accepted"] == 0
    assert "A key stands twice in the event" in answer.json()["rejected"][0]["error"]
