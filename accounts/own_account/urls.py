"""Addresses of one's own account."""

from __future__ import annotations

from django.urls import path

from accounts.own_account.views import profile, security

urlpatterns = [
    path("account/", profile.profile, name="account"),
    path("account/security/", security.security, name="account_security"),
    path("account/security/set-up/", security.set_up, name="account_mfa_setup"),
    path("account/security/codes/", security.codes, name="account_mfa_codes"),
    path("account/security/codes/new/", security.new_codes, name="account_mfa_new_codes"),
    path("account/security/remove/", security.remove, name="account_mfa_remove"),
    path("account/security/devices/forget/", security.forget_all, name="account_devices_forget"),
    path("account/security/devices/<int:trusted_id>/forget/", security.forget, name="account_device_forget"),
    path("account/sessions/", profile.sessions, name="account_sessions"),
    path("account/sessions/end/", profile.end_others, name="account_sessions_end"),
    path("account/sessions/<int:session_id>/end/", profile.end, name="account_session_end"),
]
