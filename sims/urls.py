"""Addresses of the SIM, device and policy pages; the first word after the workspace says which."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.device_urls import urlpatterns as device_urls
from sims.views import bulk, exports, registration, results, sims, transfer

app_name = "sims"

_SIMS = "w/<int:workspace_id>/sims/"
_DEVICES = "w/<int:workspace_id>/devices/"
_RESULT = "w/<int:workspace_id>/results/<uuid:job_id>"
_ON_SIMS, _ON_DEVICES = {"kind": "sims"}, {"kind": "devices"}

urlpatterns: list[URLPattern] = [
    path(_SIMS, sims.sim_list, name="sim_list"),
    path(f"{_SIMS}export/", exports.sim_export, name="sim_export"),
    path(f"{_SIMS}register/", registration.register, name="register"),
    path(f"{_SIMS}<int:sim_id>/", sims.sim_detail, name="sim_detail"),
    path(f"{_SIMS}<int:sim_id>/assign/", sims.sim_assign, name="sim_assign"),
    # Transfer has a dialog of its own, so it stands before the general ones.
    path(f"{_SIMS}bulk/transfer/preview/", transfer.preview, name="transfer_preview"),
    path(f"{_SIMS}bulk/transfer/run/", transfer.run, name="transfer_run"),
    # An action's base address is only reversed, to be continued; by itself it answers like its dialog.
    path(f"{_SIMS}bulk/<slug:action>/", bulk.preview, _ON_SIMS, name="sim_bulk"),
    path(f"{_SIMS}bulk/<slug:action>/preview/", bulk.preview, _ON_SIMS, name="sim_bulk_preview"),
    path(f"{_SIMS}bulk/<slug:action>/run/", bulk.run, _ON_SIMS, name="sim_bulk_run"),
    path(f"{_DEVICES}bulk/<slug:action>/", bulk.preview, _ON_DEVICES, name="device_bulk"),
    path(f"{_DEVICES}bulk/<slug:action>/preview/", bulk.preview, _ON_DEVICES, name="device_bulk_preview"),
    path(f"{_DEVICES}bulk/<slug:action>/run/", bulk.run, _ON_DEVICES, name="device_bulk_run"),
    path(f"{_RESULT}/", results.result, name="result"),
    path(f"{_RESULT}/progress/", results.progress, name="result_progress"),
    path(f"{_RESULT}/csv/", results.result_csv, name="result_csv"),
    *device_urls,
]
