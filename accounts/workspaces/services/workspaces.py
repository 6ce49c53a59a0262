"""Workspaces: made by staff, their settings, package and data plans (`docs/rules.md` sections 8 and 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import models
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import signals
from accounts.changes import assign, check, differences
from accounts.locking import lock_workspace
from accounts.models import Workspace
from accounts.packages.services.subscriptions import find_data_plans, find_package, require_one_currency
from accounts.packages.services.trials import reopen_credit
from accounts.people.services.members import settle_tokens
from accounts.permissions import Permission, authorise, authorise_staff
from accounts.signals import SettingChange
from accounts.staff_roles import SHORTEN_LOG
from accounts.standing import CLOSES, withhold
from accounts.workspaces.services.requests import require_room
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Forbidden, Invalid
from kit.money import money

_ORGANISATION: Final = ("name", "country")
_STAFF_SETTINGS: Final = (
    "type",
    "status",
    "main_id",
    "factory_test_override",
    "factory_test_bytes",
    "factory_test_sms",
    "factory_test_days",
    "event_days",
    "prepaid_extra_cents",
)


@retried
def create_workspace(
    *,
    name: str,
    package_id: int,
    type: int = Workspace.Type.ENTERPRISE,  # noqa: A002 - the field's name, and the wire's
    country: str = "",
    currency: str | None = None,
    main_id: int | None = None,
    data_plan_ids: Sequence[int] = (),
) -> Workspace:
    """Make a workspace.

    Args:
        name: what people call it.
        package_id: its platform package.
        type: kind of organisation; the one Mobile network operator is there from the start.
        country: ISO 3166 code of two letters, or empty.
        currency: EUR or USD; that of the package when left out.
        main_id: the main organisation it is linked to; `None` for an organisation of its own.
        data_plan_ids: data plans it may use.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such package, data plan or main organisation.
        Conflict: the operator has its workspace already.
        Invalid: an input is wrong.
    """
    authorise_staff("accounts.add_workspace")
    with action():
        package = find_package(package_id)
        plans = find_data_plans(data_plan_ids)
        if main_id is not None:
            main = lock_workspace(main_id)
            _require_main(main)
            require_room(main)
        if type == Workspace.Type.OPERATOR:
            raise Conflict(_("The operator has a workspace already."), code="duplicate", field="type")
        workspace = Workspace(
            name=name,
            package=package,
            type=type,
            country=country.upper(),
            currency=currency or package.currency,
            main_id=main_id,
            created=current_context().now(),
            package_since=current_context().now(),
        )
        check(workspace, ("name", "type", "country", "currency"))
        require_one_currency(workspace.currency, package, plans)
        workspace.save(force_insert=True)
        workspace.data_plans.set(plans, through_defaults={"since": workspace.created})
        signals.workspace_created.send(sender=Workspace, workspace=workspace)
    return workspace


@retried
def update_workspace(*, workspace_id: int, changes: Mapping[str, Any]) -> Workspace:
    """Change settings of a workspace; values that hold already change nothing.

    Args:
        workspace_id: which one.
        changes: field name (`main_id` for the main organisation) to new value. Customers may change `name` and
            `country`, staff all of them; package, data plans, currency and SuperAdmin have their own actions.

    Raises:
        NotFound: no such workspace, or the actor is not in it.
        Forbidden: the role lacks the right, or the setting is the staff's; or events would be kept for fewer days than
            they are, which superusers alone may do.
        Invalid: a value is wrong; `field` names it.
        Conflict: a link to the main organisation that can't be, or a type that would make a second operator or none.
    """
    actor = authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    if not actor.everywhere and set(changes) - set(_ORGANISATION):
        raise Forbidden(
            _("Only the operator's staff can change this setting."), permission=Permission.WORKSPACE_UPDATE.value
        )
    with action():
        if CLOSES & set(changes):
            withhold(workspaces=[workspace_id])
        workspace = lock_workspace(workspace_id)
        before = {name: getattr(workspace, name) for name in changes}
        shown = {name: _shown(workspace, name) for name in changes}
        if changes.get("type", workspace.type) != workspace.type and Workspace.Type.OPERATOR in {
            workspace.type,
            changes["type"],
        }:
            raise Conflict(
                _("The operator has exactly one workspace, and it stays the operator's."), code="operator", field="type"
            )
        if changes.get("event_days", workspace.event_days) < workspace.event_days:
            # Whoever could shorten a log could cover what they did.
            authorise_staff(SHORTEN_LOG)
        changed = assign(workspace, changes, (*_ORGANISATION, *_STAFF_SETTINGS))
        if not changed:
            return workspace
        if "main_id" in changed:
            _check_link(workspace)
        if "prepaid_extra_cents" in changed:
            changed += reopen_credit(workspace)
        workspace.save(update_fields=changed)
        changed = [name for name in changed if name in changes]
        if "main_id" in changed and before["main_id"] is not None:
            _settle_former_main(workspace, before["main_id"])
        organisation = [name for name in changed if name in _ORGANISATION]
        if organisation:
            signals.organisation_updated.send(
                sender=Workspace,
                workspace_id=workspace_id,
                changes=differences(before, workspace, organisation),
            )
        settings = [
            SettingChange(name, _label(name), old=shown[name], new=_shown(workspace, name), former=before[name])
            for name in changed
            if name not in _ORGANISATION
        ]
        if settings:
            signals.workspace_settings_changed.send(sender=Workspace, workspace_id=workspace_id, changes=settings)
    return workspace


def _settle_former_main(workspace: Workspace, main_id: int) -> None:
    """End what the SuperAdmin of the former main organisation could still do here by application tokens."""
    chief = Workspace.objects.filter(pk=main_id).values_list("super_admin_id", flat=True).first()
    if chief is not None:
        settle_tokens(workspace_id=workspace.pk, user_id=chief)


def _require_main(main: Workspace) -> None:
    if main.main_id is not None:
        raise Conflict(
            _("%(name)s is linked itself. Choose its main organisation.") % {"name": main.name}, field="main"
        )
    if main.type == Workspace.Type.OPERATOR:
        # Whoever is SuperAdmin there, mostly staff, would enter the linked workspace without support access.
        raise Conflict(_("Nothing can be linked to the operator's own workspace."), code="operator", field="main")


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
        if name == "prepaid_extra_cents":
            return money(workspace.prepaid_extra_cents, workspace.currency)
        if _field(name).choices:
            return str(getattr(workspace, f"get_{name}_display")())
        return str(getattr(workspace, name))
