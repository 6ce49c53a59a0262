"""Workspaces: made by staff, their settings, package and data plans (`behaviour.md` sections 8 and 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import models
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.permissions import Permission, authorise
from accounts.services.requests import require_room
from accounts.services.rows import assign, check, differences, lock_workspace
from accounts.services.sessions import require_staff
from accounts.signals import SettingChange
from kit.action import action
from kit.context import current_actor, current_context
from kit.errors import Conflict, Forbidden, Invalid, NotFound

_ORGANISATION: Final = ("name", "country")
_STAFF_SETTINGS: Final = (
    "type",
    "status",
    "currency",
    "main_id",
    "factory_test_override",
    "factory_test_bytes",
    "factory_test_sms",
    "factory_test_days",
    "event_days",
)


def create_workspace(
    *,
    name: str,
    package_id: int,
    type: int = Workspace.Type.ENTERPRISE,  # noqa: A002 - the field's name, and the wire's
    country: str = "",
    currency: str = "EUR",
    main_id: int | None = None,
    data_plan_ids: Sequence[int] = (),
) -> Workspace:
    """Make a workspace.

    Args:
        name: what people call it.
        package_id: its platform package.
        type: kind of organisation; there is one Mobile network operator, the operator's own.
        country: ISO 3166 code of two letters, or empty.
        currency: EUR or USD.
        main_id: the main organisation it is linked to; `None` for an organisation of its own.
        data_plan_ids: data plans it may use.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such package, data plan or main organisation.
        Conflict: the operator has its workspace already.
        Invalid: an input is wrong.
    """
    require_staff("workspace_create")
    with action():
        package = _package(package_id)
        plans = _data_plans(data_plan_ids)
        if main_id is not None:
            main = lock_workspace(main_id)
            _require_main(main)
            require_room(main)
        if type == Workspace.Type.OPERATOR and Workspace.objects.filter(type=type).exists():
            raise Conflict(_("The operator has a workspace already."), code="duplicate", field="type")
        workspace = Workspace(
            name=name.strip(),
            package=package,
            type=type,
            country=country.upper(),
            currency=currency,
            main_id=main_id,
            created=current_context().now(),
        )
        check(workspace, ("name", "type", "country", "currency"))
        workspace.save(force_insert=True)
        workspace.data_plans.set(plans)
        signals.workspace_created.send(sender=Workspace, workspace=workspace)
    return workspace


def update_workspace(*, workspace_id: int, changes: Mapping[str, Any]) -> Workspace:
    """Change settings of a workspace; values that hold already change nothing.

    Args:
        workspace_id: which one.
        changes: field name (`main_id` for the main organisation) to new value. Customers may change `name` and
            `country`, staff all of them; package, data plans and SuperAdmin have their own actions.

    Raises:
        NotFound: no such workspace, or the actor is not in it.
        Forbidden: the role lacks the right, or the setting is the staff's.
        Invalid: a value is wrong; `field` names it.
        Conflict: a link to the main organisation that can't be.
    """
    actor = authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    if not actor.everywhere and set(changes) - set(_ORGANISATION):
        raise Forbidden(
            _("Only the operator's staff can change this setting."), permission=Permission.WORKSPACE_UPDATE.value
        )
    with action():
        workspace = lock_workspace(workspace_id)
        before = {name: getattr(workspace, name) for name in changes}
        shown = {name: _shown(workspace, name) for name in changes}
        changed = assign(workspace, changes, (*_ORGANISATION, *_STAFF_SETTINGS))
        if not changed:
            return workspace
        if "main_id" in changed:
            _check_link(workspace)
        workspace.save(update_fields=changed)
        organisation = [name for name in changed if name in _ORGANISATION]
        if organisation:
            signals.organisation_updated.send(
                sender=Workspace,
                workspace_id=workspace_id,
                changes=differences(before, workspace, organisation),
            )
        settings = [
            SettingChange(field=name, label=_label(name), old=shown[name], new=_shown(workspace, name))
            for name in changed
            if name not in _ORGANISATION
        ]
        if settings:
            signals.workspace_settings_changed.send(sender=Workspace, workspace_id=workspace_id, changes=settings)
    return workspace


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
        new = _package(package_id)
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


def _change_data_plans(workspace: Workspace, data_plan_ids: Sequence[int]) -> bool:
    """Set the data plans of a locked workspace; tells whether any changed. Raises: as `set_data_plans`."""
    wanted = {plan.pk: plan for plan in _data_plans(data_plan_ids)}
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


def _package(package_id: int) -> PlatformPackage:
    package = PlatformPackage.objects.filter(pk=package_id).first()
    if package is None:
        raise NotFound(_("Platform package with Id '%(id)s' not found.") % {"id": package_id}, field="package")
    return package


def _data_plans(ids: Sequence[int]) -> list[DataPlan]:
    plans = list(DataPlan.objects.filter(pk__in=ids).order_by("pk"))
    missing = set(ids) - {plan.pk for plan in plans}
    if missing:
        raise NotFound(_("Data plan with Id '%(id)s' not found.") % {"id": min(missing)}, field="data_plans")
    return plans


def _require_main(main: Workspace) -> None:
    if main.main_id is not None:
        raise Conflict(
            _("%(name)s is linked itself. Choose its main organisation.") % {"name": main.name}, field="main"
        )


def _check_link(workspace: Workspace) -> None:
    """Refuse chains: a linked workspace hangs on a main organisation, and a main one is not linked."""
    if workspace.main_id is None:
        return
    if workspace.main_id == workspace.pk:
        raise Invalid(_("A workspace can't be linked to itself."), field="main")
    if workspace.super_admin_id is not None or workspace.linked.exists():
        raise Conflict(_("This is a main organisation, so it can't be linked to another one."), field="main")
    main = lock_workspace(workspace.main_id)
    _require_main(main)
    require_room(main)


def _field(name: str) -> models.Field[Any, Any]:
    return next(field for field in Workspace._meta.fields if field.attname == name)


def _label(name: str) -> str:
    """Return the English name of a setting: texts of events are not translated."""
    with translation.override("en"):
        return capfirst(str(_field(name).verbose_name))


def _shown(workspace: Workspace, name: str) -> str:
    """Return the value of a setting as an event shows it."""
    with translation.override("en"):
        if name == "main_id":
            return workspace.main.name if workspace.main else "none"
        if name == "factory_test_override":
            return {None: "as the package says", True: "on", False: "off"}[workspace.factory_test_override]
        if _field(name).choices:
            return str(getattr(workspace, f"get_{name}_display")())
        return str(getattr(workspace, name))
