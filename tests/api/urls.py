"""The API alone: its tests do not depend on any page."""

from __future__ import annotations

from django.urls import path

from portal.api import api

urlpatterns = [path("api/", api.urls)]
