"""Addresses of the dialogs of bulk actions, for each noun that is registered, and of their reports."""

from __future__ import annotations

from django.urls import URLPattern, path

from sims.bulk import history, views
from sims.bulk.actions import Noun, nouns

_RESULT = "w/<int:workspace_id>/results/<uuid:job_id>"


def _dialogs(noun: Noun) -> list[URLPattern]:
    base, of = f"w/<int:workspace_id>/{noun.name}/bulk/<slug:action>/", {"noun": noun.name}
    return [
        # An action's base address is only reversed, to be continued; by itself it answers like its dialog.
        path(base, views.preview, of, name=f"{noun.route}_bulk"),
        path(f"{base}preview/", views.preview, of, name=f"{noun.route}_bulk_preview"),
        path(f"{base}listed/", views.listed, of, name=f"{noun.route}_bulk_listed"),
        path(f"{base}run/", views.run, of, name=f"{noun.route}_bulk_run"),
    ]


urlpatterns: list[URLPattern] = [
    *(pattern for noun in nouns() for pattern in _dialogs(noun)),
    path("w/<int:workspace_id>/results/", history.result_list, name="result_list"),
    path("w/<int:workspace_id>/results/running/", history.running, name="running"),
    path(f"{_RESULT}/", views.result, name="result"),
    path(f"{_RESULT}/cancel/", history.cancel_scheduled, name="scheduled_cancel"),
    path(f"{_RESULT}/progress/", views.progress, name="result_progress"),
    path(f"{_RESULT}/csv/", views.result_csv, name="result_csv"),
]
