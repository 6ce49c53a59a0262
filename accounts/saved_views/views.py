"""The dialogs that save, change and delete a view, and the page of all views of a list."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import SavedView
from accounts.permissions import Permission
from accounts.requests import WorkspacePageRequest
from accounts.saved_views import services
from accounts.saved_views.forms import ViewForm
from accounts.saved_views.lists import viewed_list
from accounts.saved_views.selectors import default_of, rows_of, visible
from accounts.saved_views.services import may_change, viewer
from kit.errors import DomainError, Forbidden, NotFound
from kit.htmx import redirect_to, render_fragment, respond, wants_fragment


@require_safe
def saved_views(request: WorkspacePageRequest, workspace_id: int, list_name: str) -> HttpResponse:
    """Show the views of a list: the reader's own and those that the workspace shares."""
    who, viewed = viewer(workspace_id), viewed_list(list_name)
    rows = [{**row, "may": may_change(who, row["view"])} for row in rows_of(request, list_name)]
    context = {"rows": rows, "viewed": viewed, "list_url": viewed.url(workspace_id), "list_name": list_name}
    return render_fragment(request, "accounts/saved_views.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def save(request: WorkspacePageRequest, workspace_id: int, list_name: str) -> HttpResponse:
    """Ask how a view is to be called (`query`: what it shows), and save it or put it in the place of an older one."""
    who, viewed = viewer(workspace_id), viewed_list(list_name)
    posted = request.POST if request.method == "POST" else None
    query = (posted or request.GET).get("query", "")
    may_share = Permission.VIEW_SHARE.name in request.may
    views = visible(workspace_id, who.user_id).filter(list_name=list_name).order_by("shared", "name", "pk")
    replaceable = [view for view in views if may_change(who, view) and (may_share or not view.shared)]
    form = ViewForm(posted, replaceable=replaceable, may_share=may_share)
    if posted is not None and form.is_valid():
        try:
            view = _saved(workspace_id, list_name, form.cleaned_data, query)
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved view “%(name)s”") % {"name": view.name})
            return redirect_to(request, viewed.url(workspace_id, view.query))
    context = {
        "title": _("Save view"),
        "verb": _("Save view"),
        "url": reverse("accounts:saved_view_save", args=[workspace_id, list_name]),
        "query": query,
    }
    return _ask(request, form, context, back=viewed.url(workspace_id, query))


def _saved(workspace_id: int, list_name: str, data: dict[str, Any], query: str) -> SavedView:
    old = data.get("replace")
    if old is not None:
        name = data["name"] or None
        shared = data.get("shared") or None
        view = services.change_view(workspace_id=workspace_id, view_id=old, name=name, query=query, shared=shared)
    else:
        view = services.save_view(
            workspace_id=workspace_id,
            list_name=list_name,
            name=data["name"],
            query=query,
            shared=data.get("shared", False),
        )
    if data["default"]:
        services.open_with(workspace_id=workspace_id, list_name=list_name, view_id=view.pk)
    return view


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspacePageRequest, workspace_id: int, list_name: str, view_id: int) -> HttpResponse:
    """Rename a view, share it or keep it to oneself, or let the list open with it."""
    view = _changeable(workspace_id, list_name, view_id)
    is_default = default_of(request, list_name) == view.pk
    posted = request.POST if request.method == "POST" else None
    initial = {"name": view.name, "shared": view.shared, "default": is_default}
    may_share = Permission.VIEW_SHARE.name in request.may
    form = ViewForm(posted, replaceable=[], may_share=may_share, initial=initial)
    back = reverse("accounts:saved_views", args=[workspace_id, list_name])
    if posted is not None and form.is_valid():
        data = form.cleaned_data
        try:
            services.change_view(
                workspace_id=workspace_id, view_id=view.pk, name=data["name"], shared=data.get("shared", view.shared)
            )
            if data["default"] != is_default:
                chosen = view.pk if data["default"] else None
                services.open_with(workspace_id=workspace_id, list_name=list_name, view_id=chosen)
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved view “%(name)s”") % {"name": data["name"]})
            return redirect_to(request, back)
    context = {"title": _("Edit view “%(name)s”") % {"name": view.name}, "verb": _("Save"), "url": request.path}
    return _ask(request, form, context, back=back)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: WorkspacePageRequest, workspace_id: int, list_name: str, view_id: int) -> HttpResponse:
    """Ask whether a view is to go, and delete it."""
    view = _changeable(workspace_id, list_name, view_id)
    back = reverse("accounts:saved_views", args=[workspace_id, list_name])
    if request.method == "POST":
        services.delete_view(workspace_id=workspace_id, view_id=view.pk)
        messages.success(request, _("Deleted view “%(name)s”") % {"name": view.name})
        return redirect_to(request, back)
    text = _("The view leaves the menu of everybody in the workspace.") if view.shared else _("The view is only yours.")
    context = {
        "title": _("Delete view “%(name)s”") % {"name": view.name},
        "text": text,
        "more": _("What it shows is not touched."),
        "verb": _("Delete"),
        "url": request.path,
        "back": back,
        "dialog": "accounts/_confirm.html",
        "as_page": not wants_fragment(request),
    }
    return respond(request, "accounts/dialog_page.html", "accounts/_confirm.html", context)


@require_POST
def default(request: WorkspacePageRequest, workspace_id: int, list_name: str, view_id: int) -> HttpResponse:
    """Let the list open with this view for the reader, or no longer (`off`)."""
    chosen = None if request.POST.get("off") else view_id
    services.open_with(workspace_id=workspace_id, list_name=list_name, view_id=chosen)
    return redirect_to(request, reverse("accounts:saved_views", args=[workspace_id, list_name]))


def _changeable(workspace_id: int, list_name: str, view_id: int) -> SavedView:
    """Return a view that the reader may change, for a dialog; the services ask again."""
    who = viewer(workspace_id)
    view = visible(workspace_id, who.user_id).filter(pk=view_id, list_name=list_name).first()
    if view is None:
        raise NotFound(_("View with Id '%(id)s' not found.") % {"id": view_id})
    if not may_change(who, view):
        raise Forbidden(_("Who shares a view, and Administrators, change it."), permission=Permission.VIEW_SHARE.value)
    return view


def _refuse(form: ViewForm, error: DomainError) -> None:
    if isinstance(error, Forbidden):
        raise error
    field = getattr(error, "field", None)
    form.add_error(field if field in form.fields else None, error.message)


def _ask(request: WorkspacePageRequest, form: ViewForm, context: dict[str, Any], *, back: str) -> HttpResponse:
    context |= {
        "form": form,
        "back": back,
        "dialog": "accounts/_saved_view.html",
        "as_page": not wants_fragment(request),
    }
    status = 422 if form.is_bound and form.errors else 200
    return respond(request, "accounts/dialog_page.html", "accounts/_saved_view.html", context, status=status)
