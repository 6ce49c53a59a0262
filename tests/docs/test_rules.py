"""Tables of `docs/rules.md` that the code has as tables too say the same."""

from __future__ import annotations

from accounts.permissions import TABLE, Role
from events.reversals import TABLE as REVERSALS
from events.reversals import Reversal
from sims.states import SIM_MOVES, SIM_WIRE_NAMES, SimStatus
from tests.docs.pages import page, sections, table_under


def test_the_rights_of_roles() -> None:
    rows = table_under(sections(page("rules"))[9], "| right |")
    roles = (Role.SUPERADMIN, Role.ADMINISTRATOR, Role.USER, Role.OBSERVER)
    expected = [
        [str(permission.label), *("yes" if role in holders else "no" for role in roles)]
        for permission, holders in TABLE.items()
    ]
    assert rows == expected


def test_the_moves_of_a_sim() -> None:
    text = sections(page("rules"))[1]
    assert [row[:2] for row in table_under(text, "| id | state |")] == [
        [str(int(state)), SIM_WIRE_NAMES[state]] for state in SimStatus
    ]
    expected = {SIM_WIRE_NAMES[old]: {SIM_WIRE_NAMES[new] for new in targets} for old, targets in SIM_MOVES.items()}
    told = {old: set(targets.split(", ")) for old, targets in table_under(text, "| from |")}
    assert told == {old: targets for old, targets in expected.items() if targets}


def test_what_can_be_reversed() -> None:
    rows = table_under(sections(page("rules"))[22], "| event |")
    told = [int(number) for types, _opposite in rows for number in types.split(", ")]
    assert sorted(told) == sorted(type_id for type_id, entry in REVERSALS.items() if isinstance(entry, Reversal))
