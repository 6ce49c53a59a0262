"""Package and data plans of a workspace: what they contain, what an upgrade changes and when.

What SIMs use of a package, and what a change does to them, is asked of `accounts.packages.effects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.packages.effects import PackageUse, charged_by, charges_of, effects_of, uses_of, with_changes
from accounts.packages.prices import money_text, plan_price_text, steps
from accounts.packages.services.subscriptions import add_data_plan, is_upgrade, set_package
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.settings_tabs import settings_tabs
from kit.billing import billing_month, month_after, month_text
from kit.context import current_context
from kit.errors import Conflict, Forbidden, Invalid
from kit.htmx import redirect_to, render_fragment, respond, wants_fragment
from kit.rendering import number

REFUSED: Final = (Invalid, Conflict, Forbidden)


def contents(package: PlatformPackage) -> list[tuple[str, str]]:
    """Return what a package contains, line by line."""
    money = f"{package.monthly_rate_cents / 100:,.2f} {package.currency}"
    unlimited = _("no limit")
    lines = [
        (_("Monthly fee"), money if package.monthly_rate_cents else _("none")),
        (_("Factory test"), _("yes") if package.factory_test_allowed else _("no")),
        (_("Workspaces"), number(package.max_workspaces) if package.workspaces_allowed else "1"),
        (_("Data plans"), number(package.max_data_plans)),
        (_("Activated SIMs"), number(package.max_active_sims) if package.max_active_sims is not None else unlimited),
        (_("Users"), number(package.max_users) if package.max_users is not None else unlimited),
    ]
    if package.evaluation:
        days = package.trial_days
        lines.append((_("Trial"), ngettext("%(n)s day", "%(n)s days", days) % {"n": days}))
    return lines


def changes(old: PlatformPackage, new: PlatformPackage) -> list[tuple[str, str, str]]:
    """Return what a package contains beside what the one before did: label, old and new value."""
    before = dict(contents(old))
    return [(label, before.get(label, "–"), value) for label, value in contents(new)]


def rates(package: PlatformPackage) -> list[tuple[str, str]]:
    """Return the price of an activated SIM by volume: from how many SIMs, and the price of each a month."""
    return [(number(start), money_text(package, rate)) for start, rate in steps(package)]


def used(workspace: Workspace, booked: int) -> list[PackageUse]:
    """Return what a workspace uses of each limit of its package.

    Args:
        workspace: with its package.
        booked: number of its data plans.
    """
    package = workspace.package
    asked = workspace.invitations.filter(
        accepted__isnull=True, withdrawn__isnull=True, expires__gt=current_context().now()
    )
    users = workspace.memberships.count() + asked.count()
    found = [
        *uses_of(workspace),
        PackageUse(_("Data plans"), booked, package.max_data_plans),
        PackageUse(_("Users, with invited ones"), users, package.max_users),
    ]
    if workspace.main_id is None:
        most = package.max_workspaces if package.workspaces_allowed else 1
        found.append(PackageUse(_("Workspaces"), 1 + workspace.linked.count(), most))
    return found


@require_safe
def package_page(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the package, what it contains and uses, the data plans, and the packages that are an upgrade."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    workspace = request.workspace
    may = Permission.PACKAGE_UPDATE.name in request.may
    booked = list(workspace.data_plans.order_by("name"))
    return render_fragment(request, "accounts/package.html", _page(request, workspace, booked, may=may))


def _page(request: WorkspacePageRequest, workspace: Workspace, booked: list[DataPlan], *, may: bool) -> dict[str, Any]:
    package = workspace.package
    offered = PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE).order_by("monthly_rate_cents")
    return {
        "tabs": settings_tabs(request, "package"),
        "package": package,
        "contents": contents(package),
        "rates": rates(package),
        "booked": [(plan, plan_price_text(plan)) for plan in booked],
        "room": package.max_data_plans - len(booked),
        "bookable": [(plan, plan_price_text(plan)) for plan in bookable_plans(workspace, booked)],
        "used": used(workspace, len(booked)),
        "charges": charges_of(workspace),
        "charged_month": month_text(current_context().now()),
        "trial_ends": workspace.trial_ends,
        "trial_over": workspace.trial_over(current_context().now()),
        "billing_zone": settings.BILLING_ZONE,
        "upgrades": [(other, contents(other), rates(other)) for other in offered if is_upgrade(package, other)],
        "may": may,
    }


def bookable_plans(workspace: Workspace, booked: Sequence[DataPlan]) -> list[DataPlan]:
    """Return the data plans that could be booked beside others: those on offer, in the currency of the workspace."""
    offered = DataPlan.objects.filter(active=True, currency=workspace.currency)
    return list(offered.exclude(pk__in=[plan.pk for plan in booked]))


@require_http_methods(["GET", "HEAD", "POST"])
def package_change(request: WorkspacePageRequest, workspace_id: int, package_id: int) -> HttpResponse:
    """Say what an upgrade changes and when, and do it (event 33)."""
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    workspace = request.workspace
    new = PlatformPackage.objects.filter(pk=package_id, status=PlatformPackage.Status.ACTIVE).first()
    if new is None or not is_upgrade(workspace.package, new):
        raise Http404(_("There is no such upgrade."))
    refusal = ""
    effects = effects_of(workspace, with_changes(workspace, package=new))
    charged = charged_by(effects)
    if request.method == "POST" and charged and request.POST.get("confirmed") != str(charged):
        refusal = _("Nothing is changed yet: look at what the upgrade makes chargeable, and confirm it.")
    elif request.method == "POST":
        try:
            set_package(workspace_id=workspace_id, package_id=package_id)
        except REFUSED as error:
            refusal = error.message
        else:
            return _done(request, workspace_id, _("The package is %(name)s now.") % {"name": new.name})
    page = {
        "title": _("Upgrade to %(name)s") % {"name": new.name},
        "package": new,
        "old": workspace.package,
        "changes": changes(workspace.package, new),
        # Packages are charged in full from the next cycle.
        "charged_from": month_after(billing_month(current_context().now())),
        "effects": effects,
        "charged": charged,
        "refused": any(effect.refused for effect in effects),
        "refusal": refusal,
        "dialog": "accounts/_package_change.html",
        "back": reverse("accounts:workspace_package", args=[workspace_id]),
        "back_label": _("Package and data plans"),
        "url": request.path,
        "as_page": not wants_fragment(request),
    }
    status = 422 if refusal else 200
    return respond(request, "accounts/dialog_page.html", "accounts/_package_change.html", page, status=status)


@require_http_methods(["POST"])
def book_plan(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Book a further data plan (event 34)."""
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    wanted = request.POST.get("plan", "")
    plan = (
        DataPlan.objects.filter(pk=int(wanted), active=True).first()
        if wanted.isdecimal() and len(wanted) < 19
        else None
    )
    if plan is None:
        raise Http404(_("There is no such data plan."))
    try:
        add_data_plan(workspace_id=workspace_id, data_plan_id=plan.pk)
    except REFUSED as error:
        messages.error(request, error.message)
        return redirect_to(request, reverse("accounts:workspace_package", args=[workspace_id]))
    return _done(request, workspace_id, _("Data plan %(name)s booked.") % {"name": plan.name})


def _done(request: WorkspacePageRequest, workspace_id: int, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect_to(request, reverse("accounts:workspace_package", args=[workspace_id]))
