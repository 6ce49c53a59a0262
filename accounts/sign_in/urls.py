"""Addresses of signing in. Only what is ours: allauth's other pages would change accounts past our services."""

from __future__ import annotations

from allauth.account import views
from django.urls import path, re_path

from accounts.sign_in.views import SecondFactorView

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("second-factor/", SecondFactorView.as_view(), name="account_second_factor"),
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
]
