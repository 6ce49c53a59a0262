"""Addresses of support access."""

from __future__ import annotations

from django.urls import path

from accounts.support import views

urlpatterns = [
    path("w/<int:workspace_id>/settings/support/", views.visits, name="workspace_support"),
    path("support/<int:visited_id>/", views.start, name="support_start"),
    path("support/end/", views.end, name="support_end"),
]
