"""Signing up: the form, and the link of the verification mail."""

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
from accounts.people.services.verification import verification_of, verify_user
from accounts.sign_up.forms import SignUpForm, VerifyForm
from accounts.sign_up.services import sign_up, trial_package
from accounts.signed_links import LinkRefused
from kit.errors import Conflict, Invalid
from kit.htmx import render_fragment

SESSION_KEY: Final = "verification_key"


@method_decorator(rate_limit(action="signup"), name="dispatch")
class SignUpView(View):
    """Make an account and a workspace; the answer is the same whether the address has an account or not."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return _page(request, "account/signup.html", {"form": SignUpForm(), "open": trial_package() is not None})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it."""
        form = SignUpForm(request.POST)
        if form.is_valid():
            try:
                sign_up(
                    link=lambda secret: request.build_absolute_uri(reverse("account_verify_link", args=[secret])),
                    sign_in_url=request.build_absolute_uri(reverse("account_login")),
                    **form.cleaned_data,
                )
            except (Invalid, Conflict) as error:
                show_refusal(form, error)
            else:
                return redirect("account_email_verification_sent")
        context = {"form": form, "open": trial_package() is not None}
        return _page(request, "account/signup.html", context, status=422)


@require_safe
@never_cache
@sensitive_variables("link_secret")
def open_verification(request: HttpRequest, link_secret: str) -> HttpResponse:
    """Take the secret out of the address, where the browser's history would keep it, and go on to the form."""
    request.session[SESSION_KEY] = link_secret
    return redirect("account_verify")


@method_decorator([never_cache, sensitive_post_parameters("password", "repeated")], name="dispatch")
class VerifyView(View):
    """Choose the first password with the mail's link in hand."""

    @sensitive_variables()
    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        try:
            user = verification_of(str(request.session.get(SESSION_KEY, "")))
        except LinkRefused as refusal:
            return _dead(request, refusal)
        return _page(request, "account/verify.html", {"form": VerifyForm(), "email": user.email})

    @sensitive_variables()
    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it."""
        link_secret = str(request.session.get(SESSION_KEY, ""))
        form = VerifyForm(request.POST)
        try:
            user = verification_of(link_secret)
            if form.is_valid():
                try:
                    verify_user(link_secret=link_secret, password=form.cleaned_data["password"])
                except Invalid as error:
                    show_refusal(form, error)
                else:
                    del request.session[SESSION_KEY]
                    messages.success(request, _("Your address is verified. Sign in."))
                    return redirect("account_login")
        except LinkRefused as refusal:
            return _dead(request, refusal)
        return _page(request, "account/verify.html", {"form": form, "email": user.email}, status=422)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render_fragment(request, template, context, status=status)


def _dead(request: HttpRequest, refusal: LinkRefused) -> HttpResponse:
    page = {"message": refusal.message, "signup": True}
    return render_fragment(request, "accounts/link_dead.html", page, status=404)
