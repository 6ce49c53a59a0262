"""What `sims` does when `accounts` states a change, and what it keeps of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts.models import DataPlan, Workspace
from accounts.signals import (
    SettingChange,
    data_plans_changed,
    package_changed,
    user_erased,
    workspace_created,
    workspace_settings_changed,
)
from kit.context import Person
from kit.erased_names import ErasedNames
from kit.errors import Conflict
from sims import signals
from sims.connectivity.services.reports import forget_connections
from sims.inventory.services.limits import require_fit
from sims.models import CoveragePolicy, Device, DeviceFile, ServicePolicy, Sim
from sims.models.connectivity import Sms
from sims.policies.services.defaults import cover_first_plan, create_first_policies, follow_plan
from sims.signals import (
    Cause,
    ConnectivityReset,
    DeviceFact,
    DeviceStatusChange,
    DeviceUpdated,
    SimAssigned,
    SimReleased,
    SimRow,
    SimStatusChange,
)
from sims.tenures import keep
from sims.usage.services.factory_test import end_factory_tests, remember_test_limits

TEXTS: Final[
    tuple[tuple[type[Device | DeviceFile | Sim | ServicePolicy | CoveragePolicy | Sms], str, tuple[str, ...]], ...]
] = (
    (Device, "device", ("name", "tags", "note")),
    (Sim, "sim", ("note",)),
    (DeviceFile, "device_file", ("name", "refused")),
    (ServicePolicy, "service_policy", ("description",)),
    (CoveragePolicy, "coverage_policy", ("description",)),
    (Sms, "sms", ("source_address", "payload")),
)
"""Columns in which somebody may have typed a name, with what the log calls the rows."""


LIMITS: Final = frozenset({"factory_test_bytes", "factory_test_sms", "factory_test_days"})
"""What a workspace allows in factory test."""
OF_SIMS: Final = (SimStatusChange, DeviceStatusChange, SimAssigned, SimReleased, DeviceUpdated)
"""What happens to devices and concerns how their SIM stands."""


@receiver(workspace_created)
def on_workspace_created(*, workspace: Workspace, **_kwargs: Any) -> None:
    """Give a new workspace the policies that its first device needs."""
    create_first_policies(workspace=workspace)


@receiver(package_changed)
def on_package_changed(*, workspace: Workspace, **_kwargs: Any) -> None:
    """A package without factory test ends the tests that run; what is activated then has to fit the package."""
    end_factory_tests(workspace=workspace)
    require_fit(workspace, workspace.package)


@receiver(workspace_settings_changed)
def on_workspace_settings_changed(*, workspace_id: int, changes: Sequence[SettingChange], **_kwargs: Any) -> None:
    """End the factory tests of a workspace whose own setting no longer allows them, and remember its former limits."""
    former = {change.field: change.former for change in changes}
    if former.keys() & LIMITS:
        remember_test_limits(Workspace.objects.get(pk=workspace_id), former)
    if "factory_test_override" in former:
        end_factory_tests(workspace=Workspace.objects.select_related("package").get(pk=workspace_id))


@receiver(data_plans_changed)
def on_data_plans_changed(
    *, workspace_id: int, added: Sequence[DataPlan], removed: Sequence[DataPlan], **_kwargs: Any
) -> None:
    """Refuse that a data plan goes while a policy uses it: its devices would have no tariff.

    A policy without devices takes the plan that comes in its place, if one does. The first plan that is booked brings
    the coverage policy that the workspace lacked for want of one.

    Raises:
        Conflict: one does; the text names both.
    """
    if added and removed:
        follow_plan(workspace_id=workspace_id, removed=removed, plan=added[0])
    using = CoveragePolicy.objects.of(workspace_id).filter(data_plan__in=removed).select_related("data_plan")
    policy = using.order_by("data_plan_id", "name").first()
    if policy is not None:
        raise Conflict(
            _(
                "The coverage policy '%(policy)s' (ID %(id)s) of this workspace uses the data plan %(plan)s. Give it "
                "another plan, or delete it, first."
            )
            % {"policy": policy.name, "id": policy.pk, "plan": policy.data_plan.name},
            code="in_use",
            field="data_plans",
        )
    if added:
        cover_first_plan(workspace_id=workspace_id, plan=added[0])


@receiver(signals.sims_registered)
@receiver(signals.sims_allotted)
@receiver(signals.sims_transferred)
def on_sims_moved(*, sims: Sequence[SimRow], **_kwargs: Any) -> None:
    """Keep who holds SIMs that came into a workspace."""
    keep(sim.id for sim in sims)


@receiver(signals.sim_status_changed)
def on_sim_status_changed(*, changes: Sequence[SimStatusChange], **_kwargs: Any) -> None:
    """Keep the states of SIMs; those whose test a check has ended are in place already, by when it was over."""
    keep(change.sim.id for change in changes if change.cause is Cause.ASKED)


@receiver(signals.devices_changed)
def on_devices_changed(*, steps: Sequence[DeviceFact], **_kwargs: Any) -> None:
    """Keep which devices SIMs are on, and whether these may use the network; a reset ends their connections."""
    keep(step.sim.id for step in steps if isinstance(step, OF_SIMS) and step.sim is not None)
    if reset := [step.sim.id for step in steps if isinstance(step, ConnectivityReset)]:
        forget_connections(reset)


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
