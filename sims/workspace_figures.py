"""What SIMs and devices tell about a workspace: its figures for staff, and what a package change does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import PlatformPackage, Workspace
from accounts.packages import effects
from accounts.packages.effects import Effect, PackageUse
from accounts.packages.prices import cost_text, hosting_fee, money_text, price_text, rate_of
from accounts.workspaces.figures import Caution, Figures, FigureSource, ListLink, Tile, number_of, register
from kit.billing import month_text
from kit.context import current_context
from kit.rendering import number
from sims.charges import charged_departed, charged_here
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.limits import fit_refusal
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.factory_test_effects import tests_ended, tests_ended_by
from sims.usage.services.prepaid import credit_left

_UNUSED: Final = Sim.objects.filter(status=SimStatus.ACTIVATED, device__isnull=True)
_ACTIVATED: Final = Sim.objects.filter(status=SimStatus.ACTIVATED)
_DEVICES: Final = Device.objects.filter(status__in=(DeviceStatus.ENABLED, DeviceStatus.DISABLED))

NAMED: Final = 5
"""How many SIMs a preview names."""


# --- what staff see ---


def _counts(ids: Sequence[int]) -> dict[int, Figures]:
    """Return the number of SIMs by state, counted in their index."""
    found: dict[int, Figures] = {pk: {"sims": {}, "active_sims": 0} for pk in ids}
    sims = Sim.objects.filter(workspace_id__in=ids).order_by().values_list("workspace_id", "status")
    for pk, status, count in sims.annotate(n=Count("pk")):
        found[pk]["sims"][status] = count
        if status == SimStatus.ACTIVATED:
            found[pk]["active_sims"] = count
    return found


def _count(workspace: Any, state: SimStatus) -> SafeString:
    count = workspace.figures["sims"].get(state, 0)
    if not count:
        return format_html('<span class="muted">{}</span>', 0)
    return format_html('<a href="{}">{}</a>', _sims_url(workspace, state), number(count))


def _sims_url(workspace: Workspace, state: SimStatus) -> str:
    return f"{reverse('admin:sims_sim_changelist')}?workspace={workspace.pk}&status={int(state)}"


@admin.display(description=gettext_lazy("issued"))
def issued(workspace: Any) -> SafeString:
    """Show the number of issued SIMs."""
    return _count(workspace, SimStatus.ISSUED)


@admin.display(description=gettext_lazy("activated"), ordering=number_of(_ACTIVATED, "workspace_id"))
def activated(workspace: Any) -> SafeString:
    """Show the number of activated SIMs; ordering by it counts those of all workspaces."""
    return _count(workspace, SimStatus.ACTIVATED)


@admin.display(description=gettext_lazy("suspended"))
def suspended(workspace: Any) -> SafeString:
    """Show the number of suspended SIMs."""
    return _count(workspace, SimStatus.SUSPENDED)


@admin.display(description=gettext_lazy("factory test"))
def factory_test(workspace: Any) -> SafeString:
    """Show the number of SIMs in factory test."""
    return _count(workspace, SimStatus.FACTORY_TEST)


@admin.display(description=gettext_lazy("devices"))
def devices(workspace: Any) -> str:
    """Show the number of devices."""
    return number(workspace.figures["devices"])


def _warnings(workspace: Workspace, figures: Figures) -> Iterator[Caution]:
    unused = figures["unused"]
    if unused:
        text = ngettext("%(n)s unused but charged SIM", "%(n)s unused but charged SIMs", unused)
        yield Caution(text % {"n": f"{unused:,}"}, "warn")
    limit = workspace.package.max_active_sims
    if limit is not None and figures["active_sims"] > limit:
        yield Caution(_("More than %(n)s active SIMs") % {"n": f"{limit:,}"}, "warn")


def _tiles(workspace: Workspace, figures: Figures) -> Iterator[Tile]:
    for state in SimStatus:
        if state != SimStatus.DELETED:
            yield Tile(str(state.label), number(figures["sims"].get(state, 0)), _sims_url(workspace, state))
    now = current_context().now()
    charged = charged_here(workspace.pk, now) + charged_departed(workspace.pk, now)
    yield Tile(_("Charged this month"), number(charged))
    yield Tile(_("Devices"), number(figures["devices"]))


def _with_unused(workspaces: QuerySet[Any]) -> QuerySet[Any]:
    return workspaces.filter(Exists(_UNUSED.filter(workspace_id=OuterRef("pk"))))


register(
    FigureSource(
        rank=1,
        annotations={
            "unused": lambda: number_of(_UNUSED, "workspace_id"),
            "devices": lambda: number_of(_DEVICES, "workspace_id"),
        },
        counts=(_counts, {"sims": {}, "active_sims": 0}),
        columns=(issued, activated, suspended, factory_test, devices),
        tiles=_tiles,
        warnings=_warnings,
        filters={"unused": (gettext_lazy("Unused but charged SIMs"), _with_unused)},
        links=(
            ListLink(gettext_lazy("SIMs"), "sims_sim_changelist", "card-sim"),
            ListLink(gettext_lazy("Devices"), "sims_device_changelist", "router"),
            ListLink(gettext_lazy("Batches"), "sims_simbatch_changelist", "boxes"),
        ),
    )
)


# --- what the page of the package shows ---


def _uses(workspace: Workspace) -> list[PackageUse]:
    active = _ACTIVATED.filter(workspace_id=workspace.pk).count()
    return [PackageUse(_("Activated SIMs"), active, workspace.package.max_active_sims)]


def _effects(before: Workspace, after: Workspace) -> Iterator[Effect]:
    """Say whose factory tests end by another package or limit, and what that costs (`docs/rules.md` section 16)."""
    now = current_context().now()
    ended = tests_ended(before, after, now)
    count = ended.count()
    if count:
        charged = charged_here(before.pk, now) + charged_departed(before.pk, now)
        yield Effect(
            _ends(count, after.package, charged, now, at_once=not after.factory_test_allowed), count, _first(ended)
        )
    elif before.factory_test_allowed and not after.factory_test_allowed:
        yield Effect(_("Factory test is not allowed any more. No SIM is in it now."))
    if after.package_id != before.package_id:
        active = _ACTIVATED.filter(workspace_id=before.pk).count() + count
        if (refusal := fit_refusal(after.package, active)) is not None:
            yield Effect(refusal, refused=True)


def _ends(count: int, package: PlatformPackage, charged: int, now: datetime, *, at_once: bool) -> str:
    """Return the sentences for SIMs whose test ends."""
    if at_once:
        text = ngettext(
            "This ends the factory test of %(n)s SIM: it becomes Activated at once and is charged for the whole of "
            "%(month)s.",
            "This ends the factory test of %(n)s SIMs: they become Activated at once and are charged for the whole of "
            "%(month)s.",
            count,
        )
    else:
        text = ngettext(
            "%(n)s SIM is beyond the new limits: it becomes Activated with the next check, within a minute, and is "
            "charged for the whole of %(month)s.",
            "%(n)s SIMs are beyond the new limits: they become Activated with the next check, within a minute, and "
            "are charged for the whole of %(month)s.",
            count,
        )
    said = text % {"n": number(count), "month": month_text(now)}
    return f"{said} {cost_text(package, count, charged=charged)}".strip()


def _first(sims: QuerySet[Sim]) -> tuple[str, ...]:
    """Return the numbers of the first SIMs as they are printed on the cards."""
    return tuple(map(iccid_with_luhn, sims.values_list("iccid", flat=True)[:NAMED]))


def _catalogue_effects(before: PlatformPackage, after: PlatformPackage) -> Iterator[Effect]:
    """Say whose factory tests end when a package loses it, in all workspaces that have the package."""
    ended = tests_ended_by(before, after)
    count = ended.count()
    if not count:
        return
    places = ended.order_by().values("workspace_id").distinct().count()
    text = ngettext(
        "%(n)s SIM in factory test of workspaces with this package becomes Activated with the next check, within a "
        "minute, and is charged for the whole of %(month)s.",
        "%(n)s SIMs in factory test, in %(places)s of the workspaces with this package, become Activated with the "
        "next check, within a minute, and are charged for the whole of %(month)s.",
        count,
    )
    values = {"n": number(count), "places": number(places), "month": month_text(current_context().now())}
    yield Effect(f"{text % values} {price_text(after)}".strip(), count, _first(ended))


def _charges(workspace: Workspace) -> Iterator[tuple[str, str]]:
    yield from _of_the_month(workspace)
    if (left := credit_left(workspace)) is not None:
        yield _("Prepaid credit left"), money_text(workspace.package, left)


def _of_the_month(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Say how many SIMs are charged this month, and what they cost by the package's scale."""
    now = current_context().now()
    here, left = charged_here(workspace.pk, now), charged_departed(workspace.pk, now)
    yield _("SIMs that were Activated at any time in it"), number(here + left)
    if left:
        yield _("of them transferred to other workspaces since"), number(left)
    if rate_of(workspace.package, here + left) is not None:
        yield _("Fees of these SIMs"), money_text(workspace.package, hosting_fee(workspace.package, here + left))


effects.register(uses=_uses, effects=_effects, catalogue_effects=_catalogue_effects, charges=_charges)
