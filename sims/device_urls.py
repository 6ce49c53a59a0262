"""Addresses of the device and policy pages; part of `sims.urls`."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.views import device_changes, devices, exports, policies

_DEVICE = "w/<int:workspace_id>/devices/<int:device_id>/"

urlpatterns: list[URLPattern] = [
    path("w/<int:workspace_id>/devices/", devices.device_list, name="device_list"),
    path("w/<int:workspace_id>/devices/export/", exports.device_export, name="device_export"),
    path("w/<int:workspace_id>/devices/create/", device_changes.device_create, name="device_create"),
    path("w/<int:workspace_id>/devices/free-sims/", device_changes.sim_options, name="device_sim_options"),
    path(_DEVICE, devices.device_detail, name="device_detail"),
    path(f"{_DEVICE}edit/", device_changes.device_edit, name="device_edit"),
    path(f"{_DEVICE}assign/", device_changes.device_assign, name="device_assign"),
    path(f"{_DEVICE}release/", device_changes.device_release, name="device_release"),
    path("w/<int:workspace_id>/policies/", policies.policy_list, name="policy_list"),
    path("w/<int:workspace_id>/policies/<slug:kind>/create/", policies.policy_create, name="policy_create"),
    path("w/<int:workspace_id>/policies/<slug:kind>/<int:policy_id>/", policies.policy_edit, name="policy_edit"),
    path(
        "w/<int:workspace_id>/policies/<slug:kind>/<int:policy_id>/delete/",
        policies.policy_delete,
        name="policy_delete",
    ),
]
