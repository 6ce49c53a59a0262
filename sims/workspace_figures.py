"""What SIMs and devices tell about a workspace: its figures for staff, and what a package change does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from accounts.packages.effects import PackageUse
from accounts.packages.prices import hosting_fee, money_text, rate_of
from accounts.workspaces.figures import Caution, Figures, FigureSource, ListLink, Tile, number_of, register
from kit.context import current_context
from kit.rendering import number
from sims.charges import charged_departed, charged_here
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus

_UNUSED: Final = Sim.objects.filter(status=SimStatus.ACTIVATED, device__isnull=True)
_ACTIVATED: Final = Sim.objects.filter(status=SimStatus.ACTIVATED)
_DEVICES: Final = Device.objects.filter(status__in=(DeviceStatus.ENABLED, DeviceStatus.DISABLED))


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


def _effects(workspace: Workspace, new: PlatformPackage) -> Iterator[str]:
    """Say what happens to SIMs in factory test when a package without one comes (`docs/rules.md` section 16)."""
    keeps = workspace.factory_test_override is not None or new.factory_test_allowed
    if keeps or not workspace.factory_test_allowed:
        return
    count = Sim.objects.of(workspace.pk).filter(status=SimStatus.FACTORY_TEST).count()
    if count:
        text = ngettext(
            "This package has no factory test: %(n)s SIM in it becomes Activated at once and is charged.",
            "This package has no factory test: %(n)s SIMs in it become Activated at once and are charged.",
            count,
        )
        yield text % {"n": number(count)}
    else:
        yield _("This package has no factory test. No SIM is in it now.")


def _charges(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Say how many SIMs are charged this month, and what they cost by the package's scale."""
    now = current_context().now()
    here, left = charged_here(workspace.pk, now), charged_departed(workspace.pk, now)
    yield _("SIMs that were Activated at any time in it"), number(here + left)
    if left:
        yield _("of them transferred to other workspaces since"), number(left)
    if rate_of(workspace.package, here + left) is not None:
        yield _("Fees of these SIMs"), money_text(workspace.package, hosting_fee(workspace.package, here + left))


effects.register(uses=_uses, effects=_effects, charges=_charges)
