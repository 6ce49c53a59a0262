"""What the traffic of trials has cost, against their prepaid credit (`docs/rules.md` section 16)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db.models import F, Q, Sum

from accounts.models import Workspace
from accounts.models.packages import CURRENCY_IDS
from accounts.packages.services.trials import MILLIONTHS_OF_A_CENT, end_by_credit
from kit.billing import begin_of, billing_day
from sims.models import UsageDay, UsageRecord

AT_ONCE: Final = 100
"""Trials of which the costs are read by one query."""


def costs_of(workspaces: Iterable[Workspace]) -> dict[int, int]:
    """Return what traffic has cost since the packages were assigned, in millionths of the currency, by workspace id.

    Whole days come from their sums, the day of the assignment from its records. Two queries.

    Args:
        workspaces: with their packages.
    """
    rows = list(workspaces)
    found = dict.fromkeys((workspace.pk for workspace in rows), 0)
    if not rows:
        return found
    days, records = Q(), Q()
    for workspace in rows:
        first = billing_day(workspace.package_since)
        days |= Q(workspace_id=workspace.pk, day__gt=first)
        number = CURRENCY_IDS[workspace.package.currency]
        until = begin_of(first + timedelta(days=1))
        records |= Q(workspace_id=workspace.pk, ended__gte=workspace.package_since, ended__lt=until, currency=number)
    currency = {workspace.pk: workspace.package.currency.lower() for workspace in rows}
    sums = UsageDay.objects.filter(days).order_by().values_list("workspace_id")
    both = {name: Sum(F(f"data_cost_{name}") + F(f"sms_cost_{name}")) for name in ("eur", "usd")}
    for pk, eur, usd in sums.annotate(**both):
        found[pk] += {"eur": eur, "usd": usd}[currency[pk]] or 0
    for pk, cost in (
        UsageRecord.objects.filter(records).order_by().values_list("workspace_id").annotate(sum=Sum("cost"))
    ):
        found[pk] += cost or 0
    return found


def credit_left(workspace: Workspace) -> Decimal | None:
    """Return what is left of the prepaid credit of a trial, in its currency; `None` for no credit. Two queries."""
    if not workspace.prepaid_credit_cents:
        return None
    left = workspace.prepaid_credit_cents * MILLIONTHS_OF_A_CENT - costs_of([workspace])[workspace.pk]
    return Decimal(max(0, left)).scaleb(-6)


def settle_prepaid() -> int:
    """End the trials whose credit is used up. Returns how many."""
    credit = Q(package__prepaid_credit_cents__gt=0) | Q(prepaid_extra_cents__gt=0)
    open_trials = Workspace.objects.filter(credit, package__evaluation=True, credit_ended=None)
    ids = list(open_trials.order_by("pk").values_list("pk", flat=True))
    ended = 0
    for start in range(0, len(ids), AT_ONCE):
        rows = list(Workspace.objects.select_related("package").filter(pk__in=ids[start : start + AT_ONCE]))
        used = {pk: cost for pk, cost in costs_of(rows).items() if cost}
        ended += end_by_credit(used) if used else 0
    return ended
