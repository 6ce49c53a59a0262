"""The users of a workspace: the list, inviting, roles, removal, and leaving it oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.form_fields import show_refusal
from accounts.models import User, Workspace
from accounts.people.filters import PeopleFilters
from accounts.people.forms import InviteForm, RoleForm
from accounts.people.selectors import (
    ACCESS_STATES,
    ACTIVE,
    APP_MFA,
    EXPIRED,
    MAIL_MFA,
    PENDING,
    SECURITY,
    SUSPENDED,
    UNVERIFIED,
    administrators_of,
    people_of,
    people_rows,
    person_row,
)
from accounts.people.services.invitations import invite_user, resend_invitation, withdraw_invitation
from accounts.people.services.members import change_role, leave_workspace, remove_member
from accounts.people.tables import PeopleTable
from accounts.permissions import Permission, Role, authorise
from accounts.requests import WorkspacePageRequest
from accounts.selectors import tokens_made_by
from accounts.settings_tabs import settings_tabs
from accounts.sign_in.services.second_factors import remove_second_factor
from kit.context import current_context
from kit.errors import Conflict, Forbidden, Invalid
from kit.history import as_it_was, history_url
from kit.htmx import redirect_to, respond, wants_fragment, with_toast
from kit.lists import Empty, Listing
from kit.sent_once import sent_once

TONES: Final = {ACTIVE: "good", PENDING: "info", EXPIRED: "warn", UNVERIFIED: "warn", SUSPENDED: "bad"}
FACTORS: Final = (APP_MFA, MAIL_MFA)
ACTS: Final = ("role", "resend", "withdraw", "second_factor", "remove", "kept")
REFUSED: Final = (Invalid, Conflict)
"""What a person can mend in the form; everything else is the middleware's."""


def invitation_link(request: HttpRequest) -> Callable[[str], str]:
    """Return what makes the address of an invitation's mail."""
    return lambda secret: request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))


