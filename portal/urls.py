"""Every URL of the portal; the first word says which app holds the page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import outbox, preferences, switcher
from portal.api import api
from portal.api_docs import documentation
from portal.dashboard import dashboard
from portal.health import healthz, readyz
from portal.home import home
from portal.search.views import search

handler400 = "portal.error_views.bad_request"
handler403 = "portal.error_views.permission_denied"
handler404 = "portal.error_views.page_not_found"
handler500 = "portal.error_views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("accounts.sign_in.urls")),
    path("accounts/", include("accounts.sign_up.urls")),
    path("outbox/", outbox.outbox, name="outbox"),
    path("preferences/", preferences.change, name="preferences"),
    path("workspaces/", switcher.switcher, name="workspace_switcher"),
    path("admin/", admin.site.urls),
    path("w/<int:workspace_id>/", dashboard, name="dashboard"),
    path("w/<int:workspace_id>/search/", search, name="search"),
    path("", include("accounts.urls")),
    path("", include("sims.urls")),
    path("", include("orders.urls")),
    path("", include("events.urls")),
    path("", include("events.seals.urls")),
    # Before the API itself, which answers every path below its own.
    path("api/docs", documentation, name="api_docs"),
    path("api/", api.urls),
]
