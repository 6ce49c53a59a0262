"""Requests of customers for a new or a linked workspace, with the buttons that answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import DataPlan, PlatformPackage, Workspace, WorkspaceRequest
from accounts.selectors import super_admin_of
from accounts.workspaces.services.request_answers import (
    create_requested_workspace,
    decline_workspace_request,
    link_requested_workspace,
)
from kit.admin.base import StaffAdmin, add_refusal
from kit.admin.filters import Picker, choice_filter, related_filter
from kit.errors import DomainError
from kit.rendering import badge, bdi, dash, when, when_absolute

STATE_TONES: Final = {
    WorkspaceRequest.Status.OPEN: "warn",
    WorkspaceRequest.Status.DONE: "good",
    WorkspaceRequest.Status.DECLINED: "muted",
}
STATES: Final = (
    (WorkspaceRequest.Status.OPEN.value, gettext_lazy("Waiting")),
    (WorkspaceRequest.Status.DONE.value, gettext_lazy("Done")),
    (WorkspaceRequest.Status.DECLINED.value, gettext_lazy("Declined")),
)


def _answer(help_text: Any, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=500,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CreateForm(forms.Form):
    """The workspace that is made."""

    name = forms.CharField(label=gettext_lazy("Name of the workspace"), max_length=120)
    package = forms.ModelChoiceField(
        label=gettext_lazy("Platform package"),
        queryset=PlatformPackage.objects.none(),
        empty_label=gettext_lazy("Choose a package"),
    )
    data_plans = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Data plans"),
        queryset=DataPlan.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Coverage policies need one."),
    )
    answer = _answer(
        gettext_lazy("The customer gets it by mail and reads it in the settings. Empty: that the workspace is ready."),
        required=False,
    )

    def __init__(self, request: WorkspaceRequest, *args: Any) -> None:
        super().__init__(args[0] if args else None, initial={"package": request.workspace.package_id})
        offered = PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE)
        cast(Any, self.fields["package"]).queryset = offered
        cast(Any, self.fields["data_plans"]).queryset = DataPlan.objects.filter(active=True)

    def save(self, request: WorkspaceRequest) -> str:
        """Make it and return what to tell."""
        values = self.cleaned_data
        made = create_requested_workspace(
            request_id=request.pk,
            name=values["name"],
            package_id=values["package"].pk,
            data_plan_ids=[plan.pk for plan in values["data_plans"]],
            answer=values["answer"],
        )
        return _("%(name)s is made and linked to %(main)s.") % {"name": made.name, "main": request.workspace.name}


class LinkForm(forms.Form):
    """The workspace that is linked."""

    answer = _answer(
        gettext_lazy("The customer gets it by mail and reads it in the settings. Empty: that the workspace is linked."),
        required=False,
    )

    def __init__(self, request: WorkspaceRequest, *args: Any) -> None:
        super().__init__(*args)
        self.fields["workspace"] = forms.ModelChoiceField(
            queryset=Workspace.objects.all(),
            label=_("Workspace to link"),
            help_text=_("Search by name, ID or a user’s e-mail address. Its SuperAdmin becomes an ordinary member."),
            widget=Picker(WorkspaceRequest._meta.get_field("workspace"), admin.site, _("Search workspaces")),
        )
        self.order_fields(["workspace", "answer"])

    def save(self, request: WorkspaceRequest) -> str:
        """Link it and return what to tell."""
        values = self.cleaned_data
        linked = link_requested_workspace(
            request_id=request.pk, workspace_id=values["workspace"].pk, answer=values["answer"]
        )
        return _("%(name)s is linked to %(main)s.") % {"name": linked.name, "main": request.workspace.name}


class DeclineForm(forms.Form):
    """Why not."""

    answer = _answer(
        gettext_lazy("Say why, for the customer, who gets it by mail and reads it in the settings."), required=True
    )

    def __init__(self, request: WorkspaceRequest, *args: Any) -> None:
        super().__init__(*args)

    def save(self, request: WorkspaceRequest) -> str:
        """Decline and return what to tell."""
        decline_workspace_request(request_id=request.pk, answer=self.cleaned_data["answer"])
        return _("Declined; the customer is told why.")


_ANSWERS: Final[dict[str, tuple[Callable[..., Any], Any, str, tuple[str, ...]]]] = {
    "create": (CreateForm, gettext_lazy("Create the workspace"), "plus", ("accounts.add_workspace",)),
    "link": (LinkForm, gettext_lazy("Link the workspace"), "link", ("accounts.change_workspace",)),
    "decline": (DeclineForm, gettext_lazy("Decline with an answer"), "x", ()),
}
"""The form, label and icon of each button, and the rights that it needs besides that to change requests."""
_BUTTONS_OF: Final = {
    WorkspaceRequest.Kind.NEW.value: ("create", "decline"),
    WorkspaceRequest.Kind.LINKED.value: ("link", "decline"),
}


@admin.register(WorkspaceRequest)
class WorkspaceRequestAdmin(StaffAdmin):
    """Requests: those that wait come first."""

    changes = True
    icon = "inbox"
    page_template = "admin/accounts/workspacerequest/page.html"
    list_display = ("number", "state", "kind_name", "main", "package", "contact", "sent", "answered")
    list_filter = (
        choice_filter("status", gettext_lazy("state"), "status", STATES),
        choice_filter("kind", gettext_lazy("kind"), "kind", WorkspaceRequest.Kind.choices),
        related_filter("workspace", gettext_lazy("Workspace"), "workspace"),
    )
    list_select_related = ("workspace__package",)
    search_fields = ("text", "contact_email", "workspace__name")
    search_help_text = gettext_lazy("Words of the request, contact or workspace")
    ordering = ("status", "-id")

    def may_answer(self, request: HttpRequest, what: str) -> bool:
        """Tell whether this person has the rights that a button needs."""
        return self.has_change_permission(request) and request.user.has_perms(_ANSWERS[what][3])

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.answer_view)
        return [
            path("<path:object_id>/answer/<slug:what>/", view, name="accounts_workspacerequest_answer"),
            *super().get_urls(),
        ]

    def answer_view(self, request: HttpRequest, object_id: str, what: str) -> HttpResponse:
        """Ask what is needed to answer a request in one of the ways, and do it."""
        found: WorkspaceRequest = self.found(request, object_id, change=True)
        if found.status != WorkspaceRequest.Status.OPEN:
            self.message_user(request, _("This request was answered already."), messages.WARNING)
            return HttpResponseRedirect(self.url_of(found))
        if what not in _BUTTONS_OF[found.kind] or not self.may_answer(request, what):
            raise PermissionDenied(_("Use the buttons on the page of the request."))
        make, label, _icon, _rights = _ANSWERS[what]
        form = make(found, *((request.POST,) if request.method == "POST" else ()))
        if form.is_valid():
            try:
                told = form.save(found)
            except DomainError as error:
                add_refusal(form, error)
            else:
                self.message_user(request, told, messages.SUCCESS)
                return HttpResponseRedirect(self.url_of(found))
        context = {
            "form": form,
            "heading": label,
            "verb": label,
            "danger": what == "decline",
            "original": found,
            "facts": self._facts(found),
            "back": self.url_of(found),
            "crumbs": [(str(self.number(found)), self.url_of(found))],
        }
        template = "admin/accounts/workspacerequest/answer.html"
        return self.render(request, template, context, status=422 if form.errors else 200)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        waiting = obj.status == WorkspaceRequest.Status.OPEN
        names = [what for what in _BUTTONS_OF[obj.kind] if waiting and self.may_answer(request, what)]
        events = reverse("admin:events_event_changelist")
        return {
            "heading": _("Request %(id)s: %(kind)s") % {"id": obj.pk, "kind": obj.get_kind_display()},
            "badge": self.state(obj),
            "buttons": [
                (
                    _ANSWERS[what][1],
                    reverse("admin:accounts_workspacerequest_answer", args=[obj.pk, what]),
                    _ANSWERS[what][2],
                    "danger" if what == "decline" else "primary",
                )
                for what in names
            ],
            "links": [(_("Events"), f"{events}?workspace={obj.workspace_id}", "scroll-text")],
            "facts": self._facts(obj),
        }

    def _facts(self, obj: WorkspaceRequest) -> list[tuple[Any, Any]]:
        main = obj.workspace
        package = main.package
        count = 1 + main.linked.count()
        limit = package.max_workspaces if package.workspaces_allowed else 1
        super_admin = super_admin_of(main)
        facts: list[tuple[Any, Any]] = [
            (_("Main organisation"), self.main(obj)),
            (_("Package"), package.name),
            (_("Workspaces"), _("%(count)s of %(limit)s") % {"count": count, "limit": limit}),
            (_("SuperAdmin"), super_admin.name if super_admin else _("none; the first Administrator will be it")),
            (_("Requested by"), self._person(obj.requester)),
            (_("Contact"), self.contact(obj)),
            (_("Sent"), when_absolute(obj.created)),
        ]
        if obj.status != WorkspaceRequest.Status.OPEN:
            facts += [
                (_("Answered"), when_absolute(obj.handled)),
                (_("Answered by"), self._person(obj.handled_by)),
                (_("Answer"), obj.answer or dash()),
            ]
        return facts

    @staticmethod
    def _person(user: Any) -> str | SafeString:
        if user is None:
            return dash()
        return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[user.pk]), bdi(user.name))

    # --- columns ---

    @admin.display(description=gettext_lazy("request"), ordering="id")
    def number(self, request: WorkspaceRequest) -> int:
        return request.pk

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, request: WorkspaceRequest) -> SafeString:
        status = WorkspaceRequest.Status(request.status)
        return badge(str(dict(STATES)[status.value]), STATE_TONES[status])

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_name(self, request: WorkspaceRequest) -> str:
        return request.get_kind_display()

    @admin.display(description=gettext_lazy("main organisation"), ordering="workspace__name")
    def main(self, request: WorkspaceRequest) -> SafeString:
        url = reverse("admin:accounts_workspace_change", args=[request.workspace_id])
        return format_html('<a href="{}">{}</a>', url, bdi(request.workspace.name))

    @admin.display(description=gettext_lazy("package"), ordering="workspace__package__name")
    def package(self, request: WorkspaceRequest) -> str:
        return request.workspace.package.name

    @admin.display(description=gettext_lazy("contact"), ordering="contact_email")
    def contact(self, request: WorkspaceRequest) -> SafeString:
        return format_html('<a href="mailto:{0}">{0}</a>', request.contact_email)

    @admin.display(description=gettext_lazy("sent"), ordering="created")
    def sent(self, request: WorkspaceRequest) -> SafeString:
        return when(request.created)

    @admin.display(description=gettext_lazy("answered"), ordering="handled")
    def answered(self, request: WorkspaceRequest) -> SafeString:
        return when(request.handled)
