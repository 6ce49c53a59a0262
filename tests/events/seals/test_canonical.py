"""The canonical text: the same value gives the same bytes, whichever way a database or a program wrote it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.models import Event, SealLog
from events.seals import leaves, merkle
from events.seals.canonical import canonical, canonical_json, number
from events.seals.commitments import commit
from tests.cast import Cast

NUMBERS = {
    1.0: "1",
    100.0: "100",
    0.1: "0.1",
    -1.5: "-1.5",
    -0.0: "0",
    123.456: "123.456",
    1e-6: "0.000001",
    1e-7: "1e-7",
    1e20: "100000000000000000000",
    1e21: "1e+21",
    1e23: "1e+23",
    5e-324: "5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    333333333.33333329: "333333333.3333333",
    9007199254740993.0: "9007199254740992",
}
"""As ECMAScript prints them; the odd ones are of RFC 8785, appendix B."""

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(("value", "text"), NUMBERS.items())
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
    assert canonical_json(json.dumps([value])) == f"[{text}]".encode()


def test_every_way_to_write_a_value_is_one_text() -> None:
    texts = ('{"b": 1, "a": [1.0, "\\u00e9"]}', '{"a":[1e0,"é"],"b":1}', ' { "a" : [ 10e-1 , "\\u00E9" ] , "b" : 1 } ')
    assert {canonical_json(text) for text in texts} == {'{"a":[1,"é"],"b":1}'.encode()}
    assert (
        canonical_json("[18446744073709551616, 9223372036854775807]") == b"[18446744073709552000,9223372036854775807]"
    )


@given(VALUES)
def test_the_text_says_the_value_and_is_its_own(value: Any) -> None:
    made = canonical_json(json.dumps(value))
    assert json.loads(made) == value
    assert canonical_json(made.decode()) == made
    assert canonical_json(json.dumps(value, ensure_ascii=False, indent=2)) == made


def test_the_quick_way_writes_what_the_careful_one_does() -> None:
    text = "".join(map(chr, range(0x2100)))
    careful = canonical_json(json.dumps({"text": text, "number": 0.5}))
    assert careful == b'{"number":0.5,"text":' + orjson.dumps(text) + b"}"
    assert canonical({"b": 1, "a": text}) == canonical_json(json.dumps({"a": text, "b": 1}))


@pytest.mark.django_db
def test_a_leaf_says_the_whole_row(sealed: Callable[..., list[int]], cast: Cast) -> None:
    (event_id,) = sealed(
        1, detail={"ratio": 0.5, "note": "{actor.name}"}, states=(1, 2), device=cast.device(name="Pumpe ü")
    )
    log = SealLog.objects.get()
    (row,) = leaves.select("id = %s", [event_id])
    persons = leaves.read_persons(leaves.persons_named([row]))
    leaf = json.loads(leaves.leaf_of(row, persons, bytes(log.salt)))
    event = Event.objects.get(pk=event_id)
    columns = {field.column for field in Event._meta.concrete_fields if getattr(event, field.attname) is not None}
    names: dict[str, str | None] = {
        "workspace_id": "workspace",
        "actor_id": "actor",
        "subject_id": "subject",
        "ip": "context",
        "user_agent": "context",
    }
    assert set(leaf) == {"v"} | {names.get(column or "", column) for column in columns}
    assert leaf["timestamp"] == event.timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert leaf["request_id"] == str(event.request_id)
    assert (leaf["device_name"], leaf["old_state"], leaf["new_state"]) == ("Pumpe ü", 1, 2)
    assert leaves.moment_of(row) == event.timestamp
    assert event.actor_id is not None
    person = persons[event.actor_id]
    assert person.salt is not None
    assert leaf["actor"] == {"commitment": commit(person.salt, person.value).hex(), "person": event.actor_id}
    assert json.loads(person.value)["username"] == cast.owner.email
    assert leaves.detail_value(row) == b'{"note":"{{actor.name}}","ratio":0.5}'


def test_the_hashes_are_those_of_the_standard() -> None:
    assert merkle.leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert merkle.node_hash(b"l" * 32, b"r" * 32) == hashlib.sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()
    assert merkle.range_hash(merkle.Leaves(0, 0), {}) == hashlib.sha256(b"").digest()
    assert commit(b"s" * 32, b"v") == hmac.new(b"s" * 32, b"v", "sha256").digest()


def test_tiles_stand_where_the_standard_says() -> None:
    assert merkle.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert merkle.tile_path(1, 0, 17) == "tile/1/000.p/17"
    widths = list(merkle.tile_widths(70_000))
    assert widths == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
