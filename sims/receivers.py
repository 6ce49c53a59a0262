"""What `sims` does when `accounts` states a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import SettingChange, package_changed, user_erased, workspace_settings_changed
from kit.context import Person
from kit.erased_names import ErasedNames
from sims.inventory.services.limits import require_fit
from sims.models import CoveragePolicy, Device, ServicePolicy
from sims.models.connectivity import Sms
from sims.usage.services.factory_test import end_factory_tests

TEXTS: Final[tuple[tuple[type[Device | ServicePolicy | CoveragePolicy | Sms], str, tuple[str, ...]], ...]] = (
    (Device, "device", ("name", "tags")),
    (ServicePolicy, "service_policy", ("description",)),
    (CoveragePolicy, "coverage_policy", ("description",)),
    (Sms, "sms", ("source_address", "payload")),
)
"""Columns in which somebody may have typed a name, with what the log calls the rows."""


@receiver(package_changed)
def on_package_changed(*, workspace: Workspace, **_kwargs: Any) -> None:
    """A package without factory test ends the tests that run; what is activated then has to fit the package."""
    end_factory_tests(workspace=workspace)
    require_fit(workspace, workspace.package)


@receiver(workspace_settings_changed)
def on_workspace_settings_changed(*, workspace_id: int, changes: Sequence[SettingChange], **_kwargs: Any) -> None:
    """End the factory tests of a workspace whose own setting no longer allows them."""
    if any(change.field == "factory_test_override" for change in changes):
        end_factory_tests(workspace=Workspace.objects.select_related("package").get(pk=workspace_id))


@receiver(user_erased)
def on_user_erased(
    *,
    names: Sequence[str],
    places: Sequence[int],
    replacement: Person,
    covers: dict[str, list[int]],
    **_kwargs: Any,
) -> None:
    """Replace the person in devices, messages and policies: by e-mail address everywhere, by name where they were.

    Others may be called so elsewhere. Names of policies stay: they are the customer's words for its rules.
    """
    erased = ErasedNames(names, replacement)
    mailed = ErasedNames(erased.addresses, replacement)
    for model, kind, columns in TEXTS:
        changed = erased.erase_in(model.objects.filter(workspace_id__in=places), columns)
        changed += mailed.erase_in(model.objects.all(), columns)
        if changed:
            covers.setdefault(kind, []).extend(changed)
