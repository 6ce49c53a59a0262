"""Addresses of the SIM inventory."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.inventory.views import export, registration, sims, transfer

_SIMS = "w/<int:workspace_id>/sims/"

urlpatterns: list[URLPattern] = [
    path(_SIMS, sims.sim_list, name="sim_list"),
    path(f"{_SIMS}export/", export.sim_export, name="sim_export"),
    path(f"{_SIMS}register/", registration.register, name="register"),
    path(f"{_SIMS}<int:sim_id>/", sims.sim_detail, name="sim_detail"),
    path(f"{_SIMS}<int:sim_id>/assign/", sims.sim_assign, name="sim_assign"),
    path(f"{_SIMS}bulk/transfer/preview/", transfer.preview, name="transfer_preview"),
    path(f"{_SIMS}bulk/transfer/run/", transfer.run, name="transfer_run"),
]
