"""What activated SIMs cost a month by the scale of a package (`docs/rules.md` section 16)."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import DataPlan, PlatformPackage


def steps(package: PlatformPackage) -> list[tuple[int, Decimal]]:
    """Return the scale of a package, lowest step first: from how many SIMs, and the price of each a month."""
    return [(step.scale_start, Decimal(str(step.rate))) for step in package.rate_steps]


def rate_of(package: PlatformPackage, count: int) -> Decimal | None:
    """Return the price of each of so many SIMs: that of the step they reach, for all; `None` without a scale."""
    rate = None
    for start, price in steps(package):
        if rate is None or start <= count:
            rate = price
    return rate


def hosting_fee(package: PlatformPackage, count: int) -> Decimal:
    """Return what so many SIMs cost a month."""
    return (rate_of(package, count) or Decimal()) * count


def money_text(package: PlatformPackage, amount: Decimal) -> str:
    """Return an amount in the currency of a package: "1,348.50 EUR"."""
    return f"{amount:,.2f} {package.currency}"


def cost_text(package: PlatformPackage, count: int, *, charged: int) -> str:
    """Return what SIMs cost a month when they are added to those that are charged already, or "" without a scale.

    Args:
        package: whose scale counts.
        count: the SIMs that are added.
        charged: how many the workspace is charged for without them.
    """
    rate = rate_of(package, charged + count)
    if rate is None:
        return ""
    if count == 1:
        return _("That is %(total)s a month.") % {"total": money_text(package, rate)}
    values = {"total": money_text(package, rate * count), "rate": money_text(package, rate)}
    return _("That is %(total)s a month, at %(rate)s a SIM.") % values


def price_text(package: PlatformPackage) -> str:
    """Return what one activated SIM costs a month, from the first step of the scale, or ""."""
    found = steps(package)
    if not found:
        return ""
    values = {"rate": f"{found[0][1]:.2f}", "currency": package.currency}
    if len(found) > 1:
        return _("Up to %(rate)s %(currency)s a SIM and month, for the whole month.") % values
    return _("%(rate)s %(currency)s a SIM and month, for the whole month.") % values


def plan_price_text(plan: DataPlan) -> str:
    """Return what a data plan costs, in words, or "" for one without a price."""
    parts = []
    if plan.included_mb and plan.monthly_rate:
        parts.append(_("%(rate)s a month and activated SIM.") % {"rate": _exact(plan.monthly_rate, plan.currency)})
    if plan.excess_rate:
        text = _("%(rate)s a MB beyond it.") if plan.included_mb else _("%(rate)s a MB.")
        parts.append(text % {"rate": _exact(plan.excess_rate, plan.currency)})
    return " ".join(parts)


def _exact(amount: Decimal, currency: str) -> str:
    """Return a price with as many decimals as it has, two at least."""
    digits = f"{amount.normalize():f}"
    return f"{amount:.2f} {currency}" if len(digits.partition(".")[2]) < 2 else f"{digits} {currency}"
