"""Querysets bound to a workspace: the only way to rows that belong to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, TypeVar

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from kit.each_value import write_each
from kit.errors import NotFound

M = TypeVar("M", bound=models.Model)

CHUNK = 5_000
"""Objects an action handles in one statement (`docs/architecture.md` section 3)."""


class WorkspaceQuerySet(models.QuerySet[M]):
    """Rows that belong to workspaces."""

    def of(self, workspace_id: int) -> Self:
        """Return the rows of one workspace."""
        return self.filter(workspace_id=workspace_id)

    def one(self, *, workspace_id: int, pk: int, kind: str = "") -> M:
        """Return one row of a workspace.

        Args:
            workspace_id: whose.
            pk: id of the row.
            kind: what people call it, in their language; the model's name unless given.

        Raises:
            NotFound: no such row, or it belongs to another workspace; the text does not tell which.
        """
        row = self.of(workspace_id).filter(pk=pk).first()
        if row is None:
            kind = kind or capfirst(str(self.model._meta.verbose_name))
            raise NotFound(_("%(kind)s with Id '%(id)s' not found.") % {"kind": kind, "id": pk})
        return row

    def locked(self, *ids: int, **lookups: Any) -> Self:
        """Return rows to be changed, locked in id order so that two actions cannot wait for each other.

        SQLite has no row locks; there the transaction is opened as IMMEDIATE and lets one writer in at a time.
        """
        rows = self.filter(**lookups)
        if ids:
            rows = rows.filter(pk__in=ids)
        return rows.order_by("pk").select_for_update(of=("self",))

    def update_each(self, objects: Sequence[M], fields: Sequence[str]) -> None:
        """Write columns of rows that were locked, each with the value its object holds: one statement for 5,000 rows.

        Args:
            objects: the rows, each once.
            fields: names of the columns to write.
        """
        for start in range(0, len(objects), CHUNK):
            write_each(objects[start : start + CHUNK], fields, using=self.db)
