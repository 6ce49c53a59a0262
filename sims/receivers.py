"""What this app does when the one below it states a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import SettingChange, package_changed, workspace_settings_changed
from sims.services.factory_test import end_factory_tests
from sims.services.limits import require_fit


@receiver(package_changed)
def on_package_changed(*, workspace: Workspace, **_kwargs: Any) -> None:
    """A package without factory test ends the tests that run; what is activated then has to fit the package."""
    end_factory_tests(workspace=workspace)
    require_fit(workspace, workspace.package)


@receiver(workspace_settings_changed)
def on_workspace_settings_changed(*, workspace_id: int, changes: Sequence[SettingChange], **_kwargs: Any) -> None:
    """So does the workspace's own setting."""
    if any(change.field == "factory_test_override" for change in changes):
        end_factory_tests(workspace=Workspace.objects.select_related("package").get(pk=workspace_id))
