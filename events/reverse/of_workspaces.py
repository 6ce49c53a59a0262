"""The opposites of events about the workspace's own data, its orders and transfers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import CompanyDetails, Workspace
from accounts.workspaces.services.company import DETAIL_FIELDS, WORKSPACE_FIELDS, set_mfa_required, update_company
from events.reverse.opposites import Difference, Gone, Opposite, Row, changed_since, text, word
from kit.errors import DomainError
from orders.models import Order
from orders.services.orders import orders_cancel, refusal_text
from orders.states import OrderStatus, may_move
from sims.inventory.services.transfer import transfer_sims


def organisation(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Change the company details back."""
    workspace = Workspace.objects.get(pk=row["workspace_id"])
    company = CompanyDetails.objects.filter(workspace=workspace).first() or CompanyDetails(workspace=workspace)
    values: dict[str, Any] = {}
    differences = []
    for each in detail["changed_data"]:
        for wire_name, change in each.items():
            name = wire_name.removesuffix("_id") if wire_name == "verification_type_id" else wire_name
            if name not in (*WORKSPACE_FIELDS, *DETAIL_FIELDS):
                raise Gone(_("This event does not keep enough of what was before."))
            held = getattr(workspace if name in WORKSPACE_FIELDS else company, name)
            old = "" if change["old"] == "null" else change["old"]
            new = "" if change["new"] == "null" else change["new"]
            shown = "" if held is None else str(held)
            if shown == old:
                continue
            if shown != new:
                raise Gone(changed_since(name))
            values[name] = (int(old) if old else None) if name == "verification_type" else old
            differences.append(Difference(word(name), text(shown), text(old)))
    if not values:
        raise Gone(_("Everything is as it was before."))
    return Opposite(
        title=_("Change the company details back"),
        do=lambda: update_company(workspace_id=workspace.pk, changes=values),
        differences=differences,
    )


def setting(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Change a setting back."""
    if detail["setting"] != "mfa_required":
        raise Gone(_("This setting is the operator’s, who can change it back."))
    required = detail["from"] == "required"
    workspace = Workspace.objects.get(pk=row["workspace_id"])
    if workspace.mfa_required == required:
        raise Gone(_("Everything is as it was before."))
    said = {True: _("required"), False: _("optional")}
    return Opposite(
        title=_("Change the setting back"),
        do=lambda: set_mfa_required(workspace_id=workspace.pk, required=required),
        differences=[Difference(_("Second factor"), said[not required], said[required])],
        note=_("Whoever has none sees only the page where it is set up, until it is.") if required else "",
    )


def order(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Cancel an order."""
    order = Order.objects.filter(workspace_id=row["workspace_id"], pk=detail["id"]).first()
    if order is None:
        raise Gone(_("There is no such order any more."))
    if not may_move(order.status, OrderStatus.CANCELED):
        raise Gone(refusal_text(order, OrderStatus.CANCELED))
    return Opposite(
        title=_("Cancel order %(id)s") % {"id": order.pk},
        do=lambda: orders_cancel(order_ids=[order.pk], workspace_id=row["workspace_id"]).raise_if_refused(),
        note=_("Nothing is shipped, and what was paid is given back."),
        danger=True,
    )


def transfer(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Transfer SIMs back."""
    source, target = detail["source"], detail["target"]
    ids = [sim["id"] for sim in detail["sims"]]
    try:
        foreseen = transfer_sims(target_id=source["id"], sim_ids=ids, dry_run=True)
    except DomainError as error:
        raise Gone(error.message) from error
    elsewhere = [pk for pk, workspace_id in foreseen.sources.items() if workspace_id != target["id"]]
    problems = [problem.message for problem in foreseen.problems]
    if elsewhere and not problems:
        problems = [_("SIMs have been transferred on since.")]
    if problems:
        raise Gone(" ".join(problems))
    return Opposite(
        title=_("Transfer %(count)s SIM(s) back") % {"count": f"{len(ids):,}"},
        do=lambda: transfer_sims(target_id=source["id"], sim_ids=ids, dry_run=False),
        differences=[Difference(_("Workspace"), target["name"], source["name"])],
        note=_("Activated SIMs are suspended on the way. Devices stay where they are."),
    )
