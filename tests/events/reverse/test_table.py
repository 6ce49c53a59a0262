"""Every type that is written says what its opposite is, or why it has none."""

from __future__ import annotations

import pytest

from events.registry import all_types
from events.reversals import BULK, TABLE, UNKNOWN, Never, Reversal, reversal_of
from events.reverse.alone import _WAYS
from events.reverse.past import DEVICE_TYPES, NOTE, SIM_TYPES

WRITTEN = {each.id for each in all_types() if each.is_written}


def test_every_type_that_is_written_is_in_the_table() -> None:
    assert set(TABLE) == WRITTEN


def test_whatever_is_reversed_by_itself_has_a_way_and_nothing_else_has() -> None:
    alone = {type_id for type_id, entry in TABLE.items() if isinstance(entry, Reversal) and not entry.noun}
    assert alone == set(_WAYS)


def test_whatever_is_reversed_in_numbers_is_read_from_the_log() -> None:
    assert BULK["sims"] <= SIM_TYPES | {NOTE}
    assert BULK["devices"] <= DEVICE_TYPES


@pytest.mark.parametrize("type_id", sorted(TABLE))
def test_an_entry_names_what_it_writes_or_says_why_not_in_a_sentence(type_id: int) -> None:
    entry = TABLE[type_id]
    if isinstance(entry, Never):
        text = str(entry.why)
        assert text[0].isupper()
        assert text.endswith(".")
        assert len(text) < 140
    else:
        assert entry.told_by
        assert set(entry.told_by) <= WRITTEN


def test_a_type_from_outside_is_no_error() -> None:
    assert reversal_of(777) is UNKNOWN
