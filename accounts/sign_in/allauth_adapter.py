"""Where our account pages differ from those of allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.sign_in.authentication import REFUSAL_ATTRIBUTE, SignInRefused
from accounts.sign_in.services.password_reset import request_password_reset, reset_password

_SILENT = frozenset(
    {
        "account/messages/logged_in.txt",
        "account/messages/logged_out.txt",
        # The page that follows says it.
        "account/messages/password_changed.txt",
    }
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc,unused-ignore]
    """allauth runs the flows, our services write; there is one door for customers and staff."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "too_many_login_attempts": _("Too many failed sign-ins from your address. Wait a few minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up by allauth's own form; ours is in `accounts.sign_up.views`."""
        return False

    def get_login_stages(self) -> list[str]:
        """Return what comes between the password and the session; our stage asks our services for the code."""
        return ["accounts.sign_in.login_stages.SecondFactorStage"]

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Let the service send the mail, so that it leaves its event."""
        request_password_reset(user=user, link=context["password_reset_url"])

    def set_password(self, user: User, password: str) -> None:
        """Let the service set a password that was chosen by a mail's link."""
        reset_password(user=user, password=password)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Say why, as far as it may be said: allauth itself knows one reason only.

        Raises:
            ValidationError: with the backend's text, e.g. until when the account is locked.
        """
        refusal = getattr(request, REFUSAL_ATTRIBUTE, None)
        if isinstance(refusal, SignInRefused):
            raise forms.ValidationError(refusal.message, code=refusal.code)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Tell nobody that they have signed in or out: they see it."""
        if message_template not in _SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where a session starts: staff in the admin site, customers in their default workspace."""
        user = request.user
        if isinstance(user, User):
            if user.is_staff:
                return reverse("admin:index")
            if user.default_workspace_id is not None:
                return reverse("dashboard", args=[user.default_workspace_id])
        return str(super().get_login_redirect_url(request))
