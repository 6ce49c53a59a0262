"""One's own second factor: setting it up by e-mail or with an app, recovery codes, trusted devices, removing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.authority import require_own_account
from accounts.form_fields import show_refusal
from accounts.models.second_factors import ACTIVE, MAIL
from accounts.own_account.forms import ActivationForm, ConfirmPasswordForm, SetUpForm
from accounts.own_account.views.profile import account_page, account_tabs
from accounts.requests import PortalRequest
from accounts.shown_once import show_once, take_once
from accounts.sign_in.authentication import AccountLocked
from accounts.sign_in.login_stages import trusted_secret
from accounts.sign_in.qr_codes import qr_svg
from accounts.sign_in.second_factors import NewKey, has_second_factor, keys_of, recovery_codes_left
from accounts.sign_in.services.mail_codes import TooManyCodes, send_first_code_again
from accounts.sign_in.services.second_factors import (
    activate_second_factor,
    confirm_password,
    pending_key,
    remove_own_second_factor,
    renew_recovery_codes,
    requiring_workspaces,
    start_second_factor,
)
from accounts.sign_in.services.trusted_devices import devices_of, forget_all_devices, forget_device, this_device
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.htmx import redirect_to, render_fragment

REFUSED: Final = (Invalid, Conflict, AccountLocked, TooManyCodes)
PENDING_KEY: Final = "second_factor_key"
"""Session key: the key that waits for its first code."""
AFTER: Final = "second_factor_next"
"""Session key: the page that demanded a second factor."""
RECOVERY_CODES: Final = "recovery codes"
"""Name under which new codes wait for the page that shows them."""


@account_page
@require_safe
def security(request: PortalRequest) -> HttpResponse:
    """Show whether there is a second factor, the recovery codes left, and the trusted devices."""
    user_id = request.user.pk
    key = keys_of(user_id, current_context().now()).filter(type__in=ACTIVE).first()
    page = {
        "tabs": account_tabs("security"),
        "key": key,
        "by_mail": key is not None and key.type == MAIL,
        "codes_left": recovery_codes_left(user_id),
        "devices": devices_of(user_id),
        "this_device": this_device(user_id=user_id, secret=trusted_secret(request, user_id)),
        "demanding": requiring_workspaces(user_id),
    }
    return render_fragment(request, "accounts/account_security.html", page)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password", "code")
@sensitive_variables()
def set_up(request: PortalRequest) -> HttpResponse:
    """Ask for the kind and the password, mail a code or show the key as a QR code, and take the first code."""
    require_own_account(request.user.pk)
    target = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        request.session[AFTER] = target
    key_id = request.session.get(PENDING_KEY)
    key = pending_key(user_id=request.user.pk, key_id=key_id) if key_id else None
    if request.method != "POST":
        if key is None:
            return _password_page(request, _set_up_form(request))
        return _key_page(request, key, ActivationForm(by_mail=key.by_mail))
    if "cancel" in request.POST:
        return _cancelled(request, key)
    if "again" in request.POST and key is not None and key.by_mail:
        return _send_again(request, key)
    return _activate(request, key) if key and "code" in request.POST else _begin(request)


def _set_up_form(request: PortalRequest, data: QueryDict | None = None) -> SetUpForm:
    return SetUpForm(data, app_only=request.user.is_staff and not settings.STAFF_EMAIL_CODES)


def _send_again(request: PortalRequest, key: NewKey) -> HttpResponse:
    try:
        send_first_code_again(user_id=request.user.pk, key_id=key.row.pk)
    except TooManyCodes as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("Another code is on its way. The one before no longer works."))
    return redirect_to(request, reverse("accounts:account_mfa_setup"))


@sensitive_variables()
def _begin(request: PortalRequest) -> HttpResponse:
    form = _set_up_form(request, request.POST)
    if form.is_valid():
        try:
            confirm_password(user_id=request.user.pk, password=form.cleaned_data["password"])
            made = start_second_factor(user_id=request.user.pk, kind=form.chosen, replace=True)
        except REFUSED as error:
            show_refusal(form, error)
        else:
            request.session[PENDING_KEY] = made.row.pk
            return redirect_to(request, reverse("accounts:account_mfa_setup"))
    return _password_page(request, form)


@sensitive_variables()
def _activate(request: PortalRequest, key: NewKey) -> HttpResponse:
    form = ActivationForm(request.POST, by_mail=key.by_mail)
    if form.is_valid():
        try:
            codes = activate_second_factor(
                user_id=request.user.pk,
                key_id=key.row.pk,
                code=form.cleaned_data["code"],
                keep=request.session.session_key,
            )
        except REFUSED as error:
            show_refusal(form, error)
        except NotFound:
            del request.session[PENDING_KEY]
            messages.warning(request, _("This took too long. Start again; a new code is needed."))
            return redirect_to(request, reverse("accounts:account_mfa_setup"))
        else:
            del request.session[PENDING_KEY]
            return _codes_made(request, codes, _("The second factor is set up."))
    return _key_page(request, key, form)


def _cancelled(request: PortalRequest, key: NewKey | None) -> HttpResponse:
    request.session.pop(PENDING_KEY, None)
    if key is not None:
        remove_own_second_factor(user_id=request.user.pk, key_id=key.row.pk)
    return redirect_to(request, reverse("accounts:account_security"))


def _password_page(
    request: PortalRequest, form: ConfirmPasswordForm, template: str = "accounts/account_mfa_start.html", **more: Any
) -> HttpResponse:
    page = {
        "form": form,
        "has_key": has_second_factor(request.user.pk),
        "demanding": requiring_workspaces(request.user.pk),
        **more,
    }
    return render_fragment(request, template, page, status=422 if form.errors else 200)


@sensitive_variables()
def _key_page(request: PortalRequest, key: NewKey, form: ActivationForm) -> HttpResponse:
    status = 422 if form.errors else 200
    if key.by_mail:
        page = {"form": form, "email": request.user.email, "minutes": settings.EMAIL_CODE_MINUTES}
        return render_fragment(request, "accounts/account_mfa_mail.html", page, status=status)
    groups = " ".join(key.secret[at : at + 4] for at in range(0, len(key.secret), 4))
    page = {"form": form, "secret": groups, "otpauth": key.otpauth, "qr": qr_svg(key.otpauth)}
    return render_fragment(request, "accounts/account_mfa_key.html", page, status=status)


@sensitive_variables()
def _codes_made(request: PortalRequest, found: list[str], heading: str) -> HttpResponse:
    show_once(request.session, RECOVERY_CODES, {"codes": found, "heading": heading})
    return redirect_to(request, reverse("accounts:account_mfa_new_codes"))


@account_page
@require_safe
@sensitive_variables()
def new_codes(request: PortalRequest) -> HttpResponse:
    """Show recovery codes that were just made, this once; later there is nothing to see."""
    waiting = take_once(request.session, RECOVERY_CODES) if request.method == "GET" else None
    if waiting is None:
        messages.info(request, _("Recovery codes are shown once. If you did not keep them, make new ones."))
        return redirect_to(request, reverse("accounts:account_security"))
    page = {
        "lines": "\n".join(waiting["codes"]),
        "heading": waiting["heading"],
        "next": request.session.pop(AFTER, "") or reverse("accounts:account_security"),
        "email": request.user.email,
    }
    return render_fragment(request, "accounts/account_mfa_codes.html", page)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@sensitive_variables()
def codes(request: PortalRequest) -> HttpResponse:
    """Give new recovery codes for the password."""

    def renew(user_id: int) -> HttpResponse:
        return _codes_made(request, renew_recovery_codes(user_id=user_id), _("Your new recovery codes"))

    return _with_password(
        request,
        renew,
        title=_("New recovery codes"),
        text=_("The codes you have now stop working at once. The new ones are shown this once."),
        verb=_("Show new codes"),
    )


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@sensitive_variables()
def remove(request: PortalRequest) -> HttpResponse:
    """Remove one's own second factor for the password."""

    def take_away(user_id: int) -> HttpResponse:
        remove_own_second_factor(user_id=user_id)
        messages.success(request, _("The second factor is removed. Your password alone opens your account now."))
        return redirect_to(request, reverse("accounts:account_security"))

    return _with_password(
        request,
        take_away,
        title=_("Remove the second factor"),
        text=_("Your password alone opens your account then. Recovery codes and trusted devices go with it."),
        verb=_("Remove second factor"),
        danger=True,
    )


