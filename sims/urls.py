"""Addresses of the SIM, device and policy pages; each folder has its own."""

from __future__ import annotations

from django.urls import include, path

app_name = "sims"

urlpatterns = [
    # Transfer has a dialog of its own, so the inventory stands before the general ones.
    path("", include("sims.inventory.urls")),
    path("", include("sims.devices.urls")),
    path("", include("sims.connectivity.urls")),
    path("", include("sims.policies.urls")),
    path("", include("sims.bulk.urls")),
]
