"""What a customer says about itself: company details, billing configuration, and the second factor it demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts import signals
from accounts.changes import assign, differences
from accounts.locking import lock_workspace
from accounts.models import CompanyDetails, Workspace
from accounts.permissions import Permission, authorise
from accounts.sign_in.second_factors import has_second_factor
from accounts.signals import Changes, SettingChange
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import ActorKind
from kit.errors import Conflict, Forbidden, Invalid

WORKSPACE_FIELDS: Final = ("name", "country")
DETAIL_FIELDS: Final = ("street", "postal_code", "city", "verification_type", "verification")
BILLING_FIELDS: Final = ("charging_model", "payment_term", "vatin", "invoice_email")
_WIRE_NAMES: Final = {"verification_type": "verification_type_id"}
"""Fields that the published event calls by another name."""
_ON_AN_INVOICE: Final = ("charging_model", "payment_term")
"""Terms of the contract: the operator's staff alone change them."""


def company_of(workspace_id: int) -> CompanyDetails:
    """Return the details of a workspace; empty ones, not stored, when nobody has filled them in."""
    found = CompanyDetails.objects.filter(workspace_id=workspace_id).first()
    return found or CompanyDetails(workspace_id=workspace_id)


@retried
def update_company(*, workspace_id: int, changes: Mapping[str, Any]) -> None:
    """Change company details; values that hold already change nothing (event 31 with all that changed).

    Args:
        workspace_id: whose.
        changes: `name`, `country`, `street`, `postal_code`, `city`, `verification_type` or `verification` to new value.

    Raises:
        NotFound, Forbidden: the actor may not change this workspace.
        Invalid: a value is wrong; `field` names it.
    """
    authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    with action():
        workspace = lock_workspace(workspace_id)
        company = company_of(workspace_id)
        told = {
            **_assigned(workspace, changes, WORKSPACE_FIELDS),
            **_assigned(company, changes, DETAIL_FIELDS),
        }
        if company.verification and company.verification_type is None:
            raise Invalid(_("Say what kind of number this is."), field="verification_type")
        if not told:
            return
        workspace.save(update_fields=list(WORKSPACE_FIELDS))
        company.save()
        signals.organisation_updated.send(
            sender=Workspace,
            workspace_id=workspace_id,
            changes={_WIRE_NAMES.get(name, name): change for name, change in told.items()},
        )


@retried
def update_billing(*, workspace_id: int, changes: Mapping[str, Any]) -> None:
    """Change the billing configuration (event 32 with the configuration as it is then).

    Args:
        workspace_id: whose.
        changes: `vatin`, `invoice_email`, and for staff `charging_model` and `payment_term`, to new value.

    Raises:
        NotFound, Forbidden: the actor may not change this workspace.
        Invalid: a value is wrong, or a term of the contract that only staff change; `field` names it.
    """
    actor = authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    with action():
        lock_workspace(workspace_id)
        company = company_of(workspace_id)
        told = _assigned(company, changes, BILLING_FIELDS)
        if not told:
            return
        term = next((name for name in _ON_AN_INVOICE if name in told), None)
        if term is not None and not actor.everywhere:
            raise Invalid(_("Only the operator's staff can change the terms of your contract."), field=term)
        company.save()
        signals.billing_updated.send(sender=CompanyDetails, workspace_id=workspace_id, company=company, changes=told)


def _assigned(row: Any, changes: Mapping[str, Any], names: tuple[str, ...]) -> Changes:
    values = {name: changes[name] for name in names if name in changes}
    before = {name: getattr(row, name) for name in values}
    changed = assign(row, values, names)
    return differences(before, row, changed)


@retried
def set_mfa_required(*, workspace_id: int, required: bool) -> None:
    """Demand a second factor of everybody in a workspace, or stop demanding it (event 10040).

    Whoever has none sees only the page where it is set up, until it is. Who demands one has to have one: otherwise
    the first person kept out would be the one who has just saved.

    Args:
        workspace_id: which one.
        required: whether from now on.

    Raises:
        NotFound, Forbidden: the actor may not change this workspace, or is no person.
        Conflict: the actor has no second factor.
    """
    actor = authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    if actor.kind == ActorKind.APPLICATION_TOKEN:
        raise Forbidden(_("Only a person can change this."), permission=Permission.WORKSPACE_UPDATE.value)
    with action():
        withhold(workspaces=[workspace_id])
        workspace = lock_workspace(workspace_id)
        if workspace.mfa_required == required:
            return
        own_id = actor.person.user_id if actor.kind == ActorKind.USER and actor.person is not None else None
        if required and own_id is not None and not has_second_factor(own_id):
            raise Conflict(
                _("Set up your own second factor first, under Your account; you would lock yourself out."),
                code="no_key",
                field="mfa_required",
            )
        workspace.mfa_required = required
        workspace.save(update_fields=["mfa_required"])
        words = {True: "required", False: "optional"}
        change = SettingChange(
            field="mfa_required", label="Second factor", old=words[not required], new=words[required]
        )
        signals.workspace_settings_changed.send(sender=Workspace, workspace_id=workspace_id, changes=[change])
