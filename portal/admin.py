"""Workspaces in the admin site. Their figures come from all apps, so the page stands in the root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import DataPlan, Membership, PlatformPackage, Workspace
from accounts.packages.admin import money
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.people.services.members import set_super_admin
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.action import action
from kit.admin.base import StaffAdmin, StaffForm
from kit.admin.filters import choice_filter, condition_filter
from kit.errors import DomainError, Invalid
from kit.rendering import badge, dash, number, when, when_absolute
from portal import admin_mails  # noqa: F401  (registers its page)
from portal.admin_billing import billing_form
from portal.admin_billing import save as save_billing
from portal.admin_members import ROLES, MemberForm, change, join, members_of
from portal.admin_overview import (
    WARNING_FILTERS,
    Figures,
    by_activated_sims,
    by_last_event,
    figures_of,
    warnings_of,
)
from sims.states import SimStatus

_OWN_ACTIONS = frozenset({"package", "data_plans", "super_admin"})
"""Fields that have a service of their own."""


def _priced(packages: QuerySet[PlatformPackage]) -> list[tuple[PlatformPackage, str]]:
    """Return packages with their monthly rate, cheapest first."""
    return [
        (package, money(package.monthly_rate_cents, package.currency))
        for package in packages.order_by("monthly_rate_cents", "name")
    ]


def package_choices() -> list[tuple[int, str]]:
    """Return the packages for a filter; withdrawn ones too, workspaces may still have them."""
    return list(PlatformPackage.objects.values_list("pk", "name"))


class WorkspaceForm(StaffForm):
    """Settings of a workspace; packages and data plans that are not offered stay for those who have them."""

    class Meta:
        model = Workspace
        exclude = ("created",)
        widgets = {"data_plans": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = self.instance if self.instance.pk else None
        if "package" in self.fields:
            offered = Q(status=PlatformPackage.Status.ACTIVE)
            held = Q(pk=present.package_id) if present else Q()
            field = cast(Any, self.fields["package"])
            field.queryset, field.empty_label = PlatformPackage.objects.filter(offered | held), _("Choose a package")
        if "data_plans" in self.fields:
            plans = DataPlan.objects.filter(
                Q(active=True) | Q(pk__in=present.data_plans.values("pk") if present else ())
            )
            cast(Any, self.fields["data_plans"]).queryset = plans

        if "factory_test_override" in self.fields:
            choices = (("unknown", _("As the package says")), ("true", _("On")), ("false", _("Off")))
            cast(Any, self.fields["factory_test_override"].widget).choices = choices

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("A country has two letters, for example DE."))
        return country


@admin.register(Workspace)
class WorkspaceAdmin(StaffAdmin):
    """Workspaces."""

    creates = changes = True
    icon = "building-2"
    form = WorkspaceForm
    change_form_template = "admin/accounts/workspace/change_form.html"
    autocomplete_fields = ("main", "super_admin")
    list_display = (
        "name",
        "number",
        "package_name",
        "state",
        "cautions",
        "issued",
        "activated",
        "suspended",
        "factory_test",
        "devices",
        "members",
        "last_event",
        "kind",
        "main_name",
    )
    list_filter = (
        choice_filter("package", gettext_lazy("package"), "package_id", package_choices),
        choice_filter("status", gettext_lazy("status"), "status", Workspace.Status.choices),
        choice_filter("type", gettext_lazy("type"), "type", Workspace.Type.choices),
        condition_filter("warning", gettext_lazy("warning"), WARNING_FILTERS),
        condition_filter(
            "link",
            gettext_lazy("link"),
            {
                "main": (gettext_lazy("Main organisations"), lambda found: found.filter(main__isnull=True)),
                "linked": (gettext_lazy("Linked workspaces"), lambda found: found.filter(main__isnull=False)),
            },
        ),
    )
    list_select_related = ("package", "main")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name, ID or a user’s e-mail address")
    ordering = ("name", "id")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        organisation = ["name", ("country", "currency"), "type", "main"]
        contract = ["package", "data_plans"]
        if obj is None:
            return [(None, {"fields": organisation}), (_("Contract"), {"fields": contract})]
        if obj.main_id is None:
            organisation.append("super_admin")
        limits = ["factory_test_override", ("factory_test_bytes", "factory_test_sms"), "factory_test_days"]
        return [
            (_("Organisation"), {"fields": [*organisation, "status"]}),
            (_("Contract"), {"fields": contract}),
            (_("Factory test"), {"fields": limits}),
            (_("Event log"), {"fields": ["event_days"]}),
        ]

    # --- writing ---

    def create(self, request: HttpRequest, form: Any) -> Workspace:
        data = form.cleaned_data
        return create_workspace(
            name=data["name"],
            package_id=data["package"].pk,
            type=data["type"],
            country=data["country"],
            currency=data["currency"],
            main_id=data["main"].pk if data["main"] else None,
            data_plan_ids=[plan.pk for plan in data["data_plans"]],
        )

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Do all that was changed in one action: when one part is refused, nothing is done."""
        changes = form.changes
        settings = {
            ("main_id" if name == "main" else name): (value.pk if name == "main" and value else value)
            for name, value in changes.items()
            if name not in _OWN_ACTIONS
        }
        with action():
            if settings:
                update_workspace(workspace_id=obj.pk, changes=settings)
            plans = [plan.pk for plan in changes["data_plans"]] if "data_plans" in changes else None
            if "package" in changes:
                held = set(obj.data_plans.values_list("pk", flat=True))
                if plans is not None and len(held) > changes["package"].max_data_plans:
                    # A smaller package needs those that go to be gone; those that come need the new one's room.
                    set_data_plans(workspace_id=obj.pk, data_plan_ids=sorted(held.intersection(plans)))
                set_package(workspace_id=obj.pk, package_id=changes["package"].pk)
            if plans is not None:
                set_data_plans(workspace_id=obj.pk, data_plan_ids=plans)
            if "super_admin" in changes:
                if changes["super_admin"] is None:
                    raise Invalid(
                        _("A main organisation keeps a SuperAdmin. Choose the one who follows."), field="super_admin"
                    )
                set_super_admin(workspace_id=obj.pk, user_id=changes["super_admin"].pk)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.members_view)
        billing = self.admin_site.admin_view(self.billing_view)
        return [
            path("<path:object_id>/members/", view, name="accounts_workspace_members"),
            path("<path:object_id>/billing/", billing, name="accounts_workspace_billing"),
            *super().get_urls(),
        ]

    def billing_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change charging model, payment term and what stands on invoices."""
        workspace = self.found(request, object_id, change=True)
        form = billing_form(workspace, request.POST if request.method == "POST" else None)
        if request.method == "POST" and save_billing(workspace, form):
            self.message_user(request, _("Billing of %(name)s saved.") % {"name": workspace.name}, messages.SUCCESS)
            return HttpResponseRedirect(self.url_of(workspace))
        context = {
            "form": form,
            "heading": _("Billing of %(name)s") % {"name": workspace.name},
            "intro": _("Prices are in %(currency)s; the currency stands on the page of the workspace.")
            % {"currency": workspace.get_currency_display()},
            "verb": _("Save"),
            "back": self.url_of(workspace),
            "crumbs": [(workspace.name, self.url_of(workspace))],
        }
        return self.render(request, "admin/form_page.html", context, status=422 if form.errors else 200)

    def members_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the members, and add, change and remove them."""
        workspace = self.found(request, object_id)
        may = self.has_change_permission(request, workspace) and request.user.has_perm("accounts.change_user")
        form = MemberForm(self.admin_site)
        if request.method == "POST":
            workspace = self.found(request, object_id, change=True)
            if not may:
                raise PermissionDenied(_("Changing members needs the right to change users."))
            what = request.POST.get("what", "")
            try:
                if what == "add":
                    form = MemberForm(self.admin_site, request.POST)
                    told = join(workspace, form)
                else:
                    told = change(workspace, what, request.POST.get("member", ""), request.POST.get("new_role", ""))
            except DomainError as error:
                self.message_user(request, error.message, messages.ERROR)
                return HttpResponseRedirect(request.path)
            if told:
                self.message_user(request, told, messages.SUCCESS)
                return HttpResponseRedirect(request.path)
        super_admin = workspace.main.super_admin if workspace.main else workspace.super_admin
        context = {
            "original": workspace,
            "members": members_of(workspace),
            "super_admin": super_admin,
            "roles": ROLES,
            "form": form,
            "may_change": may,
        }
        template = "admin/accounts/workspace/members.html"
        return self.render(request, template, context, status=422 if form.errors else 200)

    # --- lists ---

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = term.strip()
        if not term:
            return queryset, False
        wanted = Q(name__icontains=term)
        if term.isascii() and term.isdigit() and len(term) < 19:
            wanted |= Q(pk=int(term))
        if "@" in term:
            members = Membership.objects.filter(workspace_id=OuterRef("pk"), user__email__icontains=term)
            wanted |= Exists(members) | Q(super_admin__email__icontains=term)
        return queryset.filter(wanted), False

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        figures = figures_of([workspace.pk for workspace in rows])
        for workspace in rows:
            workspace.figures = figures[workspace.pk]

    def form_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        packages = PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE)
        if obj is None:
            return {"packages": _priced(packages)}
        figures = figures_of([obj.pk])[obj.pk]
        place = {name: reverse(f"admin:{name}_changelist") for name in ("sims_sim", "sims_device", "sims_simbatch")}
        chosen = f"?workspace={obj.pk}"
        links = [
            (_("Members"), self.url_of(obj, "members"), "users"),
            (_("Requests"), reverse("admin:accounts_workspacerequest_changelist") + chosen, "inbox"),
            (_("SIMs"), place["sims_sim"] + chosen, "card-sim"),
            (_("Devices"), place["sims_device"] + chosen, "router"),
            (_("Batches"), place["sims_simbatch"] + chosen, "boxes"),
            (_("Events"), reverse("admin:events_event_changelist") + chosen, "scroll-text"),
        ]
        if self.has_change_permission(request, obj):
            links.insert(1, (_("Billing"), self.url_of(obj, "billing"), "receipt-text"))
        if request.user.has_perm("accounts.add_supportaccess") and obj.type != Workspace.Type.OPERATOR:
            links.append((_("Enter as support"), reverse("accounts:support_start", args=[obj.pk]), "life-buoy"))
        held = PlatformPackage.objects.filter(pk=obj.package_id)
        return {
            "links": links,
            "figures": figures,
            "cautions": warnings_of(obj, figures),
            "states": [(state, figures.sims.get(state, 0)) for state in SimStatus if state != SimStatus.DELETED],
            "sims_url": place["sims_sim"] + chosen,
            "packages": _priced(packages | held),
            "created": when_absolute(obj.created),
        }

    # --- columns ---

    @admin.display(description=gettext_lazy("ID"), ordering="id")
    def number(self, workspace: Workspace) -> int:
        return workspace.pk

    @admin.display(description=gettext_lazy("warnings"))
    def cautions(self, workspace: Any) -> SafeString:
        found = warnings_of(workspace, workspace.figures)
        return format_html_join(mark_safe(" "), "{}", ((badge(each.text, each.tone),) for each in found)) or dash()

    @admin.display(description=gettext_lazy("package"), ordering="package__name")
    def package_name(self, workspace: Workspace) -> str:
        return workspace.package.name

    @admin.display(description=gettext_lazy("type"), ordering="type")
    def kind(self, workspace: Workspace) -> str:
        return workspace.get_type_display()

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, workspace: Workspace) -> SafeString:
        tone = "good" if workspace.status == Workspace.Status.ENABLED else "bad"
        return badge(workspace.get_status_display(), tone)

    @admin.display(description=gettext_lazy("main organisation"), ordering="main__name")
    def main_name(self, workspace: Workspace) -> SafeString:
        if workspace.main is None:
            return dash()
        return format_html('<a href="{}">{}</a>', self.url_of(workspace.main), workspace.main.name)

    @admin.display(description=gettext_lazy("issued"))
    def issued(self, workspace: Any) -> SafeString:
        return self._count(workspace, SimStatus.ISSUED)

    @admin.display(description=gettext_lazy("activated"), ordering=by_activated_sims())
    def activated(self, workspace: Any) -> SafeString:
        return self._count(workspace, SimStatus.ACTIVATED)

    @admin.display(description=gettext_lazy("suspended"))
    def suspended(self, workspace: Any) -> SafeString:
        return self._count(workspace, SimStatus.SUSPENDED)

    @admin.display(description=gettext_lazy("factory test"))
    def factory_test(self, workspace: Any) -> SafeString:
        return self._count(workspace, SimStatus.FACTORY_TEST)

    def _count(self, workspace: Any, state: SimStatus) -> SafeString:
        figures: Figures = workspace.figures
        count = figures.sims.get(state, 0)
        if not count:
            return format_html('<span class="muted">{}</span>', 0)
        url = reverse("admin:sims_sim_changelist")
        return format_html(
            '<a href="{}?workspace={}&amp;status={}">{}</a>', url, workspace.pk, int(state), number(count)
        )

    @admin.display(description=gettext_lazy("devices"))
    def devices(self, workspace: Any) -> str:
        return number(workspace.figures.devices)

    @admin.display(description=gettext_lazy("users"))
    def members(self, workspace: Any) -> SafeString:
        return format_html('<a href="{}">{}</a>', self.url_of(workspace, "members"), number(workspace.figures.users))

    @admin.display(description=gettext_lazy("last event"), ordering=by_last_event())
    def last_event(self, workspace: Any) -> SafeString:
        return when(workspace.figures.last_event)
