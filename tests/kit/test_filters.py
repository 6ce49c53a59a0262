"""Filters: what they find, what they refuse, and the address they leave."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kit.filter_sets import Files, ListFilters, encode
from kit.filters import ChoicesFilter, SearchFilter
from kit.models import SavedFilter
from tests.kit.samples import SampleFilters, found, make

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("filters compare texts, which SQLite does in its own way")]


def test_values_of_one_field_are_alternatives_and_fields_narrow_each_other() -> None:
    make("alpha", "beta", "gamma")
    make("alpha2", workspace=2)
    assert found("token=alp,bet") == ["alpha", "beta", "alpha2"]
    assert found("token=alp&token=bet") == ["alpha", "beta", "alpha2"]
    assert found("token=alp&workspace=2") == ["alpha2"]
    assert found("workspace=1,2") == ["alpha", "beta", "gamma", "alpha2"]
    assert found("q=ALPHA+2") == ["alpha2"]


def test_wildcards_match_whole_values_and_take_like_signs_literally() -> None:
    make("a_c", "abc", "a%c", "abcd", "A\\C")
    assert found("token=a*c") == ["a_c", "abc", "a%c", "A\\C"]
    assert found("token=a_*") == ["a_c"]
    assert found("token=a%25*") == ["a%c"]
    assert found("token=a\\*") == ["A\\C"]
    assert found("token=*bcd") == ["abcd"]
    assert found("token=*******") == []


def test_whole_values() -> None:
    rows = make("abc", "abcd")
    assert found("whole=ABC") == ["abc"]
    assert found(f"number={rows[1].pk}") == ["abcd"]


def test_a_list_beyond_fifty_values_matches_whole_values_only() -> None:
    make("abc", "abcd")
    many = ",".join(["abc", *(f"x{n}" for n in range(60))])
    assert found(f"token={many}") == ["abc"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("workspace=9", "“9” is no choice of Workspace"),
        ("workspace=1,9", "“9” is no choice of Workspace"),
        ("number=abc", "“abc” cannot be a value of Number"),
        ("number=99999999999999999999", "cannot be a value of Number"),
        ("number=-1", "cannot be a value of Number"),
        ("created=yesterday", "“yesterday” is no date"),
        ("created=2026-11-20..2026-11-01", "ends before it begins"),
        ("created=2026-11-20T14:30..2026-11-20T14:29", "ends before it begins"),
        ("created=2026-11-20T25:00..", "“25:00” is no time of day like 14:17."),
        ("created=2026-11-20Tnoon..", "“noon” is no time of day like 14:17."),
        ("created=2026-11-20T14:30%2B02:00..", "is no time of day like 14:17."),
        ("created__from_time=14:17", "Choose the day of 14:17 too."),
        ("created=0001-01-01..", "is no date"),
        ("created=9999-12-31", "is no date"),
        ("token=list:nothing", "does not exist in this workspace"),
        (f"token={'x' * 101}", "has 101 characters"),
        ("token=a%00b", "NUL"),
        ("q=a%00b", "at most 200 characters"),
    ],
)
def test_a_wrong_value_is_named_and_finds_nothing(query: str, message: str) -> None:
    make("abc")
    filters = SampleFilters(QueryDict(query), SavedFilter.objects.all())
    assert not filters.is_valid()
    assert message in " ".join(filters.mistakes.values())
    assert not filters.qs.exists()
    assert filters.active


def test_two_mistakes_of_one_text_are_told_once() -> None:
    filters = SampleFilters(QueryDict(mutable=True), SavedFilter.objects.all())
    assert filters.is_valid()
    wrong = QueryDict(mutable=True)
    wrong["q"] = "a\x00" * 150
    assert SampleFilters(wrong, SavedFilter.objects.all()).mistakes == {"q": "A search has at most 200 characters."}


ASKED: list[int] = []


def places(filters: ListFilters) -> list[tuple[str, str]]:
    ASKED.append(filters.workspace_id)
    return [("a", "A"), ("b", "B")]


class Places(ListFilters):
    place = ChoicesFilter(field_name="token", label="Place", choices=places)
    word = SearchFilter(method="filter_word")

    def filter_word(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(token=value, workspace_id=self.workspace_id)


def test_sets_of_two_requests_share_nothing() -> None:
    ASKED.clear()
    make("a", workspace=1)
    make("b", workspace=2)
    requests: list[Any] = [SimpleNamespace(workspace=SimpleNamespace(id=number)) for number in (1, 2)]
    one, two = (Places(QueryDict("word=b"), SavedFilter.objects.all(), request=each) for each in requests)
    assert (one.qs.count(), two.qs.count()) == (0, 1)
    assert ASKED == []  # nobody has asked for a choice yet
    for each in (one, two, two):
        assert [choice.label for choice in each._chip("place").context["choices"]] == ["A", "B"]
    assert ASKED == [1, 2]


def test_unknown_parameters_are_told_and_those_of_the_page_are_not() -> None:
    filters = SampleFilters(QueryDict("tokn=a&page=2&sort=x&view=3"), SavedFilter.objects.all(), keep=("view",))
    assert filters.unknown == ["tokn"]


def test_the_address_holds_each_filter_once_and_nothing_empty() -> None:
    filters = SampleFilters(
        QueryDict("q=&token=b%0Aa,b&workspace=2&workspace=1&created__from=2026-11-01&created__to="),
        SavedFilter.objects.all(),
    )
    assert filters.query == "token=b,a&workspace=2,1&created=2026-11-01.."
    assert encode({"a": "", "b": "x y&z"}) == "b=x+y%26z"


def test_dates_are_inclusive_on_both_sides() -> None:
    rows = make(*(f"t{n}" for n in range(72)))
    assert found("created=2026-11-02..2026-11-02") == [row.token for row in rows[24:48]]
    assert found("created=2026-11-02") == [row.token for row in rows[24:48]]
    assert len(found("created=..2026-11-02")) == 48
    assert len(found("created=2026-11-03..")) == 24
    assert SampleFilters(QueryDict("created=7d"), SavedFilter.objects.all()).query == "created=7d"


def test_an_upload_joins_what_is_there_and_a_long_list_gets_a_short_address() -> None:
    make("t7", "t8")
    rows = "\n".join(f"t{n}" for n in range(1000))
    files: Files = MultiValueDict({"token__file": [SimpleUploadedFile("l.txt", rows.encode())]})
    filters = SampleFilters(QueryDict("token=more"), SavedFilter.objects.filter(token__in=["t7", "t8"]), files=files)
    assert filters.is_valid()
    assert filters.query.startswith("token=list:")
    assert len(filters.query) < 60
    assert filters.qs.count() == 2
    again = SampleFilters(QueryDict(filters.query), SavedFilter.objects.all())
    assert again.query == filters.query
    assert again.values["token"].typed == ("more", *rows.split("\n"))
    chip = next(chip for chip in again.chips if chip.name == "token")
    assert chip.summary == "more, t0 +999"
    assert chip.context["kept"] == "1,001 values"


def test_what_was_typed_wrong_stays_in_the_panel() -> None:
    filters = SampleFilters(QueryDict("number=1x,abc"), SavedFilter.objects.all())
    chip = next(chip for chip in filters.chips if chip.name == "number")
    assert chip.context["lines"] == "1x,abc"
    assert chip.error


def test_the_filter_that_hides_everything_is_named() -> None:
    make("abc")
    filters = SampleFilters(QueryDict("token=zzz&workspace=1"), SavedFilter.objects.all())
    assert [chip.name for chip in filters.hiding()] == ["token"]


class Wildcards(TestCase):
    """The database must agree with a plain reading of the pattern."""

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.text("ab_%\\.", min_size=1, max_size=6), min_size=1, max_size=6, unique=True),
        st.text("ab_%\\.*", min_size=1, max_size=6).filter(lambda text: "*" in text),
    )
    def test_like_agrees(self, values: list[str], pattern: str) -> None:
        SavedFilter.objects.all().delete()
        make(*values)

        def matches(value: str, pattern: str) -> bool:
            if not pattern:
                return not value
            if pattern[0] == "*":
                return matches(value, pattern[1:]) or (bool(value) and matches(value[1:], pattern))
            return bool(value) and value[0] == pattern[0] and matches(value[1:], pattern[1:])

        expected = {value for value in values if matches(value, pattern)}
        assert set(SavedFilter.objects.filter(token__wildcard=pattern).values_list("token", flat=True)) == expected


def test_a_span_has_hours_and_minutes_in_the_readers_zone() -> None:
    rows = make(*(f"t{n}" for n in range(30)))  # one an hour

    def found(query: str) -> list[str]:
        return sorted(SampleFilters(QueryDict(query), SavedFilter.objects.all()).qs.values_list("token", flat=True))

    assert found("created=2026-11-01T04:00..2026-11-01T06:00") == sorted(row.token for row in rows[4:7])
    assert found("created=2026-11-01T04:01..2026-11-01T05:59") == [rows[5].token]
    assert found("created=2026-11-02T03:00..") == sorted(row.token for row in rows[27:])
    assert found("created=2026-11-01T04:00") == [rows[4].token]  # one minute
    with timezone.override("Asia/Tokyo"):
        assert found("created=2026-11-01T13:00..2026-11-01T14:00") == sorted(row.token for row in rows[4:6])


def test_the_panel_sends_and_shows_days_and_times_apart() -> None:
    query = "created__from=2026-11-01&created__from_time=04:00&created__to=2026-11-02&created__to_time="
    filters = SampleFilters(QueryDict(query), SavedFilter.objects.all())
    assert filters.query == "created=2026-11-01T04:00..2026-11-02"
    chip = next(chip for chip in filters.chips if chip.name == "created")
    assert chip.summary == "2026-11-01 04:00 – 2026-11-02"
    assert {name: chip.context[name] for name in ("first", "first_time", "last", "last_time")} == {
        "first": "2026-11-01",
        "first_time": "04:00",
        "last": "2026-11-02",
        "last_time": "",
    }
