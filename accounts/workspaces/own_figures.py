"""What this app itself tells the operator's staff about workspaces: members, links, suspension and trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, Workspace
from accounts.permissions import Role
from accounts.workspaces.figures import Caution, Figures, FigureSource, ListLink, Tile, number_of, register
from kit.rendering import number

_ADMINISTRATORS: Final = Membership.objects.filter(role=Role.ADMINISTRATOR.value)


@admin.display(description=gettext_lazy("users"))
def members(workspace: Any) -> SafeString:
    """Show how many members a workspace has, with a link to them."""
    url = reverse("admin:accounts_workspace_members", args=[workspace.pk])
    return format_html('<a href="{}">{}</a>', url, number(workspace.figures["users"]))


def has_super_admin(workspace: Workspace) -> bool:
    """Tell whether somebody is SuperAdmin of a workspace, by itself or by its main organisation."""
    if workspace.super_admin_id is not None:
        return True
    return workspace.main is not None and workspace.main.super_admin_id is not None


def _warnings(workspace: Workspace, figures: Figures) -> Iterator[Caution]:
    if workspace.status == Workspace.Status.SUSPENDED:
        yield Caution(_("Suspended"), "bad")
    managed = figures["administrators"] or has_super_admin(workspace)
    if not managed and workspace.type != Workspace.Type.OPERATOR:
        yield Caution(_("No Administrator"), "warn")
    if workspace.package.evaluation:
        yield Caution(_("Trial"), "info")


def _tiles(_workspace: Workspace, figures: Figures) -> Iterator[Tile]:
    yield Tile(_("Members"), number(figures["users"]))
    yield Tile(_("Linked workspaces"), number(figures["linked"]))


def _without_administrator(workspaces: QuerySet[Any]) -> QuerySet[Any]:
    administrators = _ADMINISTRATORS.filter(workspace_id=OuterRef("pk"))
    return workspaces.filter(~Exists(administrators), super_admin__isnull=True, main__super_admin__isnull=True).exclude(
        type=Workspace.Type.OPERATOR
    )


register(
    FigureSource(
        rank=0,
        annotations={
            "users": lambda: number_of(Membership.objects.all(), "workspace_id"),
            "administrators": lambda: number_of(_ADMINISTRATORS, "workspace_id"),
            "linked": lambda: number_of(Workspace.objects.all(), "main_id"),
        },
        columns=(members,),
        tiles=_tiles,
        warnings=_warnings,
        filters={
            "suspended": (
                gettext_lazy("Suspended"),
                lambda workspaces: workspaces.filter(status=Workspace.Status.SUSPENDED),
            ),
            "no_administrator": (gettext_lazy("No Administrator"), _without_administrator),
            "trial": (gettext_lazy("Trial"), lambda workspaces: workspaces.filter(package__evaluation=True)),
        },
        links=(ListLink(gettext_lazy("Requests"), "accounts_workspacerequest_changelist", "inbox"),),
    )
)
