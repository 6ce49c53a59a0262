"""Workspaces in the admin site. Their figures come from all apps, by `accounts.workspaces.figures`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

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
from accounts.packages.admin import ask_first, money
from accounts.packages.effects import effects_of, with_changes
from accounts.workspaces import figures
from accounts.workspaces.admin.billing import billing_form
from accounts.workspaces.admin.billing import save as save_billing
from accounts.workspaces.admin.members import ROLES, MemberForm, change, join, members_of
from accounts.workspaces.services.staff_changes import change_workspace
from accounts.workspaces.services.workspaces import create_workspace
from kit.admin.base import StaffAdmin, StaffForm
from kit.admin.fields import AmountField
from kit.admin.filters import choice_filter, condition_filter
from kit.errors import DomainError
from kit.rendering import badge, bdi, dash, when_absolute


def _priced(packages: QuerySet[PlatformPackage]) -> list[tuple[PlatformPackage, str]]:
    """Return packages with their monthly rate, cheapest first."""
    return [
        (package, money(package.monthly_rate_cents, package.currency))
        for package in packages.order_by("monthly_rate_cents", "name")
    ]


CHARGING: Final = frozenset(
    {"package", "factory_test_override", "factory_test_bytes", "factory_test_sms", "factory_test_days"}
)
"""What can end factory tests, and so make SIMs chargeable."""


def package_choices() -> list[tuple[int, str]]:
    """Return the packages for a filter; withdrawn ones too, workspaces may still have them."""
    return list(PlatformPackage.objects.values_list("pk", "name"))


class WorkspaceForm(StaffForm):
    """Settings of a workspace; packages and data plans that are not offered stay for those who have them."""

    class Meta:
        model = Workspace
        exclude = ("created",)

    prepaid_extra_cents = AmountField(
        label=gettext_lazy("Prepaid credit added"),
        required=False,
        help_text=gettext_lazy("Beyond the credit of the package, for this trial, in its currency. Empty: none."),
    )
    # Bookings have a model of their own, so Django would leave this out.
    data_plans = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Data plans"),
        queryset=DataPlan.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

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

        if "type" in self.fields:
            if present and present.type == Workspace.Type.OPERATOR:
                self.fields["type"].disabled = True
            else:
                others = [choice for choice in Workspace.Type.choices if choice[0] != Workspace.Type.OPERATOR]
                cast(Any, self.fields["type"]).choices = others
        if "factory_test_override" in self.fields:
            choices = (("unknown", _("As the package says")), ("true", _("On")), ("false", _("Off")))
            cast(Any, self.fields["factory_test_override"].widget).choices = choices
            self.fields["factory_test_override"].help_text = ""  # the first choice says it

    def clean_prepaid_extra_cents(self) -> int:
        """Take an empty credit for none."""
        return self.cleaned_data["prepaid_extra_cents"] or 0

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
    list_filter = (
        choice_filter("package", gettext_lazy("package"), "package_id", package_choices),
        choice_filter("status", gettext_lazy("status"), "status", Workspace.Status.choices),
        choice_filter("type", gettext_lazy("type"), "type", Workspace.Type.choices),
        condition_filter("warning", gettext_lazy("warning"), figures.WARNING_FILTERS),
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
        if obj is not None and obj.package.evaluation:
            contract.append("prepaid_extra_cents")
        if obj is None:
            return [(None, {"fields": organisation}), (_("Contract"), {"fields": contract})]
        if obj.main_id is None and request.user.has_perm("accounts.change_user"):
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
        changes = dict(form.changes)
        asked = CHARGING.intersection(changes)
        for name in ("package", "main", "super_admin"):
            if name in changes:
                chosen = changes.pop(name)
                changes[f"{name}_id"] = chosen.pk if chosen is not None else None
        if "data_plans" in changes:
            changes["data_plan_ids"] = [plan.pk for plan in changes.pop("data_plans")]
        # `obj` has the form's values already.
        before = Workspace.objects.select_related("package").get(pk=obj.pk)
        effects = effects_of(before, with_changes(before, **{name: form.cleaned_data[name] for name in asked}))
        change_workspace(workspace_id=obj.pk, changes=changes)
        ask_first(request, effects)

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

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return ("name", "number", "package_name", "state", "cautions", *figures.columns(), "kind", "main_name")

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        found = figures.figures_of([workspace.pk for workspace in rows])
        for workspace in rows:
            workspace.figures = found[workspace.pk]

    def form_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        packages = PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE)
        if obj is None:
            return {"packages": _priced(packages)}
        found = figures.figures_of([obj.pk])[obj.pk]
        links = [
            (_("Members"), self.url_of(obj, "members"), "users"),
            *(
                (str(link.label), f"{reverse(f'admin:{link.url_name}')}?workspace={obj.pk}", link.icon)
                for link in figures.links()
            ),
        ]
        if self.has_change_permission(request, obj):
            links.insert(1, (_("Billing"), self.url_of(obj, "billing"), "receipt-text"))
        if request.user.has_perm("accounts.add_supportaccess") and obj.type != Workspace.Type.OPERATOR:
            links.append((_("Enter as support"), reverse("accounts:support_start", args=[obj.pk]), "life-buoy"))
        held = PlatformPackage.objects.filter(pk=obj.package_id)
        return {
            "links": links,
            "figures": found,
            "tiles": figures.tiles_of(obj, found),
            "cautions": figures.warnings_of(obj, found),
            "packages": _priced(packages | held),
            "created": when_absolute(obj.created),
        }

    # --- columns ---

    @admin.display(description=gettext_lazy("ID"), ordering="id")
    def number(self, workspace: Workspace) -> int:
        return workspace.pk

    @admin.display(description=gettext_lazy("warnings"))
    def cautions(self, workspace: Any) -> SafeString:
        found = figures.warnings_of(workspace, workspace.figures)
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
        return format_html('<a href="{}">{}</a>', self.url_of(workspace.main), bdi(workspace.main.name))
