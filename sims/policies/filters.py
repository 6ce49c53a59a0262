"""Policies of a workspace as choices of a filter."""

from __future__ import annotations

from collections.abc import Iterable

from kit.filters import (
    ListFilters,
)
from sims.models import CoveragePolicy, ServicePolicy


def _policies(model: type[ServicePolicy] | type[CoveragePolicy], filters: ListFilters) -> list[tuple[int, str]]:
    found = model._default_manager.filter(workspace_id=filters.workspace_id).order_by("name", "pk")
    return list(found.values_list("pk", "name"))


def service_policy_choices(filters: ListFilters) -> Iterable[tuple[int, str]]:
    """Return the service policies of the reader's workspace."""
    return _policies(ServicePolicy, filters)


def coverage_policy_choices(filters: ListFilters) -> Iterable[tuple[int, str]]:
    """Return the coverage policies of the reader's workspace."""
    return _policies(CoveragePolicy, filters)
