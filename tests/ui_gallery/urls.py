from typing import Any

from django.http import HttpResponse
from django.urls import include, path

from portal import switcher
from tests.ui_gallery import views

handler400 = "portal.error_views.bad_request"
handler403 = "portal.error_views.permission_denied"
handler404 = "portal.error_views.page_not_found"
handler500 = "portal.error_views.server_error"


def named(app: str, **names: str) -> Any:
    return include(([path(f"w/<int:workspace_id>/{url}", views.sims, name=name) for name, url in names.items()], app))


urlpatterns = [
    path("", views.parts, name="home"),
    path("parts/", views.parts),
    path("dialog/<str:kind>/", views.dialog),
    path("action/preview/", views.dialog, {"kind": "bulk"}),
    path("action/", views.dialog, {"kind": "result"}),
    path("panel/<int:pk>/", views.panel),
    path("broken/", views.broken),
    path("form/", views.form),
    path("preferences/", views.preferences, name="preferences"),
    path("workspaces/", switcher.switcher, name="workspace_switcher"),
    path("w/<int:workspace_id>/", views.parts, name="dashboard"),
    path("w/<int:workspace_id>/search/", views.parts, name="search"),
    path("", named("sims", sim_list="sims/", device_list="devices/", policy_list="policies/")),
    path("", include(([path("w/<int:workspace_id>/events/", views.events, name="list")], "events"))),
    path("accounts/", include("allauth.account.urls")),
    path("account/", include(([path("", views.parts, name="account")], "accounts"))),
    path("admin/", lambda request: HttpResponse(), name="index"),
    path("admin2/", include(([path("", lambda request: HttpResponse(), name="index")], "admin"))),
]
