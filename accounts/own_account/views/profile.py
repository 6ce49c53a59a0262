"""One's own account: name and password, and where one is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import rights_of
from accounts.form_fields import show_refusal
from accounts.own_account.forms import OwnNameForm, OwnPasswordForm, ZoneForm
from accounts.people.services.profiles import change_account
from accounts.requests import PortalRequest
from accounts.session_keys import LAST_WORKSPACE
from accounts.sign_in.authentication import AccountLocked
from accounts.sign_in.services.passwords import change_own_password
from accounts.sign_in.services.sessions import end_other_sessions, end_session, follow_session, sessions_of
from accounts.sign_in.user_agents import client_of
from kit.errors import Conflict, Forbidden, Invalid
from kit.htmx import redirect_to, render_fragment

REFUSED: Final = (Invalid, Conflict, Forbidden, AccountLocked)
MOST_SESSIONS: Final = 100
TABS: Final = (
    ("profile", gettext_lazy("Name and password"), "accounts:account"),
    ("security", gettext_lazy("Second factor"), "accounts:account_security"),
    ("sessions", gettext_lazy("Where you are signed in"), "accounts:account_sessions"),
)


def account_tabs(active: str) -> list[dict[str, Any]]:
    """Return the tabs of the account pages for `kit/_tabs.html`."""
    return [{"label": label, "url": reverse(name), "active": key == active, "count": None} for key, label, name in TABS]


def account_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask for a session, and show the account's pages inside the workspace that was open last."""

    @wraps(view)
    def inside(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        entries = request.access.by_id if request.access else {}
        entry = entries.get(request.session.get(LAST_WORKSPACE))
        if entry is not None:
            request.workspace, request.role = entry.workspace, entry.role.value
            request.may = rights_of(request.access.actor, entry.id)
        return view(request, *args, **kwargs)

    return cast(Callable[..., HttpResponse], login_required(inside))


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("old_password", "new_password", "repeated")
def profile(request: PortalRequest) -> HttpResponse:
    """Show name and address, and change name or password."""
    user = request.user
    shown: dict[str, forms.Form] = {"name": OwnNameForm(initial={"name": user.name}), "password": OwnPasswordForm()}
    failed = False
    if request.method == "POST":
        part = request.POST.get("part", "")
        if part not in shown:
            raise Http404
        form = shown[part] = OwnNameForm(request.POST) if part == "name" else OwnPasswordForm(request.POST)
        save = _save_name if part == "name" else _save_password
        if form.is_valid() and save(request, form):
            return redirect_to(request, reverse("accounts:account"))
        failed = True
    page = {
        "tabs": account_tabs("profile"),
        "name_form": shown["name"],
        "password_form": shown["password"],
        "may_rename": _place_of(request) is not None,
        "zone_form": ZoneForm(preferences=user.preferences or {}),
    }
    return render_fragment(request, "accounts/account.html", page, status=422 if failed else 200)


def _place_of(request: PortalRequest) -> int | None:
    """Return a workspace in whose log a change of the account is told: the default one, else the first."""
    entries = request.access.by_id if request.access else {}
    default = request.user.default_workspace_id
    return default if default in entries else next(iter(entries), None)


def _save_name(request: PortalRequest, form: forms.Form) -> bool:
    workspace_id = _place_of(request)
    if workspace_id is None:
        form.add_error("name", _("Your account is in no workspace; the operator's staff can change its name."))
        return False
    try:
        change_account(workspace_id=workspace_id, user_id=request.user.pk, name=form.cleaned_data["name"])
    except REFUSED as error:
        show_refusal(form, error)
        return False
    messages.success(request, _("Name saved."))
    return True


@sensitive_variables()
def _save_password(request: PortalRequest, form: forms.Form) -> bool:
    values = form.cleaned_data
    try:
        user = change_own_password(
            user_id=request.user.pk,
            old=values["old_password"],
            new=values["new_password"],
            keep=request.session.session_key,
        )
    except REFUSED as error:
        show_refusal(form, error)
        return False
    kept = request.session.session_key
    update_session_auth_hash(request, user)
    follow_session(old_key=kept or "", new_key=request.session.session_key or "")
    messages.success(request, _("Password changed. Your other sessions have ended, and no device is trusted any more."))
    return True


# --- where one is signed in ---


@account_page
@require_safe
def sessions(request: PortalRequest) -> HttpResponse:
    """Show one's open sessions."""
    found, key = sessions_of(request.user.pk), request.session.session_key
    # The one in use stands first, however many are newer.
    shown = [*found.filter(session_key=key), *found.exclude(session_key=key)[: MOST_SESSIONS - 1]]
    rows = [{"session": row, "client": client_of(row.user_agent), "current": row.session_key == key} for row in shown]
    page = {"tabs": account_tabs("sessions"), "rows": rows}
    return render_fragment(request, "accounts/account_sessions.html", page)


@account_page
@require_POST
def end(request: PortalRequest, session_id: int) -> HttpResponse:
    """Sign oneself out in one other place."""
    end_session(user_id=request.user.pk, session_id=session_id)
    messages.success(request, _("Signed out there."))
    return redirect_to(request, reverse("accounts:account_sessions"))


@account_page
@require_POST
def end_others(request: PortalRequest) -> HttpResponse:
    """Sign oneself out everywhere else."""
    count = end_other_sessions(user_id=request.user.pk, keep=cast(str, request.session.session_key))
    text = ngettext("Signed out in %(n)s other place.", "Signed out in %(n)s other places.", count) % {"n": count}
    programs = _("Programs that signed in with your password have to sign in again.")
    messages.success(request, f"{text} {programs}")
    return redirect_to(request, reverse("accounts:account_sessions"))
