"""What a workspace subscribes to: its package and data plans (`docs/rules.md` section 16)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts import signals
from accounts.locking import lock_workspace
from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_actor
from kit.errors import Conflict, Forbidden, NotFound


@retried
def set_package(*, workspace_id: int, package_id: int) -> Workspace:
    """Give a workspace another platform package; the one it has changes nothing (event 33).

    Staff may choose any that is offered, an Administrator one that is an upgrade.

    Args:
        workspace_id: which workspace.
        package_id: the new package.

    Raises:
        NotFound: no such workspace or package, or the actor is not in the workspace.
        Forbidden: the role lacks the right, or it is no upgrade.
        Conflict: the package is no longer offered, or has no room for what the workspace uses; nobody is excepted.
    """
    actor = authorise(workspace_id, Permission.PACKAGE_UPDATE)
    with action():
        workspace = lock_workspace(workspace_id)
        old = workspace.package
        if old.pk == package_id:
            return workspace
        new = find_package(package_id)
        if new.status != PlatformPackage.Status.ACTIVE:
            raise Conflict(_("The package %(name)s is not offered.") % {"name": new.name}, code="not_offered")
        if not actor.everywhere and not is_upgrade(old, new):
            raise Forbidden(
                _("Only the operator's staff can change to the package %(name)s.") % {"name": new.name},
                permission=Permission.PACKAGE_UPDATE.value,
            )
        _require_fit(workspace, new)
        workspace.package = new
        workspace.save(update_fields=["package"])
        signals.package_changed.send(sender=Workspace, workspace=workspace, old=old, new=new)
    return workspace


def is_upgrade(old: PlatformPackage, new: PlatformPackage) -> bool:
    """Tell whether a customer may go from one package to another by itself: it costs more, in the same currency.

    A trial can be left for every package that is none; nobody goes back to a trial.
    """
    if new.status != PlatformPackage.Status.ACTIVE or new.evaluation or new.currency != old.currency:
        return False
    return old.evaluation or new.monthly_rate_cents > old.monthly_rate_cents


def _require_fit(workspace: Workspace, new: PlatformPackage) -> None:
    """Check that what a workspace has is within the limits of a package.

    Raises:
        Conflict: the first limit that is too low.
    """
    have = (
        (workspace.data_plans.count(), new.max_data_plans, _("data plans")),
        (workspace.memberships.count(), new.max_users, _("users")),
        (1 + workspace.linked.count(), new.max_workspaces if new.workspaces_allowed else 1, _("workspaces")),
    )
    for count, limit, what in have:
        # A workspace without linked ones is one, whatever its package says.
        if limit is not None and count > max(limit, 1):
            raise Conflict(
                _("The package %(package)s allows %(limit)s %(what)s, and there are %(count)s.")
                % {"package": new.name, "limit": limit, "what": what, "count": count},
                code="limit_reached",
                field="package",
            )


@retried
def set_data_plans(*, workspace_id: int, data_plan_ids: Sequence[int]) -> Workspace:
    """Say which data plans a workspace may use; those it has already change nothing (one event 34 for each change).

    Administrators add plans within the package; only staff take one away, because policies may rest on it.

    Args:
        workspace_id: which workspace.
        data_plan_ids: all of them, not only new ones.

    Raises:
        NotFound: no such workspace or data plan, or the actor is not in the workspace.
        Forbidden: the role lacks the right, or a customer takes a plan away.
        Conflict: more than the package allows, or a new one can't be booked any more.
    """
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    with action():
        workspace = lock_workspace(workspace_id)
        _change_data_plans(workspace, data_plan_ids)
    return workspace


@retried
def add_data_plan(*, workspace_id: int, data_plan_id: int) -> bool:
    """Let a workspace use one more data plan (event 34); one it has already changes nothing.

    Args:
        workspace_id: which workspace.
        data_plan_id: the plan.

    Returns:
        Whether it is new.

    Raises: as `set_data_plans`.
    """
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    with action():
        workspace = lock_workspace(workspace_id)
        # Read under the lock, so that two bookings at once both hold.
        return _change_data_plans(workspace, [*workspace.data_plans.values_list("pk", flat=True), data_plan_id])


@retried
def set_subscription(
    *, workspace_id: int, package_id: int | None = None, data_plan_ids: Sequence[int] | None = None
) -> None:
    """Set package and data plans together, in the order in which they fit; all of it or nothing.

    A smaller package needs the data plans that go to be gone first, and those that come need the room of the new one.

    Args:
        workspace_id: which workspace.
        package_id: the new package, `None` to keep the present one.
        data_plan_ids: all data plans that the workspace may use from now on, `None` to keep the present ones.

    Raises: as `set_package` and `set_data_plans`.
    """
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    with action():
        if package_id is not None:
            if data_plan_ids is not None:
                held = set(lock_workspace(workspace_id).data_plans.values_list("pk", flat=True))
                if len(held) > find_package(package_id).max_data_plans:
                    set_data_plans(workspace_id=workspace_id, data_plan_ids=sorted(held.intersection(data_plan_ids)))
            set_package(workspace_id=workspace_id, package_id=package_id)
        if data_plan_ids is not None:
            set_data_plans(workspace_id=workspace_id, data_plan_ids=data_plan_ids)


def _change_data_plans(workspace: Workspace, data_plan_ids: Sequence[int]) -> bool:
    """Set the data plans of a locked workspace; tells whether any changed. Raises: as `set_data_plans`."""
    wanted = {plan.pk: plan for plan in find_data_plans(data_plan_ids)}
    present = {plan.pk: plan for plan in workspace.data_plans.all()}
    added = [wanted[id_] for id_ in sorted(wanted.keys() - present.keys())]
    removed = [present[id_] for id_ in sorted(present.keys() - wanted.keys())]
    if not (added or removed):
        return False
    if removed and not current_actor().everywhere:
        raise Forbidden(
            _("Only the operator's staff can remove a data plan."), permission=Permission.PACKAGE_UPDATE.value
        )
    limit = workspace.package.max_data_plans
    if added and len(wanted) > limit:
        raise Conflict(
            _("The package %(package)s allows %(limit)s data plans, these are %(count)s.")
            % {"package": workspace.package.name, "limit": limit, "count": len(wanted)},
            code="limit_reached",
        )
    for plan in added:
        if not plan.active:
            raise Conflict(_("The data plan %(name)s can't be booked.") % {"name": plan.name}, code="not_offered")
    workspace.data_plans.add(*added)
    workspace.data_plans.remove(*removed)
    signals.data_plans_changed.send(sender=Workspace, workspace_id=workspace.pk, added=added, removed=removed)
    return True


def find_package(package_id: int) -> PlatformPackage:
    """Return a package.

    Raises:
        NotFound: there is none.
    """
    package = PlatformPackage.objects.filter(pk=package_id).first()
    if package is None:
        raise NotFound(_("Platform package with Id '%(id)s' not found.") % {"id": package_id}, field="package")
    return package


def find_data_plans(ids: Sequence[int]) -> list[DataPlan]:
    """Return data plans in id order.

    Raises:
        NotFound: one of them is none.
    """
    plans = list(DataPlan.objects.filter(pk__in=ids).order_by("pk"))
    missing = set(ids) - {plan.pk for plan in plans}
    if missing:
        raise NotFound(_("Data plan with Id '%(id)s' not found.") % {"id": min(missing)}, field="data_plans")
    return plans
