"""Addresses of the Integrations page: application tokens of a workspace."""

from __future__ import annotations

from django.urls import path

from accounts.tokens import views

urlpatterns = [
    path("w/<int:workspace_id>/integrations/", views.integrations, name="integrations"),
    path("w/<int:workspace_id>/integrations/<int:token_id>/revoke/", views.revoke, name="integrations_revoke"),
]
