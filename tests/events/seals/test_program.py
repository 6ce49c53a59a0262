"""`verify_log.py`, run as people run it: a program by itself, without the portal on its path."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.people.services.erasure import erase_user
from events.models import Event, SealCheckpoint, SealKey, SealLog
from events.seals import proofs
from events.seals.services import seal_now
from tests.cast import Cast
from tests.events.build import url

pytestmark = pytest.mark.django_db

Sealed = Callable[..., list[int]]
PROGRAM = Path(settings.BASE_DIR) / "static" / "verify_log.py"


def run(*arguments: Any) -> tuple[int, str]:
    """Run the program in a folder of its own, with nothing of ours to import."""
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, cwd="/", check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def bundle(cast: Cast, event_id: int, path: Path, **changes: Any) -> Path:
    data = cast.client(cast.owner).get(url(cast.acme, f"{event_id}/proof/download/")).json()
    path.write_text(json.dumps({**data, **changes}))
    return path


def whole(cast: Cast, path: Path) -> Path:
    response = cast.client(cast.owner).post(f"/w/{cast.acme.pk}/settings/seals/export/")
    path.write_bytes(b"".join(response.streaming_content))  # type: ignore[attr-defined]  # it streams
    return path


def test_one_event(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    ids = sealed(300)
    path = bundle(cast, ids[123], tmp_path / "proof.json")
    code, said = run(path)
    assert code == 0
    assert f"right: Event {ids[123]} of 20" in said
    assert "stands at place 123 of the log portal.example.com/seals/" in said
    assert "the keys in the file are believed" in said
    assert '"actor" is' in said.replace("“", '"').replace("”", '"')
    key = proofs.keys_of(SealLog.objects.get().origin)[0]["key"]
    code, said = run(path, "--key", key)
    assert (code, "are believed" in said) == (0, False)


def test_an_event_that_is_not_what_was_sealed(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    ids = sealed(5)
    path = bundle(cast, ids[2], tmp_path / "proof.json")
    data = json.loads(path.read_text())
    other = tmp_path / "other.json"

    def with_changes(**changes: Any) -> tuple[int, str]:
        other.write_text(json.dumps({**data, **changes}))
        return run(other)

    code, said = with_changes(
        leaf=data["leaf"].replace('"severity":1', '"severity":2').replace('"severity":0', '"severity":2')
    )
    assert (code, f"Event {ids[2]} is not what stands at place 2" in said) == (1, True)
    code, said = with_changes(proof=data["proof"].replace("\n5\n", "\n6\n"))
    assert (code, "the checkpoint was changed or forged" in said) == (1, True)
    openings = {**data["openings"], "actor": {**data["openings"]["actor"], "value": '{"name":"Mallory"}'}}
    code, said = with_changes(openings=openings)
    assert (code, "“actor” of event" in said) == (1, True)
    code, said = with_changes(format="x")
    assert (code, "no proof and no sealed log" in said) == (2, True)
    stranger = "x.example/log+1b6a2fd7+AQIDBA=="
    assert run(path, "--key", stranger)[0] == 2


def test_two_checkpoints(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    for count in (3, 4, 300):
        sealed(count)
    rows = list(SealCheckpoint.objects.order_by("pk"))
    path = tmp_path / "two.json"
    for old in rows:
        for new in rows:
            if old.size <= new.size:
                path.write_text(json.dumps(proofs.consistency_of(old, new)))
                code, said = run(path)
                assert (code, "continues that of" in said) == (0, True)
    data = proofs.consistency_of(rows[0], rows[2])
    path.write_text(json.dumps({**data, "proof": data["proof"][:-1]}))
    assert run(path)[0] == 1
    path.write_text(json.dumps({**data, "old": rows[1].note}))
    code, said = run(path)
    assert (code, "does not continue" in said or "too" in said) == (1, True)


def test_a_whole_log(sealed: Sealed, cast: Cast, tmp_path: Path, outside: Path) -> None:
    for count in (1, 254, 2, 500):
        sealed(count)
    path = whole(cast, tmp_path / "log.jsonl")
    kept = outside / SealLog.objects.get().token / "checkpoint"
    code, said = run(path, "--checkpoint", kept)
    assert code == 0, said
    assert "All 757 events of portal.example.com/seals/" in said
    assert "The checkpoint that you kept" in said


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE events_event SET actor_ref = 9 WHERE id = {id}", "Event {id} (place 400) was changed, between 20"),
        ("DELETE FROM events_event WHERE id = {id}", "Event {id} (place 400) was removed, between 20"),
    ],
)
def test_a_whole_log_that_was_changed(
    statement: str, sentence: str, sealed: Sealed, cast: Cast, tmp_path: Path, tamper: Callable[..., None]
) -> None:
    sealed(300)
    event_id = sealed(300)[100]
    tamper(statement.format(id=event_id))
    code, said = run(whole(cast, tmp_path / "log.jsonl"))
    assert code == 1
    assert [line for line in said.splitlines() if line.startswith("WRONG")] == [
        line for line in said.splitlines() if sentence.format(id=event_id) in line
    ]
    assert sentence.format(id=event_id) in said


def test_a_file_that_was_changed(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    sealed(10)
    sealed(10)
    lines = whole(cast, tmp_path / "log.jsonl").read_text().splitlines()
    other = tmp_path / "other.jsonl"

    def of(changed: list[str]) -> str:
        other.write_text("\n".join(changed) + "\n")
        code, said = run(other)
        assert code == 1, said
        return said

    assert "The places 4 to 4 are not in the file" in of(lines[:5] + lines[6:])
    assert "stands in the file twice" in of([*lines[:5], *lines[4:]])
    swapped = [json.loads(line) for line in lines]
    swapped[3]["leaf"], swapped[7]["leaf"] = swapped[7]["leaf"], swapped[3]["leaf"]
    said = of([json.dumps(line) for line in swapped])
    assert "(place 2) was moved: what stood at place 6 is there now" in said
    cut = [line for line in lines if "checkpoint" not in json.loads(line)]
    assert "No checkpoint stands for the places 0 to 19." in of(cut)
    # With a checkpoint that was kept, even an end that was cut off cleanly shows.
    kept = tmp_path / "mail.txt"
    kept.write_text(f"Dear reader,\n\n{SealCheckpoint.objects.latest('pk').note}\nIt is signed.\n")
    short = lines[: next(at for at, line in enumerate(lines) if "checkpoint" in json.loads(line)) + 1]
    other.write_text("\n".join(short) + "\n")
    code, said = run(other, "--checkpoint", kept)
    assert (code, "The places 10 to 19 are missing" in said) == (1, True)
    assert run(other)[0] == 0


def test_an_erased_person_leaves_the_proof_right(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    ids = sealed(3)
    before = bundle(cast, ids[1], tmp_path / "before.json")
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
        erased = bundle(cast, ids[1], tmp_path / "other.json")
    assert json.loads(before.read_text())["leaf"] == json.loads(erased.read_text())["leaf"]
    client = cast.client(cast.observer)
    with cast.staffing():
        erase_user(user_id=cast.owner.pk)
    seal_now()
    data = client.get(url(cast.acme, f"{ids[1]}/proof/download/")).json()
    assert data["leaf"] == json.loads(before.read_text())["leaf"]
    assert "actor" not in data["openings"]
    assert "Olga" not in json.dumps(data)
    after = tmp_path / "after.json"
    after.write_text(json.dumps(data))
    code, said = run(after)
    assert (code, "“actor” is sealed, and not shown to you or erased" in said) == (0, True)
    assert run(before)[0] == 0


def test_a_key_that_was_rotated(sealed: Sealed, cast: Cast, tmp_path: Path) -> None:
    ids = sealed(3)
    first = proofs.keys_of(SealLog.objects.get().origin)[0]["key"]
    call_command("rotate_seal_key")
    call_command("rotate_seal_key")
    told = Event.objects.of(cast.operator.pk).filter(type=10040)
    assert [(event.detail or {})["setting"] for event in told] == ["seal_key"] * 2
    sealed(3)
    assert SealKey.objects.count() == 3
    path = bundle(cast, ids[0], tmp_path / "proof.json")
    # Whoever trusts the first key follows the notes to the third.
    assert run(path, "--key", first)[0] == 0
    assert run(whole(cast, tmp_path / "log.jsonl"), "--key", first)[0] == 0
    data = json.loads(path.read_text())
    data["keys"][1]["handover"] = data["keys"][2]["handover"]
    path.write_text(json.dumps(data))
    code, said = run(path, "--key", first)
    assert (code, "not signed with a key that you trust" in said) == (1, True)


def test_a_key_that_was_lost(sealed: Sealed, cast: Cast, settings: Any) -> None:
    sealed(1)
    Path(settings.SEAL_KEY_FILE).unlink()
    sealed(1)
    signed = SealCheckpoint.objects.filter(log__workspace=cast.acme)
    assert signed.count() == 1  # nothing is signed with a key that nobody named
    call_command("rotate_seal_key", "--lost")
    sealed(1)
    assert signed.count() == 2
    assert SealKey.objects.latest("pk").handover == ""
