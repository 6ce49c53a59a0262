"""Pages: nothing twice, nothing left out, forward and back."""

import datetime as dt

import pytest
from django.core import signing
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kit.models import SavedFilter
from kit.paging import CURSOR_SALT, Cursor, InvalidCursorError, after, capped_count, keyset_page, number_page
from tests.kit.samples import START, make

pytestmark = pytest.mark.sqlite_too("pages are cut by SQL that compares rows and places NULL")

FIELDS = ("created_at", "id")


@pytest.mark.django_db
def test_a_count_stops_at_its_cap() -> None:
    make("a", "b", "c")
    rows = SavedFilter.objects.all()
    assert str(capped_count(rows, cap=3)) == "3"
    assert str(capped_count(rows, cap=2)) == "2+"
    assert not capped_count(rows, cap=3).more


@pytest.mark.django_db
def test_page_numbers_outside_give_the_nearest_page() -> None:
    make(*(f"t{n}" for n in range(5)))
    rows = SavedFilter.objects.order_by("id")
    page = number_page(rows, number=9, per_page=2)
    assert (page.number, page.last, page.first_row, page.last_row) == (3, 3, 5, 5)
    assert page.previous_number == 2
    assert page.next_number is None
    assert number_page(rows, number=0, per_page=2).number == 1
    assert number_page(rows.none(), number=3, per_page=2).rows == []


def test_the_condition_starts_with_the_moment_alone() -> None:
    condition = after(Cursor(START, 7), *FIELDS)
    assert condition.connector == "AND"
    assert condition.children[0] == ("created_at__lte", START)


def test_a_forged_cursor_is_refused() -> None:
    made = [signing.dumps(content, salt=CURSOR_SALT) for content in ([1, 2], ["x", 1, 0, ""], 7)]
    elsewhere = signing.dumps([START.isoformat(), 1, 0, ""], salt="other")
    for text in ("", "x", "a:b:c", elsewhere, *made):
        with pytest.raises(InvalidCursorError):
            Cursor.load(text)


def test_a_cursor_belongs_to_its_filter() -> None:
    text = Cursor(START, 7, newer=True).dump("state=1")
    assert Cursor.load(text, "state=1") == Cursor(START, 7, newer=True)
    with pytest.raises(InvalidCursorError):
        Cursor.load(text, "state=2")


class Walks(TestCase):
    """Many rows of the same moment are the hard case."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 3), max_size=23), st.integers(1, 7))
    def test_there_and_back(self, minutes: list[int], per_page: int) -> None:
        SavedFilter.objects.all().delete()
        for n, minute in enumerate(minutes):
            moment = START + dt.timedelta(minutes=minute)
            SavedFilter.objects.create(token=f"t{n}", workspace_id=1, values=[], created_at=moment)
        rows = SavedFilter.objects.all()
        expected = list(rows.order_by("-created_at", "-id").values_list("id", flat=True))

        def page(cursor: str | None) -> object:
            return keyset_page(rows, per_page=per_page, cursor=Cursor.load(cursor) if cursor else None, fields=FIELDS)

        first = page(None)
        assert first.newer is None  # type: ignore[attr-defined]
        pages = [first]
        while pages[-1].older:  # type: ignore[attr-defined]
            pages.append(page(pages[-1].older))  # type: ignore[attr-defined]
        assert [row.pk for each in pages for row in each.rows] == expected  # type: ignore[attr-defined]
        back = pages[-1]
        for earlier in reversed(pages[:-1]):
            back = page(back.newer)  # type: ignore[attr-defined]
            assert [row.pk for row in back.rows] == [row.pk for row in earlier.rows]  # type: ignore[attr-defined]
        assert back.newer is None  # type: ignore[attr-defined]
