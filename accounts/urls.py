"""Addresses of the pages about people, workspaces and one's own account; each folder has its own."""

from __future__ import annotations

from django.urls import include, path

app_name = "accounts"

urlpatterns = [
    path("", include("accounts.own_account.urls")),
    path("", include("accounts.packages.urls")),
    path("", include("accounts.people.urls")),
    path("", include("accounts.saved_views.urls")),
    path("", include("accounts.support.urls")),
    path("", include("accounts.tokens.urls")),
    path("", include("accounts.workspaces.urls")),
]
