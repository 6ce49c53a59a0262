"""View settings: what a form may store, and what it may not."""

from typing import Any

import pytest
from django.http import QueryDict

from portal.preferences import MAX_TABLES, merged


def after(query: str, before: dict[str, Any] | None = None) -> dict[str, Any]:
    return merged(before or {}, QueryDict(query))


def test_fields_that_are_not_sent_stay() -> None:
    before = {"theme": "dark", "tables": {"sims": {"density": "compact"}}}
    assert after("time_display=absolute", before) == {**before, "time_display": "absolute"}
    assert after("table=sims&columns=iccid&columns=status", before)["tables"] == {
        "sims": {"density": "compact", "columns": ["iccid", "status"]}
    }
    assert after("table=sims&reset=1", before)["tables"] == {}
    assert after("timezone=Europe/Berlin") == {"timezone": "Europe/Berlin"}


def test_a_chosen_zone_stays_until_the_browsers_is_wanted_again() -> None:
    chosen = after("zone=Asia/Tokyo", {"timezone": "Europe/Berlin"})
    assert chosen == {"timezone": "Europe/Berlin", "zone": "Asia/Tokyo"}
    travelled = after("timezone=America/Lima", chosen)
    assert travelled == {"timezone": "America/Lima", "zone": "Asia/Tokyo"}
    assert after("zone=browser", travelled) == {"timezone": "America/Lima"}


@pytest.mark.parametrize(
    "query",
    [
        "theme=pink",
        "time_display=never",
        "timezone=Nowhere/Town",
        "timezone=../../etc/passwd",
        "zone=Nowhere/Town",
        "zone=../../etc/passwd",
        "shortcuts=maybe",
        "table=a-b",
        "table=sims&density=huge",
        "table=sims&columns=a%20b",
        "table=sims&" + "&".join(f"columns=c{n}" for n in range(61)),
    ],
)
def test_what_no_page_sends_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        after(query)


def test_the_store_does_not_grow_without_end() -> None:
    before: dict[str, Any] = {"tables": {f"t{n}": {} for n in range(MAX_TABLES)}}
    with pytest.raises(ValueError, match="another"):
        after("table=another&density=compact", before)
    assert after("table=t1&density=compact", before)["tables"]["t1"] == {"density": "compact"}
