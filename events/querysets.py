"""Querysets over the log. They read; every way to change is closed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Never, Self

from django.db import models

from kit.paging import Cursor, after

if TYPE_CHECKING:
    from events.models import Event  # noqa: F401 - named in a string below


class EventQuerySet(models.QuerySet["Event"]):
    """Events of workspaces."""

    def of(self, workspace_id: int) -> Self:
        """Return the log of one workspace."""
        return self.filter(workspace_id=workspace_id)

    def newest(self) -> Self:
        """Order as the pages do: newest first, in the order recorded within a moment."""
        return self.order_by("-timestamp", "-id")

    def before(self, timestamp: datetime, id_: int) -> Self:
        """Return what comes after this row when read newest first."""
        return self.filter(after(Cursor(timestamp, id_)))

    def after(self, timestamp: datetime, id_: int) -> Self:
        """Return what comes before this row when read newest first."""
        return self.filter(after(Cursor(timestamp, id_, newer=True)))

    def _refuse(self, *args: Any, **kwargs: Any) -> Never:
        raise RuntimeError("The log is append-only: rows are written by events.writer and leave by retention alone.")

    create = update = delete = bulk_create = bulk_update = get_or_create = update_or_create = _refuse
