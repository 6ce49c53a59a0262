"""The 20th digit of an ICCID is printed and not stored; lists find SIMs by it all the same."""

from __future__ import annotations

import pytest
from django.urls import reverse

from sims.identifiers import iccid_with_luhn
from sims.models import Sim
from sims.printed_iccid import printed_iccid
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("SIMs are found by SQL over texts")


def ids(**asked: list[str]) -> set[int]:
    return set(Sim.objects.filter(printed_iccid("iccid", **asked)).values_list("pk", flat=True))


def test_the_luhn_digit_counts(cast: Cast) -> None:
    sims = cast.sims(30)
    for sim in sims:
        whole = iccid_with_luhn(sim.iccid)
        for ask in (
            {"partial": [whole]},
            {"partial": [whole[-9:]]},
            {"patterns": [whole]},
            {"patterns": [f"*{whole[-9:]}"]},
        ):
            assert ids(**ask) == {sim.pk}, ask
        assert sim.pk in ids(patterns=[f"8988*{whole[-7:]}*"])
        wrong = whole[:-1] + str((int(whole[-1]) + 1) % 10)
        assert ids(partial=[wrong[-9:]]) == set()
        assert ids(patterns=[f"*{wrong[-9:]}"]) == set()


@pytest.mark.parametrize("cut", ["*{}", "{}"])
def test_the_inventory_finds_it(cast: Cast, cut: str) -> None:
    first, second = cast.sims(2)
    whole = iccid_with_luhn(first.iccid)
    page = cast.client(cast.owner).get(reverse("sims:sim_list", args=[cast.acme.pk]), {"iccid": cut.format(whole[-8:])})
    text = page.content.decode()
    assert page.status_code == 200
    assert f"sims/{first.pk}/" in text
    assert f"sims/{second.pk}/" not in text
