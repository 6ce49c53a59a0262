"""Addresses of the account pages. Only what is ours: allauth's other pages would change accounts past our services."""

from __future__ import annotations

from allauth.account import views
from django.urls import path, re_path
from django.views.generic import TemplateView

from accounts.views import second_factor, signup

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("second-factor/", second_factor.SecondFactorView.as_view(), name="account_second_factor"),
    path("logout/", views.logout, name="account_logout"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("signup/", signup.SignUpView.as_view(), name="account_signup"),
    path(
        "verification-sent/",
        TemplateView.as_view(template_name="account/verification_sent.html"),
        name="account_email_verification_sent",
    ),
    path("verify/", signup.VerifyView.as_view(), name="account_verify"),
    path("verify/<str:key>/", signup.open_verification, name="account_verify_key"),
]
