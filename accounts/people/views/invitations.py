"""The way in by the link of an invitation's mail."""

from __future__ import annotations

from typing import Any, Final

from allauth.decorators import rate_limit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from accounts.form_fields import show_refusal
from accounts.models import Invitation, User
from accounts.people.forms import AskForMailForm, NewAccountForm
from accounts.people.services.activation import resend_activation
from accounts.people.services.invitations import accept_invitation, invitation_of
from accounts.permissions import Role
from accounts.signed_links import LinkRefused
from kit.errors import Conflict, Invalid
from kit.htmx import render_fragment

SESSION_KEY: Final = "invitation_key"


@require_safe
@never_cache
@sensitive_variables("link_secret")
def open_invitation(request: HttpRequest, link_secret: str) -> HttpResponse:
    """Take the secret out of the address, where the browser's history would keep it, and go on to the form."""
    request.session[SESSION_KEY] = link_secret
    return redirect("accounts:join")


@method_decorator([never_cache, rate_limit(action="signup")], name="dispatch")
class ActivationView(View):
    """Ask for the mail with the link of an invitation, or of an account that waits; every address is answered alike."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._page(request, AskForMailForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it."""
        form = AskForMailForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        resend_activation(
            email=form.cleaned_data["email"],
            invitation_link=lambda secret: request.build_absolute_uri(reverse("accounts:invitation", args=[secret])),
            verification_link=lambda secret: request.build_absolute_uri(reverse("account_verify_link", args=[secret])),
        )
        return self._page(request, AskForMailForm(), sent=form.cleaned_data["email"])

    @staticmethod
    def _page(request: HttpRequest, form: AskForMailForm, *, sent: str = "", status: int = 200) -> HttpResponse:
        page = {"form": form, "sent": sent}
        return render_fragment(request, "accounts/activation.html", page, status=status)


@method_decorator([never_cache, sensitive_post_parameters("password", "repeated")], name="dispatch")
class JoinView(View):
    """Say what one is asked to join, and join. Existing users join while signed out (`docs/rules.md` section 18)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the invitation."""
        return self._page(request, None)

    @sensitive_variables()
    def post(self, request: HttpRequest) -> HttpResponse:
        """Accept it."""
        link_secret = str(request.session.get(SESSION_KEY, ""))
        if request.user.is_authenticated:
            return self._page(request, None, status=409)
        try:
            invitation = invitation_of(link_secret)
            form = NewAccountForm(request.POST) if _is_new(invitation) else None
            if form is not None and not form.is_valid():
                return self._page(request, form, status=422)
            values = {name: form.cleaned_data[name] for name in ("name", "password")} if form is not None else {}
            try:
                accept_invitation(link_secret=link_secret, **values)
            except (Invalid, Conflict) as error:
                if form is not None:
                    show_refusal(form, error)
                return self._page(request, form, status=422, refusal="" if form is not None else error.message)
        except LinkRefused as refusal:
            return self._dead(request, refusal)
        del request.session[SESSION_KEY]
        text = _("You joined %(workspace)s. Sign in to enter it.") % {"workspace": invitation.workspace.name}
        messages.success(request, text)
        return redirect(reverse("account_login"))

    @sensitive_variables()
    def _page(
        self, request: HttpRequest, form: NewAccountForm | None, *, status: int = 200, refusal: str = ""
    ) -> HttpResponse:
        try:
            invitation = invitation_of(str(request.session.get(SESSION_KEY, "")))
        except LinkRefused as refused:
            return self._dead(request, refused)
        if form is None and _is_new(invitation):
            form = NewAccountForm(initial={"name": invitation.name})
        page: dict[str, Any] = {
            "form": form,
            "invitation": invitation,
            "workspace": invitation.workspace,
            "inviter": invitation.inviter,
            "role": Role(invitation.role).label,
            "refusal": refusal,
        }
        return render_fragment(request, "accounts/join.html", page, status=status)

    @staticmethod
    def _dead(request: HttpRequest, refusal: LinkRefused) -> HttpResponse:
        page = {"message": refusal.message, "expired": refusal.code == "link_expired"}
        return render_fragment(request, "accounts/link_dead.html", page, status=404)


def _is_new(invitation: Invitation) -> bool:
    return invitation.user.status == User.Status.ACTIVATION_PENDING
