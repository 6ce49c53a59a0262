"""The second step of signing in by a browser; allauth runs it, whichever way the first one was taken."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.stages import LoginStage
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables

from accounts.authority import account_actor
from accounts.models import User
from accounts.models.second_factors import MAIL
from accounts.sign_in.authentication import SignInRefused, forgive_failures
from accounts.sign_in.second_factors import factor_of
from accounts.sign_in.services.mail_codes import send_sign_in_code
from accounts.sign_in.services.trusted_devices import TRUST_TIME, is_trusted, new_device_secret, trust_device
from accounts.sign_in.user_agents import client_of
from kit.context import acting_within, current_context


class SecondFactorStage(LoginStage):  # type: ignore[misc,unused-ignore]
    """Ask who has a second factor for a code, unless this browser is trusted."""

    key = "second_factor"
    urlname = "account_second_factor"

    def handle(self) -> tuple[Any, bool]:
        """Return where the code is asked for, or nothing when none is needed."""
        user = cast(User, self.login.user)
        factor = factor_of(user.pk)
        if not factor:
            return None, True
        if is_trusted(user_id=user.pk, kind="browser", secret=trusted_secret(self.request, user.pk)):
            forgive_failures(user_id=user.pk)
            return None, True
        # What was proved by the password is over when the account changes before the code comes.
        self.state["epoch"] = user.token_epoch
        self.state["by_mail"] = factor == MAIL
        self.state["notice"] = ""
        if factor == MAIL:
            try:
                send_sign_in_code(user_id=user.pk)
            except SignInRefused as refusal:
                # A recovery code opens the account all the same.
                self.state["notice"] = refusal.message
        return redirect("account_second_factor"), True

    @property
    def by_mail(self) -> bool:
        """Tell whether the code comes by e-mail."""
        return bool(self.state.get("by_mail"))

    @property
    def notice(self) -> str:
        """Return why no code was sent, "" when one was."""
        return str(self.state.get("notice", ""))

    @property
    def waiting(self) -> User | None:
        """Return the user whose code is asked for, `None` when the account has changed since the password was right."""
        user = cast(User, self.login.user)
        return user if self.state.get("epoch") == user.token_epoch else None


def cookie_name(user_id: int) -> str:
    """Return the name of the cookie by which a browser is trusted: one for each person who uses it."""
    prefix = "__Host-" if settings.SESSION_COOKIE_SECURE else ""
    return f"{prefix}trusted-{user_id}"


def trusted_secret(request: HttpRequest, user_id: int) -> str:
    """Return what a browser knows, "" for nothing."""
    return request.COOKIES.get(cookie_name(user_id), "")


@sensitive_variables("secret")
def trust_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Trust the browser of a request for 90 days; the secret goes into a cookie that scripts can't read."""
    secret = new_device_secret()
    client = client_of(current_context().user_agent)
    with acting_within(account_actor(user)):
        trust_device(
            user_id=user.pk,
            kind="browser",
            secret=secret,
            operating_system=client.system,
            browser=client.browser,
        )
    response.set_cookie(
        cookie_name(user.pk),
        secret,
        max_age=TRUST_TIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
