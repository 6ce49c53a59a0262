"""The second step of signing in: the code of the app or of the mail, or a recovery code."""

from __future__ import annotations

from typing import cast

from allauth.account.stages import LoginStageController
from allauth.account.utils import get_login_redirect_url
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.models import User
from accounts.sign_in.authentication import SignInRefused, WrongCode, sign_in_with_code
from accounts.sign_in.forms import CodeForm
from accounts.sign_in.login_stages import SecondFactorStage, trust_browser
from accounts.sign_in.services.mail_codes import send_sign_in_code
from kit.htmx import render_fragment


@method_decorator([never_cache, login_not_required, sensitive_post_parameters("code")], name="dispatch")
class SecondFactorView(View):
    """Ask somebody whose password was right for a code; the session begins after it and not before."""

    stage: SecondFactorStage
    person: User

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Send on whoever is signed in, and back to the start whoever's password was not asked for, or not lately.

        What the password has shown is over when the account has changed since.
        """
        if request.user.is_authenticated:
            return redirect(get_login_redirect_url(request))
        stage = LoginStageController.enter(request, SecondFactorStage.key)
        if not isinstance(stage, SecondFactorStage):
            return redirect("account_login")
        self.stage = stage
        if stage.waiting is None:
            return cast(HttpResponse, stage.abort())
        self.person = stage.waiting
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._page(request, CodeForm(by_mail=self.stage.by_mail), notice=self.stage.notice)

    @sensitive_variables()
    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the code, send another one, or go back to the start."""
        if "cancel" in request.POST:
            self.stage.abort()
            return redirect("account_login")
        if "again" in request.POST and self.stage.by_mail:
            return self._send_again(request)
        form = CodeForm(request.POST, by_mail=self.stage.by_mail)
        if form.is_valid():
            try:
                user = sign_in_with_code(user_id=self.person.pk, code=form.cleaned_data["code"])
            except SignInRefused as refusal:
                form.add_error("code" if isinstance(refusal, WrongCode) else None, refusal.message)
            else:
                response = cast(HttpResponse, self.stage.exit())
                if form.cleaned_data["trust"]:
                    trust_browser(request, response, user)
                return response
        return self._page(request, form, status=422)

    def _send_again(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(by_mail=True)
        try:
            send_sign_in_code(user_id=self.person.pk, again=True)
        except SignInRefused as refusal:
            return self._page(request, form, status=429, notice=refusal.message)
        return self._page(request, form, sent=True)

    def _page(
        self, request: HttpRequest, form: CodeForm, *, status: int = 200, notice: str = "", sent: bool = False
    ) -> HttpResponse:
        page = {
            "form": form,
            "email": self.person.email,
            "by_mail": self.stage.by_mail,
            "notice": notice,
            "sent": sent,
            "minutes": settings.EMAIL_CODE_MINUTES,
        }
        return render_fragment(request, "account/second_factor.html", page, status=status)
