"""What the network's records say that usage cost: kept in millionths, and summed by day and currency."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Workspace
from sims.models import UsageDay, UsageRecord
from sims.states import SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.usage.records import deliver, record

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("costs are added up by SQL for each database")]
EUR, USD = {"id": 1, "code": "EUR", "symbol": "€"}, {"id": 2, "code": "USD", "symbol": "$"}


def test_costs_are_summed_to_the_millionth(cast: Cast) -> None:
    first, second = cast.sims(2, status=SimStatus.ACTIVATED)
    cast.device(sim=first)
    cast.device(sim=second)
    ended = datetime.now(UTC) - timedelta(minutes=5)
    twice = record(first, mb="1", ended=ended, cost=Decimal("0.000101"), currency=EUR)
    report = deliver(
        twice,
        twice,
        record(first, mb="1", ended=ended, cost=Decimal("0.1"), currency=EUR),
        record(first, mb="1", ended=ended, cost=Decimal("0.2"), currency=EUR),
        record(first, sms=1, ended=ended, cost="0.04", currency={"code": "EUR"}),
        record(first, mb="1", ended=ended, cost=3, currency={"id": 2}),
        record(second, sms=1, ended=ended, cost=0.5, currency=USD),
        record(second, mb="2", ended=ended),
    )
    assert (report.accepted, report.duplicates) == (7, 1)
    days = UsageDay.objects.order_by("sim_id").values_list(
        "data_cost_eur", "data_cost_usd", "sms_cost_eur", "sms_cost_usd"
    )
    assert list(days) == [(300_101, 3_000_000, 40_000, 0), (0, 0, 0, 500_000)]
    deliver(record(first, mb="1", ended=ended, cost=Decimal("0.000001"), currency=EUR))
    assert UsageDay.objects.order_by("sim_id")[0].data_cost_eur == 300_102
    # The same sums by every way: by SIM, endpoint and workspace, of a month, a day and an hour.
    owner = sign_in(cast.owner)
    sent = (owner.get(f"/sim/{first.pk}/stats"), owner.get("/organisation/my/stats"))
    for answer in sent:
        for span in ("current_month", "last_hour"):
            if span == "last_hour" or ended.month == datetime.now(UTC).month:
                usage = answer.json()[span]
                assert (usage["data"]["cost"], usage["sms"]["cost"]) == (0.300102, 0.04)
                assert usage["data"]["currency"] == usage["sms"]["currency"] == EUR
        assert answer.json()["last_month"]["data"]["cost"] in (0, 0.300102)
    day = {"start_date": f"{ended:%Y-%m-%d}"}
    assert owner.get(f"/sim/{first.pk}/stats/daily", **day).json()[0]["data"]["cost"] == 0.300102
    (hour,) = owner.get("/organisation/my/stats/hourly").json()
    assert (hour["data"]["cost"], hour["sms"]["cost"]) == (0.300102, 0.04)
    (acme, *_others) = owner.call("GET", "/workspace/stats/daily", version=2, **day).json()
    assert acme["stats"][0]["sms"]["cost"] == 0.04


def test_a_workspace_sees_costs_in_its_own_currency(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(currency="USD")
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    deliver(
        record(sim, mb="1", cost=Decimal("0.25"), currency=USD),
        record(sim, mb="1", cost=Decimal("7"), currency=EUR),
    )
    usage = sign_in(cast.owner).get(f"/sim/{sim.pk}/stats").json()["last_hour"]["data"]
    assert (usage["volume"], usage["cost"], usage["currency"]) == (2.0, 0.25, USD)


@pytest.mark.parametrize(
    ("cost", "currency"),
    [
        (Decimal("0.5"), None),
        (Decimal("0.5"), {"id": 9, "code": "CHF"}),
        (Decimal("0.5"), {"id": [1], "code": ["EUR"]}),
        (Decimal("0.5"), "EUR"),
        ("much", EUR),
        (True, EUR),
        ([1], EUR),
        (Decimal("1e900"), EUR),
        ("NaN", EUR),
        (None, EUR),
    ],
)
def test_usage_counts_whatever_it_cost(cast: Cast, cost: Any, currency: Any) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    assert deliver(record(sim, mb="1", cost=cost, currency=currency)).accepted == 1
    kept = UsageRecord.objects.get()
    assert (kept.cost, kept.currency) == (None, None)
    assert (UsageDay.objects.get().data_total, UsageDay.objects.get().data_cost_eur) == (1_000_000, 0)


def test_fractions_of_a_millionth_are_rounded(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    for cost in ("1e-900", "0.0000004", "0.0000006"):
        deliver(record(sim, mb="1", cost=Decimal(cost), currency=EUR))
    assert list(UsageRecord.objects.order_by("pk").values_list("cost", flat=True)) == [0, 0, 1]
