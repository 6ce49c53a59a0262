"""Addresses of the settings of a workspace."""

from __future__ import annotations

from django.urls import path

from accounts.workspaces import views

_SETTINGS = "w/<int:workspace_id>/settings/"

urlpatterns = [
    path(_SETTINGS, views.workspace_settings, name="workspace_settings"),
    path(f"{_SETTINGS}permissions/", views.permissions, name="workspace_permissions"),
    path(f"{_SETTINGS}requests/", views.workspace_requests, name="workspace_requests"),
]
