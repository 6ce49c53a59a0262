"""Platform packages and data plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import DataPlan, PlatformPackage
from accounts.packages.admin_forms import PackageForm
from accounts.packages.effects import Effect, catalogue_effects_of, charged_by, closed_by, with_changes
from accounts.packages.services.catalogue import create_data_plan, create_package, update_data_plan, update_package
from accounts.packages.services.trial_effects import trial_effects
from kit.admin.base import ConfirmFirst, StaffAdmin, confirmed
from kit.admin.filters import choice_filter
from kit.rendering import badge, dash, number

PACKAGE_TONES = {
    PlatformPackage.Status.STAGING: "info",
    PlatformPackage.Status.ACTIVE: "good",
    PlatformPackage.Status.DEPRECATED: "warn",
    PlatformPackage.Status.DELETED: "muted",
}


def money(cents: int, currency: str) -> str:
    """Return an amount given in cents, with its currency."""
    return f"{cents / 100:,.2f} {currency}"


def limit(value: int | None) -> str | SafeString:
    """Return a limit, a dash where there is none."""
    return dash() if value is None else number(value)


def ask_first(request: HttpRequest, effects: Sequence[Effect]) -> None:
    """Ask staff before a change that makes SIMs chargeable or ends trials, with their number.

    Raises:
        ConfirmFirst: there are some, and staff have not confirmed these numbers yet.
    """
    charged, closed = charged_by(effects), closed_by(effects)
    token = f"{charged}-{closed}" if closed else str(charged)
    if not (charged or closed) or confirmed(request, token):
        return
    if charged:
        verb = ngettext("Save, and activate %(n)s SIM", "Save, and activate %(n)s SIMs", charged)
    else:
        verb = ngettext("Save, and end %(n)s trial", "Save, and end %(n)s trials", closed)
    raise ConfirmFirst(effects, token=token, verb=verb % {"n": number(charged or closed)})


@admin.register(PlatformPackage)
class PlatformPackageAdmin(StaffAdmin):
    """Packages: workspaces that have one feel its edits at once."""

    creates = changes = True
    icon = "package"
    form = PackageForm
    ordering = ("name",)
    list_display = (
        "name",
        "state",
        "rate",
        "used_by",
        "evaluation",
        "factory_test_allowed",
        "workspaces_allowed",
        "active_sims",
        "users",
    )
    list_filter = (
        choice_filter("status", _("status"), "status", PlatformPackage.Status.choices),
        choice_filter("currency", _("currency"), "currency", PlatformPackage._meta.get_field("currency").choices),
    )
    search_fields = ("name", "description")
    search_help_text = _("Name or description")
    fieldsets = (
        (None, {"fields": ("name", "description", "status")}),
        (_("Prices"), {"fields": ("currency", "monthly_rate_cents", "sim_rates")}),
        (_("Trial"), {"fields": (("evaluation", "trial_days", "prepaid_credit_cents"),)}),
        (
            _("What it allows"),
            {
                "fields": (
                    ("factory_test_allowed", "workspaces_allowed"),
                    ("max_workspaces", "max_data_plans"),
                    ("max_active_sims", "max_users"),
                    "mfa_required",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        packages: QuerySet[Any] = super().get_queryset(request).annotate(workspace_count=Count("workspaces"))
        return packages

    def create(self, request: HttpRequest, form: Any) -> PlatformPackage:
        return create_package(values=form.cleaned_data)

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        before = PlatformPackage.objects.get(pk=obj.pk)
        after = with_changes(before, **form.changes)
        effects = [*trial_effects(before, after), *catalogue_effects_of(before, after)]
        update_package(package_id=obj.pk, changes=form.changes)
        ask_first(request, effects)

    @admin.display(description=_("status"), ordering="status")
    def state(self, package: PlatformPackage) -> SafeString:
        return badge(package.get_status_display(), PACKAGE_TONES[PlatformPackage.Status(package.status)])

    @admin.display(description=_("monthly rate"), ordering="monthly_rate_cents")
    def rate(self, package: PlatformPackage) -> str:
        return money(package.monthly_rate_cents, package.currency)

    @admin.display(description=_("workspaces"), ordering="workspace_count")
    def used_by(self, package: Any) -> str:
        return number(package.workspace_count)

    @admin.display(description=_("active SIMs at most"), ordering="max_active_sims")
    def active_sims(self, package: PlatformPackage) -> str | SafeString:
        return limit(package.max_active_sims)

    @admin.display(description=_("users at most"), ordering="max_users")
    def users(self, package: PlatformPackage) -> str | SafeString:
        return limit(package.max_users)


@admin.register(DataPlan)
class DataPlanAdmin(StaffAdmin):
    """Data plans, which coverage policies choose among."""

    creates = changes = True
    icon = "chart-column"
    ordering = ("name",)
    list_display = ("name", "category", "currency", "included", "used_by", "active")
    list_filter = (
        choice_filter("category", _("category"), "category", DataPlan.Category.choices),
        choice_filter("active", _("can be booked"), "active", ((1, _("Yes")), (0, _("No")))),
    )
    search_fields = ("name", "description")
    search_help_text = _("Name or description")
    fields = ("name", "description", "category", "currency", "included_mb", "monthly_rate", "excess_rate", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        plans: QuerySet[Any] = super().get_queryset(request).annotate(workspace_count=Count("workspaces"))
        return plans

    def create(self, request: HttpRequest, form: Any) -> DataPlan:
        return create_data_plan(values=form.cleaned_data)

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        update_data_plan(data_plan_id=obj.pk, changes=form.changes)

    @admin.display(description=_("included MB"), ordering="included_mb")
    def included(self, plan: DataPlan) -> str:
        return number(plan.included_mb)

    @admin.display(description=_("workspaces"), ordering="workspace_count")
    def used_by(self, plan: Any) -> str:
        return number(plan.workspace_count)
