"""Support access: entering and leaving for staff, the list of all visits for the customer."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import staff_actor
from accounts.form_fields import show_refusal
from accounts.models import SupportAccess, User, Workspace
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.session_keys import LAST_WORKSPACE, SUPPORT_ACCESS
from accounts.settings_tabs import settings_tabs
from accounts.support.selectors import people_to_act_for
from accounts.support.services import end_support_access, lifetime, start_support_access
from accounts.support.tables import VisitTable
from kit.context import acting_within
from kit.errors import Invalid, NotFound
from kit.htmx import HtmxRequest, redirect_to, render_fragment

SHOWN = 200


class SupportForm(forms.Form):
    """The question in whose place staff want to act, and why."""

    user = forms.TypedChoiceField(label=gettext_lazy("Act for"), coerce=int)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("For example the number of the ticket. The customer reads it."),
    )

    def __init__(self, workspace: Workspace, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # handed through
        found = people_to_act_for(workspace)[:SHOWN]
        field = cast(forms.TypedChoiceField, self.fields["user"])
        field.choices = [(user.pk, f"{user.name}, {user.email} ({user.held_role})") for user in found]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HtmxRequest, visited_id: int) -> HttpResponse:
    """Show and take the form by which staff enter a workspace."""
    staff = _staff(request, entering=True)
    workspace = Workspace.objects.filter(pk=visited_id).first()
    if workspace is None:
        raise Http404
    form = SupportForm(workspace, *((request.POST,) if request.method == "POST" else ()))
    if form.is_valid():
        values = form.cleaned_data
        try:
            with acting_within(staff_actor(staff)):
                access = start_support_access(workspace_id=visited_id, user_id=values["user"], reason=values["reason"])
        except (Invalid, NotFound) as error:
            show_refusal(form, error)
        else:
            request.session[SUPPORT_ACCESS] = access.pk
            # Coming in is event 13, and not a switch of workspace besides.
            request.session[LAST_WORKSPACE] = visited_id
            return redirect_to(request, f"/w/{visited_id}/")
    page = {"form": form, "visited": workspace, "minutes": int(lifetime().total_seconds() // 60)}
    return render_fragment(request, "accounts/support_start.html", page, status=422 if form.errors else 200)


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Leave the visited workspace."""
    _staff(request)
    access_id = request.session.pop(SUPPORT_ACCESS, None)
    request.session.pop(LAST_WORKSPACE, None)
    if access_id is not None:
        end_support_access(access_id=access_id)
        messages.success(request, _("Support access ended."))
    return redirect("home")


def _staff(request: HttpRequest, *, entering: bool = False) -> User:
    user = request.user
    if not (isinstance(user, User) and user.is_staff):
        raise Http404
    if entering and not user.has_perm("accounts.add_supportaccess"):
        raise PermissionDenied(_("Your staff role does not allow entering workspaces as support."))
    return user


@require_safe
def visits(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show every visit of the operator's staff to a workspace, newest first."""
    authorise(workspace_id, Permission.EVENT_READ)
    found = SupportAccess.objects.of(workspace_id).select_related("staff", "acted_for").order_by("-pk")
    page = {
        "tabs": settings_tabs(request, "support"),
        "visits": VisitTable(list(found[:SHOWN]), context={"staff": request.user.is_staff}),
    }
    return render_fragment(request, "accounts/support.html", page)
