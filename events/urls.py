"""Addresses of the log."""

from __future__ import annotations

from django.urls import path

from events import timeline, views
from events.reverse import views as reversals
from events.seals import views as seals
from events.then import views as then

app_name = "events"

urlpatterns = [
    path("w/<int:workspace_id>/events/", views.event_list, name="list"),
    path("w/<int:workspace_id>/events/embedded/", views.embedded, name="embedded"),
    path("w/<int:workspace_id>/events/recent/", views.recent, name="recent"),
    path("w/<int:workspace_id>/events/newer/", views.newer, name="newer"),
    path("w/<int:workspace_id>/events/unfold/", views.unfold, name="unfold"),
    path("w/<int:workspace_id>/events/order/<int:order_id>/", timeline.order_timeline, name="order"),
    path("w/<int:workspace_id>/events/then/", then.workspace_then, name="workspace_then"),
    path("w/<int:workspace_id>/events/then/users/", then.users_then, name="users_then"),
    path("w/<int:workspace_id>/events/then/sims/<int:sim_id>/", then.sim_then, name="sim_then"),
    path("w/<int:workspace_id>/events/then/devices/<int:device_id>/", then.device_then, name="device_then"),
    path("w/<int:workspace_id>/events/export/", views.export, name="export"),
    path("w/<int:workspace_id>/events/<int:event_id>/reverse/", reversals.reverse_event, name="reverse"),
    path(
        "w/<int:workspace_id>/events/requests/<uuid:request_id>/reverse/",
        reversals.reverse_request,
        name="reverse_request",
    ),
    path("w/<int:workspace_id>/results/<uuid:job_id>/reversal/", reversals.offer, name="reverse_offer"),
    path("w/<int:workspace_id>/events/<int:event_id>/", views.event_detail, name="detail"),
    path("w/<int:workspace_id>/events/<int:event_id>/proof/", seals.proof, name="proof"),
    path("w/<int:workspace_id>/events/<int:event_id>/proof/download/", seals.proof_download, name="proof_download"),
]
