"""Querysets bound to a workspace: the only way to rows that belong to one."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

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

        Raises:
            NotFound: no such row, or it belongs to another workspace; the text does not tell which.
        """
        row = self.of(workspace_id).filter(pk=pk).first()
        if row is None:
            raise NotFound(f"{kind or self.model.__name__} with Id '{pk}' not found.")
        return row
