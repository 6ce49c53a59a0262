"""Addresses of signing up. They stand beside allauth's names, without a namespace of ours."""

from __future__ import annotations

from django.urls import path
from django.views.generic import TemplateView

from accounts.sign_up import views

urlpatterns = [
    path("signup/", views.SignUpView.as_view(), name="account_signup"),
    path(
        "verification-sent/",
        TemplateView.as_view(template_name="account/verification_sent.html"),
        name="account_email_verification_sent",
    ),
    path("verify/", views.VerifyView.as_view(), name="account_verify"),
    path("verify/<str:link_secret>/", views.open_verification, name="account_verify_link"),
]
