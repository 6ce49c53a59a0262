"""Addresses of the pages of connected devices."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.devices.views import changes, devices, export, files

_DEVICES = "w/<int:workspace_id>/devices/"
_DEVICE = f"{_DEVICES}<int:device_id>/"

urlpatterns: list[URLPattern] = [
    path(_DEVICES, devices.device_list, name="device_list"),
    path(f"{_DEVICES}export/", export.device_export, name="device_export"),
    path(f"{_DEVICES}create/", changes.device_create, name="device_create"),
    path(f"{_DEVICES}file/", files.device_file, name="device_file"),
    path(f"{_DEVICES}file/template.csv", files.template_file, name="device_file_template"),
    path(f"{_DEVICES}file/<uuid:file_id>/", files.device_file_check, name="device_file_check"),
    path(f"{_DEVICES}file/<uuid:file_id>/csv/", files.device_file_csv, name="device_file_csv"),
    path(f"{_DEVICES}free-sims/", changes.sim_options, name="device_sim_options"),
    path(_DEVICE, devices.device_detail, name="device_detail"),
    path(f"{_DEVICE}edit/", changes.device_edit, name="device_edit"),
    path(f"{_DEVICE}assign/", changes.device_assign, name="device_assign"),
    path(f"{_DEVICE}release/", changes.device_release, name="device_release"),
]