@sensitive_variables()
def _with_password(
    request: PortalRequest,
    act: Callable[[int], HttpResponse],
    *,
    title: str,
    text: str,
    verb: str,
    danger: bool = False,
) -> HttpResponse:
    """Ask for the password, and do something when it is right."""
    user_id = request.user.pk
    require_own_account(user_id)
    if not has_second_factor(user_id):
        return redirect_to(request, reverse("accounts:account_security"))
    form = ConfirmPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            confirm_password(user_id=user_id, password=form.cleaned_data["password"])
            return act(user_id)
        except REFUSED as error:
            show_refusal(form, error)
    template = "accounts/account_mfa_confirm.html"
    return _password_page(request, form, template, title=title, text=text, verb=verb, danger=danger)


# --- trusted devices ---


@account_page
@require_POST
def forget(request: PortalRequest, trusted_id: int) -> HttpResponse:
    """Forget one trusted device."""
    forget_device(user_id=request.user.pk, device_id=trusted_id)
    messages.success(request, _("The device is asked for a code at the next sign-in."))
    return redirect_to(request, reverse("accounts:account_security"))


@account_page
@require_POST
def forget_all(request: PortalRequest) -> HttpResponse:
    """Forget all trusted devices."""
    forget_all_devices(user_id=request.user.pk)
    messages.success(request, _("All devices are asked for a code at the next sign-in."))
    return redirect_to(request, reverse("accounts:account_security"))
