"""Addresses of the pages about connectivity."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.connectivity import views

urlpatterns: list[URLPattern] = [
    path("w/<int:workspace_id>/devices/<int:device_id>/sms/", views.device_sms, name="device_sms"),
]