@require_http_methods(["GET", "HEAD", "POST"])
def user_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the users of a workspace, for its Administrators. POST carries pasted filter values and changes nothing.

    With `?at=` they are shown as they were then, to everybody who reads events.
    """
    if (then := as_it_was(request, "events:users_then", workspace_id)) is not None:
        return then
    authorise(workspace_id, Permission.USER_MANAGE)
    workspace = request.workspace
    listing = Listing(
        request,
        table=PeopleTable,
        filters=PeopleFilters,
        queryset=people_of(workspace),
        fetch=lambda people: _with_acts(request, people_rows(people)),
        empty=Empty(icon="users", title=_("No users yet"), text=_("Invite somebody by their e-mail address.")),
        context={
            "own_id": request.user.pk,
            "roles": {role.value: str(role.label) for role in Role},
            "states": {key: str(label) for key, label in ACCESS_STATES},
            "security": {key: str(label) for key, label in SECURITY},
            "tones": TONES,
            "words": {
                "you": _("(you)"),
                "ends": _("ends"),
                "role": _("Change role"),
                "resend": _("Resend invitation"),
                "withdraw": _("Withdraw"),
                "remove": _("Remove"),
                "second_factor": _("Remove second factor"),
            },
        },
    )
    context = {"tabs": settings_tabs(request, "users"), "invite_url": _url(workspace, "workspace_user_invite")}
    context["history_url"] = history_url("events:users_then", workspace_id)
    return listing.respond("accounts/people.html", context)


def _url(workspace: Workspace, name: str, *args: int) -> str:
    return reverse(f"accounts:{name}", args=[workspace.pk, *args])


def _with_acts(request: WorkspacePageRequest, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each row what can be done with it here, or why nothing can."""
    workspace, own_id = request.workspace, request.user.pk
    alone = administrators_of(workspace.pk) <= 1
    for row in rows:
        acts: dict[str, str] = {}
        joined = row["is_inside"]
        if row["held_role"] == Role.SUPERADMIN:
            acts["kept"] = _("The operator's staff name the SuperAdmin")
        elif row["id"] == own_id:
            acts["kept"] = _("Another Administrator can change your role")
        elif not joined:
            # The published list offers it for expired ones only; a mail can get lost before that.
            if row["access"] != SUSPENDED:
                acts["resend"] = _url(workspace, "workspace_invitation_resend", row["invitation_id"])
            acts["withdraw"] = _url(workspace, "workspace_invitation_withdraw", row["invitation_id"])
        elif row["held_role"] == Role.ADMINISTRATOR and alone:
            acts["kept"] = _("The last Administrator")
        else:
            acts["role"] = _url(workspace, "workspace_user_role", row["id"])
            acts["remove"] = _url(workspace, "workspace_user_remove", row["id"])
        if joined and row["security"] in FACTORS and row["held_role"] != Role.SUPERADMIN and row["id"] != own_id:
            acts["second_factor"] = _url(workspace, "workspace_user_mfa", row["id"])
        row["acts"] = {name: acts.get(name, "") for name in ACTS}
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
def user_invite(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show and take the invitation form, as a page and as a dialog."""
    authorise(workspace_id, Permission.USER_MANAGE)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            invite_user(workspace_id=workspace_id, link=invitation_link(request), **values)
        except REFUSED as error:
            show_refusal(form, error)
        else:
            return _done(request, _("Invitation sent to %(email)s.") % {"email": values["email"]})
    return _dialog(request, "accounts/_invite.html", form, _("Invite user"))


@require_http_methods(["GET", "HEAD", "POST"])
def user_role(request: WorkspacePageRequest, workspace_id: int, user_id: int) -> HttpResponse:
    """Give a member another role."""
    authorise(workspace_id, Permission.USER_MANAGE)
    person = _member(request, user_id)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": person["held_role"]})
    if form.is_valid():
        try:
            change_role(workspace_id=workspace_id, user_id=user_id, role=form.cleaned_data["role"])
        except (*REFUSED, Forbidden) as error:
            show_refusal(form, error)
        else:
            label = Role(form.cleaned_data["role"]).label
            return _done(request, _("%(name)s is %(role)s now.") % {"name": person["shown_name"], "role": label})
    title = _("Role of %(name)s") % {"name": person["shown_name"]}
    return _dialog(request, "accounts/_role.html", form, title, person=person)


def _member(request: WorkspacePageRequest, user_id: int) -> dict[str, Any]:
    person = person_row(request.workspace, user_id)
    if not person["is_inside"]:
        raise Http404(_("This person has not joined yet."))
    return person


@require_http_methods(["GET", "HEAD", "POST"])
def user_remove(request: WorkspacePageRequest, workspace_id: int, user_id: int) -> HttpResponse:
    """Ask for, and do, the removal of a member."""
    authorise(workspace_id, Permission.USER_MANAGE)
    person = _member(request, user_id)
    name = person["shown_name"]
    return _confirmed(
        request,
        lambda: remove_member(workspace_id=workspace_id, user_id=user_id),
        done=_("%(name)s removed from the workspace.") % {"name": name},
        title=_("Remove %(name)s") % {"name": name},
        text=_("%(name)s can no longer enter this workspace, at once. What they did stays in the log.")
        % {"name": name},
        more=_tokens_ended(workspace_id, user_id) + _("An account whose last workspace this is ends with it."),
        verb=_("Remove"),
    )


def _tokens_ended(workspace_id: int, user_id: int) -> str:
    """Say how many application tokens end with the membership of whoever made them, "" for none."""
    count = tokens_made_by(user_id, workspace_id=workspace_id, now=current_context().now()).count()
    if not count:
        return ""
    text = ngettext(
        "%(n)d application token created by this person is revoked; make another one first if a program needs it.",
        "%(n)d application tokens created by this person are revoked; make others first if programs need them.",
        count,
    )
    return text % {"n": count} + " "


@require_http_methods(["GET", "HEAD", "POST"])
def user_second_factor(request: WorkspacePageRequest, workspace_id: int, user_id: int) -> HttpResponse:
    """Ask for, and do, the removal of a member's second factor, for somebody who has lost the app."""
    authorise(workspace_id, Permission.USER_MANAGE)
    person = _member(request, user_id)
    if person["security"] not in FACTORS:
        raise Http404(_("This person has no second factor."))
    name = person["shown_name"]
    return _confirmed(
        request,
        lambda: remove_second_factor(workspace_id=workspace_id, user_id=user_id),
        done=_("The second factor of %(name)s is removed.") % {"name": name},
        title=_("Remove the second factor of %(name)s") % {"name": name},
        text=_("%(name)s signs in with the password alone then, until a new one is set up.") % {"name": name},
        more=_("Do this only when you are sure who asked you: recovery codes and trusted devices go with it."),
        verb=_("Remove second factor"),
    )


@require_POST
def invitation_resend(request: WorkspacePageRequest, workspace_id: int, invitation_id: int) -> HttpResponse:
    """Send an invitation again."""
    invitation = resend_invitation(
        workspace_id=workspace_id, invitation_id=invitation_id, link=invitation_link(request)
    )
    return _done(request, _("Invitation sent to %(email)s again.") % {"email": invitation.email})


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_withdraw(request: WorkspacePageRequest, workspace_id: int, invitation_id: int) -> HttpResponse:
    """Ask for, and do, the withdrawal of an invitation."""
    authorise(workspace_id, Permission.USER_MANAGE)
    found = people_of(request.workspace).filter(invitation_id=invitation_id).values("shown_email").first()
    if found is None:
        raise Http404(_("There is no such invitation."))
    return _confirmed(
        request,
        lambda: withdraw_invitation(workspace_id=workspace_id, invitation_id=invitation_id),
        done=_("Invitation withdrawn."),
        title=_("Withdraw the invitation"),
        text=_("The link in the mail to %(email)s stops working at once.") % {"email": found["shown_email"]},
        more="",
        verb=_("Withdraw"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Ask for, and do, one's own leaving."""

    def go() -> None:
        leave_workspace(workspace_id=workspace_id)
        if not User.objects.filter(pk=request.user.pk, status=User.Status.ACTIVE).exists():
            # The account ended, and this session with it.
            request.session.flush()

    return _confirmed(
        request,
        go,
        done=_("You left %(workspace)s.") % {"workspace": request.workspace.name},
        title=_("Leave %(workspace)s") % {"workspace": request.workspace.name},
        text=_("You can no longer enter this workspace. To come back you need a new invitation."),
        more=_tokens_ended(workspace_id, request.user.pk)
        + _("If it is your last workspace, your account ends with it."),
        verb=_("Leave"),
        target=reverse("home"),
        back=reverse("accounts:workspace_settings", args=[workspace_id]),
    )


# --- dialogs, which are pages of their own without script ---


def _dialog(request: WorkspacePageRequest, template: str, form: forms.Form, title: str, **context: Any) -> HttpResponse:
    people_url = _url(request.workspace, "workspace_users")
    page = {
        "form": form,
        "title": title,
        "dialog": template,
        "back": people_url,
        "back_label": _("Users"),
        "url": request.path,
        "as_page": not wants_fragment(request),
        **context,
    }
    status = 422 if form.errors else 200
    return respond(request, "accounts/dialog_page.html", template, page, status=status)


def _confirmed(
    request: WorkspacePageRequest,
    act: Callable[[], object],
    *,
    done: str,
    title: str,
    text: str,
    more: str,
    verb: str,
    target: str = "",
    back: str = "",
) -> HttpResponse:
    """Show what is about to happen, and do it when it is confirmed."""
    refusal = ""
    if request.method == "POST":
        try:
            act()
        except (*REFUSED, Forbidden) as error:
            refusal = error.message
        else:
            return _done(request, done, target)
    page = {
        "title": title,
        "text": text,
        "more": more,
        "verb": verb,
        "refusal": refusal,
        "dialog": "accounts/_confirm.html",
        "back": back or _url(request.workspace, "workspace_users"),
        "back_label": _("Workspace settings") if back else _("Users"),
        "url": request.path,
        "as_page": not wants_fragment(request),
    }
    status = 422 if refusal else 200
    return respond(request, "accounts/dialog_page.html", "accounts/_confirm.html", page, status=status)


def _done(request: WorkspacePageRequest, text: str, target: str = "") -> HttpResponse:
    """Close the dialog and refresh the list; elsewhere go on to a page."""
    if request.htmx and not target:
        response = trigger_client_event(with_toast(HttpResponse(status=204), text), "listChanged")
        return trigger_client_event(response, "dialogClose")
    messages.success(request, text)
    return redirect_to(request, target or _url(request.workspace, "workspace_users"))
