"""The lists whose views can be saved. Each app names its own when it starts, for this one stands below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kit.errors import NotFound


@dataclass(frozen=True)
class ViewedList:
    """A list.

    Args:
        name: of its table (`ListTable.list_name`), as views and addresses hold it.
        label: what people call it.
        everything: what the list is called without a view.
        route: URL name of its page, which takes the workspace.
    """

    name: str
    label: Any
    everything: Any
    route: str

    def url(self, workspace_id: int, query: str = "") -> str:
        """Return the address of the list in a workspace, with what a view asks for."""
        path = reverse(self.route, args=[workspace_id])
        return f"{path}?{query}" if query else path


LISTS: dict[str, ViewedList] = {}


def register(viewed: ViewedList) -> None:
    """Make a list known.

    Raises:
        ValueError: there is one of this name already.
    """
    if viewed.name in LISTS:
        raise ValueError(f"The list {viewed.name} is registered twice.")
    LISTS[viewed.name] = viewed


def viewed_list(name: str) -> ViewedList:
    """Return a list by its name.

    Raises:
        NotFound: there is none of this name.
    """
    if name not in LISTS:
        raise NotFound(_("There is no list “%(name)s” with saved views.") % {"name": name[:40]})
    return LISTS[name]
