"""Figures and warnings of workspaces, for a whole page of them in two queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Membership, Workspace
from accounts.permissions import Role
from events.models import Event
from kit.admin.filters import Narrow
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus

Tone = Literal["info", "warn", "bad"]

SHOWN_STATES: Final = (SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.SUSPENDED, SimStatus.FACTORY_TEST)


@dataclass
class Figures:
    """What a workspace holds.

    Args:
        sims: number of SIMs by state.
        unused: activated SIMs that are on no device: charged, and of no use.
        devices: devices that are not deleted.
        users: members.
        administrators: members who are Administrator.
        linked: workspaces linked to it.
        last_event: moment of the newest event, `None` for an empty log.
    """

    sims: dict[int, int] = field(default_factory=dict)
    unused: int = 0
    devices: int = 0
    users: int = 0
    administrators: int = 0
    linked: int = 0
    last_event: datetime | None = None


@dataclass(frozen=True)
class Caution:
    """Something staff should look at."""

    text: str
    tone: Tone


def figures_of(ids: Sequence[int]) -> dict[int, Figures]:
    """Return the figures of workspaces, by id. Two queries, none for no workspaces.

    SIMs and devices are counted in their indexes; of the log one row a workspace is read, by its index.
    """
    found = {pk: Figures() for pk in ids}
    if not found:
        return found
    sims = Sim.objects.filter(workspace_id__in=ids).order_by().values_list("workspace_id", "status")
    for pk, status, count in sims.annotate(n=Count("pk")):
        found[pk].sims[status] = count
    devices = Device.objects.filter(status__in=(DeviceStatus.ENABLED, DeviceStatus.DISABLED))
    unused = Sim.objects.filter(status=SimStatus.ACTIVATED, device__isnull=True)
    administrators = Membership.objects.filter(role=Role.ADMINISTRATOR.value)
    rows = (
        Workspace.objects.filter(pk__in=ids)
        .order_by()
        .annotate(
            n_unused=_number(unused, "workspace_id"),
            n_devices=_number(devices, "workspace_id"),
            n_users=_number(Membership.objects.all(), "workspace_id"),
            n_administrators=_number(administrators, "workspace_id"),
            n_linked=_number(Workspace.objects.all(), "main_id"),
            newest=Subquery(_newest_moment()),
        )
    )
    names = ("pk", "n_unused", "n_devices", "n_users", "n_administrators", "n_linked", "newest")
    for pk, *figures in rows.values_list(*names):
        one = found[pk]
        one.unused, one.devices, one.users, one.administrators, one.linked, one.last_event = figures
    return found


def _number(rows: QuerySet[Any], column: str) -> Coalesce:
    """Return the number of rows that point to each workspace, as a column."""
    mine = rows.filter(**{column: OuterRef("pk")}).order_by().values(column).annotate(n=Count("pk"))
    return Coalesce(Subquery(mine.values("n")), Value(0))


def _newest_moment() -> QuerySet[Any, Any]:
    return Event.objects.filter(workspace_id=OuterRef("pk")).order_by("-timestamp", "-id").values("timestamp")[:1]


def by_last_event() -> Coalesce:
    """Return the order by the newest event; workspaces without any are the oldest. One index look-up a workspace."""
    return Coalesce(Subquery(_newest_moment()), Value(datetime(1970, 1, 1, tzinfo=UTC)))


def by_activated_sims() -> Coalesce:
    """Return the order by the number of activated SIMs; counted for all workspaces, so only when asked for."""
    return _number(Sim.objects.filter(status=SimStatus.ACTIVATED), "workspace_id")


def warnings_of(workspace: Workspace, figures: Figures) -> list[Caution]:
    """Return what staff should look at. No query: package and main organisation must be loaded."""
    found = []
    if workspace.status == Workspace.Status.SUSPENDED:
        found.append(Caution(_("Suspended"), "bad"))
    if figures.unused:
        text = ngettext("%(n)s unused but charged SIM", "%(n)s unused but charged SIMs", figures.unused)
        found.append(Caution(text % {"n": f"{figures.unused:,}"}, "warn"))
    limit = workspace.package.max_active_sims
    if limit is not None and figures.sims.get(SimStatus.ACTIVATED, 0) > limit:
        found.append(Caution(_("More than %(n)s active SIMs") % {"n": f"{limit:,}"}, "warn"))
    if not figures.administrators and not has_super_admin(workspace) and workspace.type != Workspace.Type.OPERATOR:
        found.append(Caution(_("No Administrator"), "warn"))
    if workspace.package.evaluation:
        found.append(Caution(_("Trial"), "info"))
    return found


def has_super_admin(workspace: Workspace) -> bool:
    """Tell whether somebody is SuperAdmin of a workspace, by itself or by its main organisation."""
    if workspace.super_admin_id is not None:
        return True
    return workspace.main is not None and workspace.main.super_admin_id is not None


def _unused(workspaces: QuerySet[Any]) -> QuerySet[Any]:
    sims = Sim.objects.filter(workspace_id=OuterRef("pk"), status=SimStatus.ACTIVATED, device__isnull=True)
    return workspaces.filter(Exists(sims))


def _without_administrator(workspaces: QuerySet[Any]) -> QuerySet[Any]:
    administrators = Membership.objects.filter(workspace_id=OuterRef("pk"), role=Role.ADMINISTRATOR.value)
    return workspaces.filter(~Exists(administrators), super_admin__isnull=True, main__super_admin__isnull=True).exclude(
        type=Workspace.Type.OPERATOR
    )


WARNING_FILTERS: Final[dict[str, tuple[Any, Narrow]]] = {
    "unused": (gettext_lazy("Unused but charged SIMs"), _unused),
    "suspended": (
        gettext_lazy("Suspended"),
        lambda workspaces: workspaces.filter(status=Workspace.Status.SUSPENDED),
    ),
    "no_administrator": (gettext_lazy("No Administrator"), _without_administrator),
    "trial": (gettext_lazy("Trial"), lambda workspaces: workspaces.filter(package__evaluation=True)),
}
