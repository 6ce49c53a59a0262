"""What a workspace subscribes to: its package and data plans (`docs/rules.md` section 16)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from accounts import signals
from accounts.changes import assign
from accounts.locking import lock_workspace
from accounts.models import Currency, DataPlan, DataPlanBooking, PlatformPackage, Workspace
from accounts.permissions import Permission, authorise
from accounts.selectors import seats_held
from accounts.signals import SettingChange
from accounts.trials import require_open
from kit.action import action, retried
from kit.context import current_actor, current_context
from kit.errors import Conflict, Forbidden, NotFound


@retried
def set_package(*, workspace_id: int, package_id: int) -> Workspace:
    """Give a workspace another platform package; the one it has changes nothing (event 33).

    Staff may choose any that is offered, an Administrator one that is an upgrade. A trial begins anew with each
    assignment of one.

    Args:
        workspace_id: which workspace.
        package_id: the new package.

    Raises:
        NotFound: no such workspace or package, or the actor is not in the workspace.
        Forbidden: the role lacks the right, or it is no upgrade.
        Conflict: the package is no longer offered, is in another currency than the workspace, or has no room for what
            the workspace uses; nobody is excepted.
    """
    authorise(workspace_id, Permission.PACKAGE_UPDATE)
    with action():
        workspace = lock_workspace(workspace_id)
        new = find_package(package_id)
        if workspace.package_id != new.pk:
            _change_package(workspace, new)
            _require_currency(workspace, new)
    return workspace


def _change_package(workspace: Workspace, new: PlatformPackage) -> None:
    """Give a locked workspace another package. Raises: as `set_package`, but for the currency."""
    old = workspace.package
    if old.pk == new.pk:
        return
    if new.status != PlatformPackage.Status.ACTIVE:
        raise Conflict(_("The package %(name)s is not offered.") % {"name": new.name}, code="not_offered")
    if not current_actor().everywhere and not is_upgrade(old, new):
        raise Forbidden(
            _("Only the operator's staff can change to the package %(name)s.") % {"name": new.name},
            permission=Permission.PACKAGE_UPDATE.value,
        )
    _require_fit(workspace, new)
    workspace.package, workspace.package_since = new, current_context().now()
    # Each assignment begins a new trial, with the credit of its package.
    workspace.prepaid_extra_cents, workspace.credit_ended = 0, None
    workspace.save(update_fields=["package", "package_since", "prepaid_extra_cents", "credit_ended"])
    signals.package_changed.send(sender=Workspace, workspace=workspace, old=old, new=new)


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
        (seats_held(workspace, current_context().now()), new.max_users, _("users and open invitations")),
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
        _require_plans_currency(workspace)
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
        held = workspace.data_plans.values_list("pk", flat=True)
        changed = _change_data_plans(workspace, [*held, data_plan_id])
        if changed:
            _require_plans_currency(workspace)
        return changed


@retried
def set_subscription(
    *,
    workspace_id: int,
    package_id: int | None = None,
    data_plan_ids: Sequence[int] | None = None,
    currency: str | None = None,
) -> None:
    """Set package, data plans and currency together, in the order in which they fit; all of it or nothing.

    A smaller package needs the data plans that go to be gone first, and those that come need the room of the new one.
    What holds in the end is in one currency (`docs/rules.md` section 16).

    Args:
        workspace_id: which workspace.
        package_id: the new package, `None` to keep the present one.
        data_plan_ids: all data plans that the workspace may use from now on, `None` to keep the present ones.
        currency: of the workspace from now on, `None` to keep the present one; staff alone change it.

    Raises: as `set_package` and `set_data_plans`.
    """
    actor = authorise(workspace_id, Permission.PACKAGE_UPDATE)
    if currency is not None and not actor.everywhere:
        raise Forbidden(
            _("Only the operator's staff can change this setting."), permission=Permission.PACKAGE_UPDATE.value
        )
    with action():
        workspace = lock_workspace(workspace_id)
        before = workspace.currency, workspace.package_id
        if currency is not None:
            _change_currency(workspace, currency)
        if package_id is not None:
            new = find_package(package_id)
            if data_plan_ids is not None:
                held = set(workspace.data_plans.values_list("pk", flat=True))
                if len(held) > new.max_data_plans:
                    _change_data_plans(workspace, sorted(held.intersection(data_plan_ids)))
            _change_package(workspace, new)
        changed = data_plan_ids is not None and _change_data_plans(workspace, data_plan_ids)
        # What was in another currency before, and is not touched, stays for staff to mend.
        if before != (workspace.currency, workspace.package_id):
            _require_currency(workspace, workspace.package)
        if changed or before[0] != workspace.currency:
            _require_plans_currency(workspace)


def _change_currency(workspace: Workspace, currency: str) -> None:
    """Set the currency of a locked workspace (event 10040)."""
    old = workspace.currency
    if assign(workspace, {"currency": currency}, ("currency",)):
        workspace.save(update_fields=["currency"])
        names = [str(Currency(value).label) for value in (old, workspace.currency)]
        change = SettingChange(field="currency", label="Currency", old=names[0], new=names[1])
        signals.workspace_settings_changed.send(sender=Workspace, workspace_id=workspace.pk, changes=[change])


def _require_currency(workspace: Workspace, package: PlatformPackage) -> None:
    """Check that a package is in the currency of its workspace.

    Raises:
        Conflict: it is not.
    """
    if package.currency != workspace.currency:
        raise Conflict(
            _(
                "The package %(package)s is in %(theirs)s and the workspace in %(ours)s. Change the currency of the "
                "workspace along with it, and its data plans."
            )
            % {"package": package.name, "theirs": package.currency, "ours": workspace.currency},
            code="currency",
            field="package",
        )


def _require_plans_currency(workspace: Workspace) -> None:
    """Check that the data plans of a workspace are in its currency. One query. Raises: as `require_one_currency`."""
    _refuse_plans(workspace.currency, workspace.data_plans.exclude(currency=workspace.currency).order_by("pk"))


def _refuse_plans(currency: str, plans: Iterable[DataPlan]) -> None:
    for plan in plans:
        raise Conflict(
            _("The data plan %(plan)s is in %(theirs)s and the workspace in %(ours)s. Choose a plan in %(ours)s.")
            % {"plan": plan.name, "theirs": plan.currency, "ours": currency},
            code="currency",
            field="data_plans",
        )


def require_one_currency(currency: str, package: PlatformPackage, plans: Sequence[DataPlan]) -> None:
    """Check that a workspace, a package and data plans that are put together are in one currency.

    Raises:
        Conflict: they are not; `field` names what differs from the workspace.
    """
    _require_currency(Workspace(currency=currency), package)
    _refuse_plans(currency, [plan for plan in plans if plan.currency != currency])


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
    if added:
        require_open(workspace.pk, _("no data plan is booked"))
    since = dict(
        DataPlanBooking.objects.filter(workspace=workspace, data_plan__in=removed).values_list("data_plan_id", "since")
    )
    workspace.data_plans.add(*added, through_defaults={"since": current_context().now()})
    workspace.data_plans.remove(*removed)
    signals.data_plans_changed.send(
        sender=Workspace, workspace_id=workspace.pk, added=added, removed=removed, since=since
    )
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
