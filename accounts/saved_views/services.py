"""Saving, changing, sharing and deleting views, and choosing the one a list opens with (`docs/rules.md` section 13).

Views of one person are how that person's pages look and leave no event, as columns and density do. What a workspace
shares is told: 10125, 10126 and 10127.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts import signals
from accounts.locking import lock_user
from accounts.models import SavedView
from accounts.models.saved_views import NAME_LENGTH, QUERY_LENGTH
from accounts.permissions import Permission, Role, authorise
from accounts.saved_views.lists import viewed_list
from accounts.saved_views.selectors import DEFAULTS, visible
from accounts.signals import SharedView
from kit.action import action, retried
from kit.context import Actor, ActorKind
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from kit.filter_sets import encode
from kit.text import one_line

MOST_OWN: Final = 100
MOST_SHARED: Final = 100
"""Views that a menu can hold."""
PASSING: Final = frozenset({"page", "cursor", "tab", "view", "csrfmiddlewaretoken"})
"""Parameters that say where somebody is in a list, and not what it shows."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has views.

    Args:
        actor: who acts.
        user_id: whose the views are.
        administrator: whether they may change what others share.
    """

    actor: Actor
    user_id: int
    administrator: bool


def viewer(workspace_id: int, right: Permission = Permission.INVENTORY_READ) -> Viewer:
    """Return who acts, as somebody with views of their own.

    Raises:
        NotFound: the actor is not in this workspace.
        Forbidden: the right is missing; or the actor is a program, or staff, whose views would outlast their visit.
    """
    actor = authorise(workspace_id, right)
    if actor.kind != ActorKind.USER or actor.person is None or actor.everywhere:
        raise Forbidden(_("Only people of the workspace save views."), permission=right.value)
    role = actor.roles.get(workspace_id)
    return Viewer(actor, actor.person.user_id, role in (Role.SUPERADMIN, Role.ADMINISTRATOR))


def clean_query(query: str) -> str:
    """Return what a view keeps of the address of a list: filters, search, order, rows a page and columns.

    Raises:
        Invalid: it is too long, or no query.
    """
    if "\x00" in query or len(query) > QUERY_LENGTH:
        raise Invalid(_("The filter is too long to be saved. Narrow it."), code="query", field="query")
    data = QueryDict(query.removeprefix("?"))
    kept = encode({name: data.get(name, "") for name in data if name not in PASSING})
    if len(kept) > QUERY_LENGTH:
        raise Invalid(_("The filter is too long to be saved. Narrow it."), code="query", field="query")
    return kept


def may_change(who: Viewer, view: SavedView) -> bool:
    """Tell whether somebody may change a view: their own, and as an Administrator what the workspace shares."""
    return view.owner_id == who.user_id or (view.shared and who.administrator)


def shared_view(view: SavedView) -> SharedView:
    """Return a shared view as events name it."""
    return SharedView(id=view.pk, name=view.name, list_name=view.list_name, query=view.query)


@retried
def save_view(*, workspace_id: int, list_name: str, name: str, query: str, shared: bool = False) -> SavedView:
    """Save a view of a list under a name. Event 10125 when it is shared.

    Args:
        workspace_id: where.
        list_name: of which list.
        name: what it is called; one of a kind among the person's own views of the list, or among the shared ones.
        query: what stands behind the address of the list.
        shared: whether everybody in the workspace has it in the menu.

    Raises:
        NotFound: the actor is not in this workspace, or there is no such list.
        Forbidden: the role may not share, or the actor is no person of the workspace.
        Invalid: the name or the query; `field` says which.
        Conflict: the name is taken, or there are too many views.
    """
    who = viewer(workspace_id, Permission.VIEW_SHARE if shared else Permission.INVENTORY_READ)
    viewed_list(list_name)
    view = SavedView(
        workspace_id=workspace_id,
        owner_id=who.user_id,
        list_name=list_name,
        name=one_line(name, most=NAME_LENGTH, field="name"),
        query=clean_query(query),
        shared=shared,
    )
    with action():
        lock_user(who.user_id)
        _refuse_taken(view)
        _refuse_too_many(view)
        view.save(force_insert=True)
        if shared:
            signals.shared_view_created.send(sender=SavedView, workspace_id=workspace_id, view=shared_view(view))
    return view


@retried
def change_view(
    *, workspace_id: int, view_id: int, name: str | None = None, query: str | None = None, shared: bool | None = None
) -> SavedView:
    """Change a view. Of a shared one this is event 10126; 10125 when it becomes shared, 10127 when it no longer is.

    Args:
        workspace_id: where.
        view_id: which.
        name, query, shared: as for `save_view`; `None` leaves it.

    Raises:
        NotFound: no such view for this actor.
        Forbidden: somebody else's shared view, or the role may not share.
        Invalid, Conflict: as `save_view`.
    """
    who = viewer(workspace_id)
    with action():
        lock_user(who.user_id)
        view = _locked(who, workspace_id, view_id)
        before = SavedView(name=view.name, query=view.query, shared=view.shared)
        if name is not None:
            view.name = one_line(name, most=NAME_LENGTH, field="name")
        if query is not None:
            view.query = clean_query(query)
        if shared is not None:
            view.shared = shared
        if view.shared or before.shared:
            authorise(workspace_id, Permission.VIEW_SHARE)
        if (before.name, before.query, before.shared) == (view.name, view.query, view.shared):
            return view
        _refuse_taken(view)
        view.save(update_fields=["name", "query", "shared"])
        _tell(workspace_id, before, view)
    return view


def _tell(workspace_id: int, before: SavedView, view: SavedView) -> None:
    told = shared_view(view)
    if before.shared and not view.shared:
        signals.shared_view_deleted.send(sender=SavedView, workspace_id=workspace_id, view=told, kept=True)
    elif view.shared and not before.shared:
        signals.shared_view_created.send(sender=SavedView, workspace_id=workspace_id, view=told)
    elif view.shared:
        pairs = {"name": (before.name, view.name), "query": (before.query, view.query)}
        changes = {field: {"from": old, "to": new} for field, (old, new) in pairs.items() if old != new}
        signals.shared_view_changed.send(sender=SavedView, workspace_id=workspace_id, view=told, changes=changes)


@retried
def delete_view(*, workspace_id: int, view_id: int) -> None:
    """Delete a view. Event 10127 when it was shared. Errors as `change_view`."""
    who = viewer(workspace_id)
    with action():
        view = _locked(who, workspace_id, view_id)
        if view.shared:
            authorise(workspace_id, Permission.VIEW_SHARE)
        told = shared_view(view)
        view.delete()
        if view.shared:
            signals.shared_view_deleted.send(sender=SavedView, workspace_id=workspace_id, view=told, kept=False)


@retried
def open_with(*, workspace_id: int, list_name: str, view_id: int | None) -> None:
    """Choose the view that a list opens with for the person who acts; `None` for the whole list.

    Raises:
        NotFound: no such list, or no such view of it for this actor.
        Forbidden: the actor is no person of the workspace.
    """
    who = viewer(workspace_id)
    viewed_list(list_name)
    with action():
        user = lock_user(who.user_id)
        chosen = dict(user.preferences.get(DEFAULTS) or {})
        if view_id is None:
            chosen.pop(f"{workspace_id}:{list_name}", None)
        else:
            if not visible(workspace_id, who.user_id).filter(pk=view_id, list_name=list_name).exists():
                raise _unknown(view_id)
            chosen[f"{workspace_id}:{list_name}"] = view_id
        user.preferences = {**user.preferences, DEFAULTS: chosen}
        user.save(update_fields=["preferences"])


def _locked(who: Viewer, workspace_id: int, view_id: int) -> SavedView:
    rows = visible(workspace_id, who.user_id).select_related(None).select_for_update(of=("self",))
    view = rows.filter(pk=view_id).first()
    if view is None:
        raise _unknown(view_id)
    if not may_change(who, view):
        raise Forbidden(
            _("This view is shared by %(name)s. They or an Administrator of the workspace can change it.")
            % {"name": view.owner.name},
            permission=Permission.VIEW_SHARE.value,
        )
    return view


def _unknown(view_id: int) -> NotFound:
    return NotFound(_("View with Id '%(id)s' not found.") % {"id": view_id})


def beside(view: SavedView) -> QuerySet[SavedView]:
    """Return the other views of a list among which the name of this one is one of a kind."""
    others = SavedView.objects.of(view.workspace_id).filter(list_name=view.list_name, shared=view.shared)
    if not view.shared:
        others = others.filter(owner_id=view.owner_id)
    return others.exclude(pk=view.pk) if view.pk else others


def _refuse_taken(view: SavedView) -> None:
    if beside(view).filter(name__iexact=view.name).exists():
        text = _("There is a view “%(name)s” already. Choose another name, or replace that view.")
        raise Conflict(text % {"name": view.name}, code="name", field="name")


def _refuse_too_many(view: SavedView) -> None:
    most = MOST_SHARED if view.shared else MOST_OWN
    if beside(view).count() >= most:
        raise Conflict(_("The list has %(most)s views already. Delete one first.") % {"most": most}, field="name")
