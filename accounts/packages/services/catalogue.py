"""What the operator sells: platform packages and data plans. Every edit leaves its row in the operator's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NoReturn

from django.utils.translation import gettext as _

from accounts import signals
from accounts.changes import assign, check, differences, plain
from accounts.models import DataPlan, PlatformPackage
from accounts.permissions import authorise_staff
from accounts.selectors import operator_workspace_id
from accounts.signals import Changes
from kit.action import action, retried
from kit.errors import Conflict, NotFound

Item = Literal["package", "data_plan"]
What = Literal["created", "updated", "withdrawn"]

_PACKAGE_FIELDS: Final = tuple(field.name for field in PlatformPackage._meta.fields if field.name != "id")
_DATA_PLAN_FIELDS: Final = tuple(field.name for field in DataPlan._meta.fields if field.name != "id")
_GONE: Final = frozenset({PlatformPackage.Status.DEPRECATED, PlatformPackage.Status.DELETED})


@retried
def create_package(*, values: Mapping[str, Any]) -> PlatformPackage:
    """Add a platform package to the catalogue.

    Args:
        values: field name to value; `name` at least. Rates are cents a month.

    Raises:
        Forbidden: somebody else than staff asks.
        Invalid: a value is wrong, or the name is taken; `field` names it.
    """
    authorise_staff("accounts.add_platformpackage")
    package = PlatformPackage(**values)
    check(package, _PACKAGE_FIELDS)
    with action():
        package.save(force_insert=True)
        _tell("package", "created", package, _created(package, values))
    return package


@retried
def update_package(*, package_id: int, changes: Mapping[str, Any]) -> PlatformPackage:
    """Edit a platform package; workspaces that have it feel it at once.

    Args:
        package_id: which one.
        changes: field name to new value.

    Raises:
        Forbidden, NotFound, Invalid: not staff, no such package, a wrong value.
        Conflict: another currency, while workspaces have it.
    """
    authorise_staff("accounts.change_platformpackage")
    with action():
        package = PlatformPackage.objects.select_for_update(of=("self",)).filter(pk=package_id).first()
        if package is None:
            raise NotFound(_("Platform package with Id '%(id)s' not found.") % {"id": package_id})
        before = {name: getattr(package, name) for name in changes}
        changed = assign(package, changes, _PACKAGE_FIELDS)
        if "currency" in changed and package.workspaces.exists():
            _refuse_currency(package.name)
        if changed:
            package.save(update_fields=changed)
            gone = "status" in changed and package.status in _GONE
            _tell("package", "withdrawn" if gone else "updated", package, differences(before, package, changed))
    return package


@retried
def create_data_plan(*, values: Mapping[str, Any]) -> DataPlan:
    """Add a data plan to the catalogue. Args and errors as `create_package`."""
    authorise_staff("accounts.add_dataplan")
    plan = DataPlan(**values)
    check(plan, _DATA_PLAN_FIELDS)
    with action():
        plan.save(force_insert=True)
        _tell("data_plan", "created", plan, _created(plan, values))
    return plan


@retried
def update_data_plan(*, data_plan_id: int, changes: Mapping[str, Any]) -> DataPlan:
    """Edit a data plan. Args and errors as `update_package`."""
    authorise_staff("accounts.change_dataplan")
    with action():
        plan = DataPlan.objects.select_for_update(of=("self",)).filter(pk=data_plan_id).first()
        if plan is None:
            raise NotFound(_("Data plan with Id '%(id)s' not found.") % {"id": data_plan_id})
        before = {name: getattr(plan, name) for name in changes}
        changed = assign(plan, changes, _DATA_PLAN_FIELDS)
        if "currency" in changed and plan.workspaces.exists():
            _refuse_currency(plan.name)
        if changed:
            plan.save(update_fields=changed)
            gone = "active" in changed and not plan.active
            _tell("data_plan", "withdrawn" if gone else "updated", plan, differences(before, plan, changed))
    return plan


def _refuse_currency(name: str) -> NoReturn:
    """Refuse another currency for what workspaces have: theirs would not be it any more."""
    raise Conflict(
        _("Workspaces have %(name)s in its present currency. Make another one, and give it to them.") % {"name": name},
        code="currency",
        field="currency",
    )


def _created(item: PlatformPackage | DataPlan, values: Mapping[str, Any]) -> Changes:
    return {name: {"from": None, "to": plain(getattr(item, name))} for name in values}


def _tell(kind: Item, what: What, item: PlatformPackage | DataPlan, changes: Changes) -> None:
    workspace_id = operator_workspace_id()
    signals.catalogue_changed.send(
        sender=type(item),
        workspace_id=workspace_id,
        kind=kind,
        what=what,
        item_id=item.pk,
        name=item.name,
        changes=changes,
    )
