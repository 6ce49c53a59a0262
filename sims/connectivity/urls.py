"""Addresses of the pages about connectivity."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.connectivity import views

_DEVICE = "w/<int:workspace_id>/devices/<int:device_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_DEVICE}/connection/", views.device_connection, name="device_connection"),
    path(f"{_DEVICE}/connection/line/", views.device_connection_line, name="device_connection_line"),
    path(f"{_DEVICE}/sms/", views.device_sms, name="device_sms"),
]
