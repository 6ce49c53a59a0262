"""Settings of a workspace: company, billing, security, the table of permissions, requests for workspaces."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.form_fields import show_refusal
from accounts.models import Workspace, WorkspaceRequest
from accounts.people.selectors import members_without_second_factor
from accounts.permissions import TABLE, Permission, Role, authorise
from accounts.requests import WorkspacePageRequest
from accounts.selectors import SuperAdminOf, super_admin_of
from accounts.settings_tabs import settings_tabs
from accounts.sign_in.second_factors import has_second_factor
from accounts.workspaces.forms import BillingForm, CompanyForm, RequestForm, SecurityForm, initial_of
from accounts.workspaces.services.company import company_of, set_mfa_required, update_billing, update_company
from accounts.workspaces.services.requests import request_workspace
from kit.errors import Conflict, Invalid
from kit.history import as_it_was, history_url
from kit.htmx import redirect_to, render_fragment
from kit.sent_once import sent_once

REFUSED: Final = (Invalid, Conflict)
FORMS: Final[dict[str, type[forms.Form]]] = {
    "company": CompanyForm,
    "billing": BillingForm,
    "security": SecurityForm,
}


@require_http_methods(["GET", "HEAD", "POST"])
def workspace_settings(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the settings to everybody of the workspace, and take them from its Administrators.

    With `?at=` the workspace is shown as it was then.
    """
    if (then := as_it_was(request, "events:workspace_then", workspace_id)) is not None:
        return then
    authorise(workspace_id, Permission.INVENTORY_READ)
    workspace, company = request.workspace, company_of(workspace_id)
    shown = {name: kind(initial=initial_of(kind, company, workspace)) for name, kind in FORMS.items()}
    failed = False
    if request.method == "POST":
        authorise(workspace_id, Permission.WORKSPACE_UPDATE)
        part = request.POST.get("part", "")
        if part not in FORMS:
            raise Http404
        form = shown[part] = FORMS[part](request.POST)
        if form.is_valid() and _save(part, workspace_id, form):
            return _saved(request, workspace_id, _("Settings saved."))
        failed = True
    page = {
        "tabs": settings_tabs(request, "settings"),
        "company_form": shown["company"],
        "billing_form": shown["billing"],
        "security_form": shown["security"],
        "without": members_without_second_factor(workspace) if not workspace.demands_second_factor else 0,
        "own_factor": has_second_factor(request.user.pk),
        "company": company,
        "may_change": Permission.WORKSPACE_UPDATE.name in request.may,
        "facts": _facts(workspace, super_admin_of(workspace)),
        "history_url": history_url("events:workspace_then", workspace_id),
        "leave_url": ""
        if request.role == Role.SUPERADMIN
        else reverse("accounts:workspace_leave", args=[workspace_id]),
    }
    return render_fragment(request, "accounts/settings.html", page, status=422 if failed else 200)


def _save(part: str, workspace_id: int, form: forms.Form) -> bool:
    try:
        if part == "security":
            set_mfa_required(workspace_id=workspace_id, required=form.cleaned_data["mfa_required"])
        else:
            update = update_company if part == "company" else update_billing
            update(workspace_id=workspace_id, changes=form.cleaned_data)
    except REFUSED as error:
        show_refusal(form, error)
        return False
    return True


def _saved(request: WorkspacePageRequest, workspace_id: int, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect_to(request, reverse("accounts:workspace_settings", args=[workspace_id]))


def _facts(workspace: Workspace, super_admin: SuperAdminOf | None) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (_("Workspace ID"), workspace.pk),
        (_("State"), workspace.get_status_display()),
        (_("Created"), workspace.created),
        (_("Currency"), workspace.get_currency_display()),
    ]
    if workspace.main is not None:
        found.append((_("Linked to"), workspace.main.name))
    if super_admin is not None:
        found.append((_("SuperAdmin"), super_admin.name))
    return found


@require_safe
def permissions(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show which role may do what: the very table that decides."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    roles = list(Role)
    page = {
        "tabs": settings_tabs(request, "permissions"),
        "roles": roles,
        "rows": [
            (permission.label, [role in TABLE[permission] for role in roles], permission.name in request.may)
            for permission in Permission
        ],
        "own_role": Role(request.role).label if request.role else "",
        "suspended": request.workspace.status == Workspace.Status.SUSPENDED,
    }
    return render_fragment(request, "accounts/permissions.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
def workspace_requests(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the linked workspaces and the requests for further ones, and take a new request."""
    authorise(workspace_id, Permission.WORKSPACE_REQUEST)
    workspace = request.workspace
    form = RequestForm(
        request.POST if request.method == "POST" else None, initial={"contact_email": request.user.email}
    )
    if form.is_valid():
        try:
            request_workspace(workspace_id=workspace_id, **form.cleaned_data)
        except REFUSED as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("Request sent."))
            return redirect_to(request, reverse("accounts:workspace_requests", args=[workspace_id]))
    page = {
        "tabs": settings_tabs(request, "requests"),
        "form": form,
        "is_main": workspace.main_id is None,
        "main": workspace.main,
        # Names of linked workspaces are known to whoever may enter them, and to the SuperAdmin.
        "linked": [entry for entry in request.access.entries if entry.workspace.main_id == workspace.pk],
        "count": 1 + workspace.linked.count(),
        "package": workspace.package,
        "requests": WorkspaceRequest.objects.of(workspace_id).select_related("requester")[:50],
    }
    return render_fragment(request, "accounts/requests.html", page, status=422 if form.errors else 200)
