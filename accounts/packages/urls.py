"""Addresses of the package of a workspace."""

from __future__ import annotations

from django.urls import path

from accounts.packages import views

_PACKAGE = "w/<int:workspace_id>/settings/package/"

urlpatterns = [
    path(_PACKAGE, views.package_page, name="workspace_package"),
    path(f"{_PACKAGE}plans/", views.book_plan, name="workspace_package_plans"),
    path(f"{_PACKAGE}<int:package_id>/", views.package_change, name="workspace_package_change"),
]
