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
from accounts.sign_in.authentication import forgive_failures
from accounts.sign_in.second_factors import has_second_factor
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
        if not has_second_factor(user.pk):
            return None, True
        if is_trusted(user_id=user.pk, kind="browser", secret=trusted_secret(self.request, user.pk)):
            forgive_failures(user_id=user.pk)
            return None, True
        # What was proved by the password is over when the account changes before the code comes.
        self.state["epoch"] = user.token_epoch
        return redirect("account_second_factor"), True

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
