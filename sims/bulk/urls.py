"""Addresses of the dialogs of bulk actions and of their reports."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.bulk.views import dialogs, reports

_SIMS = "w/<int:workspace_id>/sims/bulk/<slug:action>/"
_DEVICES = "w/<int:workspace_id>/devices/bulk/<slug:action>/"
_RESULT = "w/<int:workspace_id>/results/<uuid:job_id>"
_ON_SIMS, _ON_DEVICES = {"kind": "sims"}, {"kind": "devices"}

urlpatterns: list[URLPattern] = [
    # An action's base address is only reversed, to be continued; by itself it answers like its dialog.
    path(_SIMS, dialogs.preview, _ON_SIMS, name="sim_bulk"),
    path(f"{_SIMS}preview/", dialogs.preview, _ON_SIMS, name="sim_bulk_preview"),
    path(f"{_SIMS}run/", dialogs.run, _ON_SIMS, name="sim_bulk_run"),
    path(_DEVICES, dialogs.preview, _ON_DEVICES, name="device_bulk"),
    path(f"{_DEVICES}preview/", dialogs.preview, _ON_DEVICES, name="device_bulk_preview"),
    path(f"{_DEVICES}run/", dialogs.run, _ON_DEVICES, name="device_bulk_run"),
    path(f"{_RESULT}/", reports.result, name="result"),
    path(f"{_RESULT}/progress/", reports.progress, name="result_progress"),
    path(f"{_RESULT}/csv/", reports.result_csv, name="result_csv"),
]
