"""Addresses of the seals: a workspace's own page, and what anybody may read (C2SP tlog-tiles)."""

from __future__ import annotations

from django.urls import path

from events.seals import views

app_name = "seals"

_SEALS = "w/<int:workspace_id>/settings/seals/"

urlpatterns = [
    path(_SEALS, views.seals, name="page"),
    path(f"{_SEALS}consistency/", views.consistency, name="consistency"),
    path(f"{_SEALS}export/", views.export, name="export"),
    path("seals/keys", views.keys, name="keys"),
    path("seals/<slug:token>/checkpoint", views.checkpoint, name="checkpoint"),
    path("seals/<slug:token>/tile/<int:level>/<path:place>", views.tile, name="tile"),
]
