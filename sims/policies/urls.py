"""Addresses of the policy pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.policies import views

_POLICIES = "w/<int:workspace_id>/policies/"

urlpatterns: list[URLPattern] = [
    path(_POLICIES, views.policy_list, name="policy_list"),
    path(f"{_POLICIES}<slug:kind>/create/", views.policy_create, name="policy_create"),
    path(f"{_POLICIES}<slug:kind>/<int:policy_id>/", views.policy_edit, name="policy_edit"),
    path(f"{_POLICIES}<slug:kind>/<int:policy_id>/delete/", views.policy_delete, name="policy_delete"),
]
