"""Addresses of saved views."""

from django.urls import URLPattern, path

from accounts.saved_views import views

_VIEWS = "w/<int:workspace_id>/views/<slug:list_name>/"

urlpatterns: list[URLPattern] = [
    path(_VIEWS, views.saved_views, name="saved_views"),
    path(f"{_VIEWS}save/", views.save, name="saved_view_save"),
    path(f"{_VIEWS}<int:view_id>/", views.edit, name="saved_view_edit"),
    path(f"{_VIEWS}<int:view_id>/delete/", views.delete, name="saved_view_delete"),
    path(f"{_VIEWS}<int:view_id>/default/", views.default, name="saved_view_default"),
]
