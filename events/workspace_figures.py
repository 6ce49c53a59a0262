"""What the log tells the operator's staff about a workspace: when something last happened in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from accounts.workspaces.figures import Figures, FigureSource, ListLink, Tile, register
from events.models import Event
from kit.rendering import when


def _newest_moment() -> QuerySet[Any, Any]:
    return Event.objects.filter(workspace_id=OuterRef("pk")).order_by("-timestamp", "-id").values("timestamp")[:1]


# Workspaces without any event are the oldest. One look-up in an index for each workspace.
_BY_LAST_EVENT = Coalesce(Subquery(_newest_moment()), Value(datetime(1970, 1, 1, tzinfo=UTC)))


@admin.display(description=gettext_lazy("last event"), ordering=_BY_LAST_EVENT)
def last_event(workspace: Any) -> SafeString:
    """Show when something last happened in a workspace."""
    return when(workspace.figures["last_event"])


def _tiles(_workspace: Workspace, figures: Figures) -> Iterator[Tile]:
    yield Tile(_("Last event"), when(figures["last_event"]), note=True)


register(
    FigureSource(
        rank=2,
        annotations={"last_event": lambda: Subquery(_newest_moment())},
        columns=(last_event,),
        tiles=_tiles,
        links=(ListLink(gettext_lazy("Events"), "events_event_changelist", "scroll-text"),),
    )
)
