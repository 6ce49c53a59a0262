"""What becomes of views when a person leaves a workspace or is erased (`docs/rules.md` section 13)."""

from __future__ import annotations

from urllib.parse import quote_plus

from django.db.models import Q
from django.http import QueryDict

from accounts.models import SavedView
from accounts.models.saved_views import NAME_LENGTH, QUERY_LENGTH
from accounts.saved_views.services import beside
from kit.erased_names import ErasedNames
from kit.filter_sets import encode


# untold: views of one person are no business of the workspace, and leaving it is told
def forget_views(*, user_id: int, workspace_id: int | None = None) -> None:
    """Delete the views that nobody but this person sees; what they shared stays with the workspace.

    Args:
        user_id: whose.
        workspace_id: which workspace they leave; everywhere when left out.
    """
    views = SavedView.objects.filter(owner_id=user_id, shared=False)
    if workspace_id is not None:
        views = views.of(workspace_id)
    views.delete()


# untold: part of an erasure, which is 10027
def erase_in_views(erased: ErasedNames) -> None:
    """Replace an erased person in names and filters of everybody's views: there are few."""
    for view in erased.found_in(SavedView.objects.all(), ["name"]).select_for_update(of=("self",)):
        view.name = _free_name(view, erased.replaced(view.name))
        view.save(update_fields=["name"])
    for name in erased.telling:
        wanted = {name, quote_plus(name, safe=",*:"), quote_plus(name)}
        held = Q()
        for spelling in wanted:
            held |= Q(query__icontains=spelling)
        for view in SavedView.objects.filter(held).order_by("pk").select_for_update(of=("self",)):
            view.query = _query_without(view.query, erased)
            view.save(update_fields=["query"])


def _free_name(view: SavedView, name: str) -> str:
    """Return a name as it can be stored: two views that named the person in two ways may now be called the same."""
    cut = name[:NAME_LENGTH]
    if not beside(view).filter(name__iexact=cut).exists():
        return cut
    ending = f" ({view.pk})"
    return cut[: NAME_LENGTH - len(ending)] + ending


def _query_without(query: str, erased: ErasedNames) -> str:
    """Return a query without the person: with their number, or without what is filtered by where that is too long."""
    data = QueryDict(query)
    values = {key: data.get(key, "") for key in data}
    found = encode({key: erased.replaced(value) for key, value in values.items()})
    if len(found) <= QUERY_LENGTH:
        return found
    return encode({key: value for key, value in values.items() if erased.replaced(value) == value})
