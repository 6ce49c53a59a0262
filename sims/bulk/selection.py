"""These objects: the rows a person chose, as they were shown, signed on their way through the browser."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.requests import WorkspacePageRequest
from kit.errors import Invalid
from kit.filters import ListFilters, whole_number
from kit.paging import COUNT_CAP

MOST_TICKED = 10_000
"""Rows that can be ticked one by one: a form with more fields is not read (`DATA_UPLOAD_MAX_NUMBER_FIELDS`)."""
MOST_OBJECTS = 100_000
"""Objects of one action: its result names each of them and is kept in one row."""
LIFETIME = timedelta(hours=1)
"""For so long a dialog can be confirmed."""
_SALT = "sims.bulk.actions"


class TooMany(Invalid):
    """More objects are selected than one action takes.

    Args:
        text: the sentence that says so.
        ids: all of them, in ascending order.
        most: how many one action takes.
    """

    def __init__(self, text: str, *, ids: tuple[int, ...], most: int) -> None:
        super().__init__(text, code="too_many")
        self.ids, self.most = ids, most


@dataclass(frozen=True)
class Selection:
    """The objects of an action. They travel with its dialog, so that what is done is what was shown, and no row more.

    Args:
        workspace_id: where it was made.
        user_id: for whom.
        action: path of the action, "sims/suspend".
        ids: the objects in ascending order.
        confirm: what must be typed, or "".
        key: makes it run once, however often the button is pressed; "" until a dialog was shown.
        note: what changed since the list was shown, or "".
    """

    workspace_id: int
    user_id: int
    action: str
    ids: tuple[int, ...] = ()
    confirm: str = ""
    key: str = ""
    note: str = ""

    def first(self, count: int) -> Selection:
        """Return the first objects of it, by their ids."""
        return replace(self, ids=self.ids[:count], note="")

    def signed(self, *, confirm: str = "") -> str:
        """Return the selection as signed text for one dialog. Ids are written as distances, which compress well.

        Args:
            confirm: what the dialog wants typed, or "".
        """
        steps = [b - a for a, b in pairwise((0, *sorted(self.ids)))]
        made_for = [self.workspace_id, self.user_id, self.action]
        return signing.dumps([*made_for, confirm, uuid.uuid4().hex, steps], salt=_SALT, compress=True)

    @classmethod
    def confirmed(cls, request: WorkspacePageRequest, action: str) -> Selection:
        """Read back what a dialog was about, from the signed text that it posts.

        Args:
            request: a POST of the dialog.
            action: path of the action.

        Raises:
            Invalid: damaged, older than an hour, or made elsewhere, for somebody else or for another action.
        """
        try:
            text = request.POST.get("plan", "")
            *made_for, confirm, key, steps = signing.loads(text, salt=_SALT, max_age=LIFETIME)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise Invalid(_("This dialog is too old. Close it and select the rows again."), code="plan") from error
        if made_for != [request.workspace.pk, request.user.pk, action]:
            raise Invalid(_("This dialog belongs to another page. Close it and select the rows again."), code="plan")
        return cls(request.workspace.pk, request.user.pk, action, tuple(accumulate(steps)), confirm, key)

    @classmethod
    def chosen(
        cls, request: WorkspacePageRequest, action: str, *, objects: QuerySet[Any], filters: type[ListFilters]
    ) -> Selection:
        """Read what a dialog is to be about: ticked rows, what a list's filter finds, or the dialog's own signed text.

        Ticked ids go to the service as they are, so that one of another workspace is refused by name; a filter is
        evaluated again, now and inside the workspace.

        Args:
            request: a POST of the list, or of the dialog that is asked for again.
            action: path of the action.
            objects: what the filter searches: the objects of the workspace.
            filters: the filters of the list.

        Raises:
            Invalid: the selection cannot be read, or is empty.
            TooMany: it is too large.
        """
        if "plan" in request.POST:
            return cls.confirmed(request, action)
        ids, note = _matching(request, objects, filters) if request.POST.get("scope") == "filter" else _ticked(request)
        return cls(request.workspace.pk, request.user.pk, action, ids, note=note)


def _ticked(request: WorkspacePageRequest) -> tuple[tuple[int, ...], str]:
    try:
        ids = tuple(sorted({whole_number(text) for text in request.POST.getlist("ids")}))
    except ValueError as error:
        raise _unreadable() from error
    if not ids:
        raise Invalid(_("Select at least one row."), code="selection")
    if len(ids) > MOST_TICKED:
        text = _("%(count)s rows are selected one by one. That takes at most %(most)s rows; use the filter instead.")
        raise TooMany(text % {"count": f"{len(ids):,}", "most": f"{MOST_TICKED:,}"}, ids=ids, most=MOST_TICKED)
    return ids, ""


def _matching(
    request: WorkspacePageRequest, objects: QuerySet[Any], filters: type[ListFilters]
) -> tuple[tuple[int, ...], str]:
    """Return what the list's filter finds now, and a note when the list showed another number."""
    try:
        seen = whole_number(request.POST.get("seen", ""))
    except ValueError as error:
        raise _unreadable() from error
    asked = filters(QueryDict(request.POST.get("filter", "")), objects, request=request)
    # Acting on more than was shown is the one mistake that must not happen.
    if not asked.is_valid() or asked.unknown:
        raise Invalid(_("The filter could not be read. Open the list again."), code="selection")
    ids = tuple(asked.qs.order_by("pk").values_list("pk", flat=True))
    if len(ids) > MOST_OBJECTS:
        text = _(
            "%(count)s rows are selected; one action takes at most %(most)s. Narrow the filter, or do it in parts."
        )
        raise TooMany(text % {"count": f"{len(ids):,}", "most": f"{MOST_OBJECTS:,}"}, ids=ids, most=MOST_OBJECTS)
    if not ids:
        raise Invalid(_("Nothing matches the filter any more."), code="selection")
    # Up to the cap the list told an exact number.
    if seen >= COUNT_CAP or seen == len(ids):
        return ids, ""
    text = _("The list showed %(seen)s; meanwhile %(found)s match.")
    return ids, text % {"seen": f"{seen:,}", "found": f"{len(ids):,}"}


def _unreadable() -> Invalid:
    return Invalid(_("The selection could not be read. Select the rows again."), code="selection")
