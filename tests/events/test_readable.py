"""Details in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.readable import MOST_ITEMS, MOST_LINES, Line, lines_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("detail", "lines"),
    [
        ({}, []),
        ({"imei": "490154203237518"}, [Line("IMEI", "490154203237518")]),
        ({"iccid": "8988303000000000001"}, [Line("ICCID", "89883030000000000015")]),
        ({"sim": {"id": 1, "iccid": "8988303000000000001"}}, [Line("SIM", "89883030000000000015 (ID 1)")]),
        ({"iccids": ["89883030000000000015"]}, [Line("ICCIDs", "89883030000000000015")]),
        ({"policy": {"id": 3, "name": "Standard"}}, [Line("Policy", "Standard (ID 3)")]),
        ({"changes": {"imei_lock": {"from": False, "to": True}}}, [Line("IMEI lock", "yes", "no")]),
        ({"changed_data": [{"city": {"old": "null", "new": "Bonn"}}]}, [Line("City", "Bonn", "null")]),
        ({"role": {"from": "Observer", "to": "User"}}, [Line("Role", "User", "Observer")]),
        ({"added": []}, [Line("Added", "–")]),
        ({"a": {"b": {"c": 1}}}, [Line("A, b, c", "1")]),
        (
            {"transition": {"sim": {"status": {"from": {"id": 4, "description": "FACTORY TEST"}, "to": {"id": 1}}}}},
            [Line("Transition, SIM, status", "ID 1", "FACTORY TEST (ID 4)")],
        ),
    ],
)
def test_lines(detail: Any, lines: list[Line]) -> None:
    assert lines_of(detail) == lines


def test_long_lists_are_cut_and_say_so() -> None:
    sims = [{"id": n, "iccid": f"8988{n:015d}"} for n in range(500)]
    line, more = lines_of({"sims": sims})
    assert line.value.count(",") == MOST_ITEMS - 1
    assert more.value == "and 480 more"
    assert len(lines_of({f"key{n}": n for n in range(200)})) == MOST_LINES + 1


@given(JSON)
def test_anything_can_be_read(detail: Any) -> None:
    assert len(lines_of(detail)) <= MOST_LINES + 1
